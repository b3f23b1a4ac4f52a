import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { containerDefinition } from '../../../deploy/local/container-definition.ts';
import { APICURIO_VERSION, downloadedBytes, KAFKA_VERSION } from '../../../deploy/local/downloads.ts';
import { consoleConsumer } from '../../../deploy/local/java-consumer.ts';
import { serverProperties } from '../../../deploy/local/kafka.ts';
import { PART_NAMES } from '../../../deploy/local/part.ts';

type Service = { image: string; ports?: string[]; profiles?: string[]; environment?: Record<string, string> };
const compose = parse(readFileSync(new URL('../../../deploy/compose.yaml', import.meta.url), 'utf8'), {
  strict: true,
  merge: true,
}) as { services: Record<string, Service> };

const kafkaEnvironment = compose.services['kafka']?.environment ?? {};
const properties = new Map(
  serverProperties({ broker: 9092, controller: 9093 }, '/data')
    .trim()
    .split('\n')
    .map((line) => line.split('=', 2) as [string, string]),
);

describe('deploy/compose.yaml', () => {
  it('starts the official images by itself, in the versions of the local processes', () => {
    const unasked = Object.entries(compose.services).filter(([, { profiles }]) => profiles === undefined);
    expect(Object.fromEntries(unasked.map(([name, { image }]) => [name, image]))).toEqual({
      kafka: `apache/kafka:${KAFKA_VERSION}`,
      registry: `apicurio/apicurio-registry:${APICURIO_VERSION}`,
      redis: 'redis:7',
    });
  });

  it('opens its ports on loopback alone', () => {
    for (const { ports } of Object.values(compose.services)) {
      for (const port of ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it('gives Kafka the settings that a local broker has', () => {
    const shared = [
      'process.roles',
      'auto.create.topics.enable',
      'offsets.topic.replication.factor',
      'offsets.topic.num.partitions',
      'transaction.state.log.replication.factor',
      'transaction.state.log.min.isr',
      'transaction.state.log.num.partitions',
      'group.initial.rebalance.delay.ms',
      'log.retention.ms',
    ];
    for (const name of shared) {
      expect(properties.get(name), name).toBeDefined();
      expect(kafkaEnvironment[`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`], name).toBe(properties.get(name));
    }
  });
});

describe('containerDefinition', () => {
  it('is what compose.yaml says, with the port filled in inside and outside', () => {
    const kafka = containerDefinition('kafka', 23_456);
    expect(kafka.image).toBe(`apache/kafka:${KAFKA_VERSION}`);
    expect(kafka.containerPort).toBe(23_456);
    expect(kafka.environment['KAFKA_ADVERTISED_LISTENERS']).toBe('PLAINTEXT://127.0.0.1:23456,INSIDE://kafka:29092');
    expect(kafka.environment['KAFKA_LISTENERS']).toBe('PLAINTEXT://:23456,INSIDE://:29092,CONTROLLER://:29093');
  });

  it.each([
    ['registry', 8080],
    ['redis', 6379],
  ] as const)('of %s keeps the port inside: %i', (name, containerPort) => {
    expect(containerDefinition(name, 23_456).containerPort).toBe(containerPort);
  });

  it('leaves nothing for a shell to fill in', () => {
    for (const name of PART_NAMES) expect(JSON.stringify(containerDefinition(name, 23_456))).not.toContain('$');
  });
});

describe('serverProperties', () => {
  it('listens on loopback alone, keeps its log where told, makes no topic by itself', () => {
    expect(properties.get('listeners')).toBe('PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093');
    expect(properties.get('log.dirs')).toBe('/data');
    expect(properties.get('auto.create.topics.enable')).toBe('false');
  });
});

describe('downloadedBytes', () => {
  it.each([
    ['Downloaded from central: …/kafka_2.13-4.3.0.jar (5.8 MB at 3.1 MB/s)', 5_800_000],
    ['[INFO] Downloaded from central: …/a.pom (2.1 kB at 10 kB/s)', 2100],
    ['[INFO] Downloaded from my-mirror: …/a.pom (512 B at 1 kB/s)', 512],
    ['[INFO] Downloading from central: …/a.pom', 0],
    ['[INFO] BUILD SUCCESS', 0],
  ])('of %j', (line, bytes) => {
    expect(downloadedBytes(line)).toBe(bytes);
  });
});

describe('consoleConsumer', () => {
  it('reads what was committed, from the beginning, all partitions or one', () => {
    const all = consoleConsumer({ brokers: 'b:1', topic: 't' }).args.join(' ');
    expect(all).toContain('--bootstrap-server b:1 --topic t --isolation-level read_committed');
    expect(all).toContain('--from-beginning');
    const one = consoleConsumer({ brokers: 'b:1', topic: 't', partition: 0, properties: ['print.key=true'] });
    expect(one.args.join(' ')).toContain('--partition 0 --offset earliest --formatter-property print.key=true');
    expect(one.args).not.toContain('--from-beginning');
  });
});
