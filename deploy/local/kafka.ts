import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokerAnswers } from './broker-answers.ts';
import type { Part } from './part.ts';
import { freePorts } from './ports.ts';
import { startProcessPart } from './process-part.ts';
import { run } from './run-command.ts';
import type { RunDir } from './run-dir.ts';

/** A broker and controller in one process (KRaft), everything replicated once, on loopback. */
export const serverProperties = (ports: { broker: number; controller: number }, dataDir: string): string =>
  [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${ports.controller}`,
    `listeners=PLAINTEXT://127.0.0.1:${ports.broker},CONTROLLER://127.0.0.1:${ports.controller}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${ports.broker}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    `log.dirs=${dataDir}`,
    // A topic that nobody declared is a mistake to be seen, not a topic.
    'auto.create.topics.enable=false',
    'default.replication.factor=1',
    'offsets.topic.replication.factor=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    // 50 partitions each by default: made at first use, which then takes seconds.
    'offsets.topic.num.partitions=4',
    'transaction.state.log.num.partitions=4',
    'share.coordinator.state.topic.num.partitions=1',
    'group.initial.rebalance.delay.ms=0',
    // Examples carry event times of long ago; retention goes by the records' timestamps and would delete them.
    'log.retention.ms=-1',
    'log.segment.bytes=67108864',
    'log.cleaner.dedupe.buffer.size=4194304',
    '',
  ].join('\n');

/** Arguments for `java` to run a class of Kafka's jars, with warnings and errors alone on stderr. */
export const kafkaJavaArgs = (home: string, options: readonly string[], mainClass: string): string[] => [
  ...options,
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-cp',
  join(home, 'libs', '*'),
  mainClass,
];

/**
 * Starts a Kafka broker from its jars.
 *
 * @param home directory whose `libs` holds the jars
 */
export const startKafka = async (runDir: RunDir, home: string): Promise<Part> => {
  const [broker = 0, controller = 0] = await freePorts(2);
  const dataDir = join(runDir.path, 'kafka');
  mkdirSync(dataDir, { recursive: true });
  const properties = join(runDir.path, 'kafka.properties');
  writeFileSync(properties, serverProperties({ broker, controller }, dataDir));
  const clusterId = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
  await run(runDir, 'kafka-format', 'java', [
    ...kafkaJavaArgs(home, ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'], 'kafka.tools.StorageTool'),
    'format',
    '-t',
    clusterId,
    '-c',
    properties,
  ]);
  const endpoint = `127.0.0.1:${broker}`;
  return startProcessPart(runDir, {
    name: 'kafka',
    endpoint,
    dataDir,
    command: 'java',
    args: [...kafkaJavaArgs(home, ['-Xms256m', '-Xmx1g'], 'kafka.Kafka'), properties],
    answers: () => brokerAnswers(endpoint),
    startTimeoutMs: 60_000,
  });
};
