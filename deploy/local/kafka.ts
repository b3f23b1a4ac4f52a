import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokerAnswers } from './broker-answers.ts';
import { cached } from './cache.ts';
import { classArchive } from './class-archive.ts';
import { KAFKA_VERSION, kafkaHome } from './downloads.ts';
import type { Log } from './error.ts';
import type { Part } from './part.ts';
import { freePorts } from './ports.ts';
import { launchTwice, startProcessPart } from './process-part.ts';
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
    // Fault tests kill workers and wait until the group has noticed: 6 s each time by default.
    'group.min.session.timeout.ms=1000',
    // Examples carry event times of long ago; retention goes by the records' timestamps and would delete them.
    'log.retention.ms=-1',
    'log.segment.bytes=67108864',
    'log.cleaner.dedupe.buffer.size=4194304',
    // Tests wait for compaction; the log manager looks every 30 s by default, the cleaner every 15 s.
    'log.cleaner.backoff.ms=1000',
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

/** A storage directory as `StorageTool format` leaves it; made once, because the tool takes longer than a copy. */
const formatted = (runDir: RunDir, home: string, log: Log): Promise<string> =>
  cached(`kafka-${KAFKA_VERSION}-formatted`, log, async (directory) => {
    const properties = join(runDir.path, 'kafka-format.properties');
    writeFileSync(properties, serverProperties({ broker: 9092, controller: 9093 }, directory));
    const tool = kafkaJavaArgs(home, ['-XX:TieredStopAtLevel=1'], 'kafka.tools.StorageTool');
    await run(runDir, 'kafka-format', 'java', [...tool, 'format', '-t', newClusterId(), '-c', properties]);
  });

/** 16 random bytes in base64url, which is how Kafka writes an id. */
export const newClusterId = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');

/** Copies the formatted storage, giving the copy a cluster id of its own. */
const layStorage = (from: string, to: string): void => {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
  const meta = join(to, 'meta.properties');
  writeFileSync(meta, readFileSync(meta, 'utf8').replace(/^cluster\.id=.*$/m, `cluster.id=${newClusterId()}`));
};

type Launch = { readonly name: string; readonly options: readonly string[]; readonly stopTimeoutMs?: number };

const launch = async (runDir: RunDir, home: string, storage: string, spec: Launch): Promise<Part> => {
  const [broker = 0, controller = 0] = await freePorts(2);
  const dataDir = join(runDir.path, spec.name);
  layStorage(storage, dataDir);
  const properties = join(runDir.path, `${spec.name}.properties`);
  writeFileSync(properties, serverProperties({ broker, controller }, dataDir));
  const endpoint = `127.0.0.1:${broker}`;
  // One collector thread: the machine's cores are for the workers.
  const options = [...spec.options, '-Xms256m', '-Xmx1g', '-XX:+UseSerialGC'];
  return startProcessPart(runDir, {
    name: spec.name,
    endpoint,
    dataDir,
    command: 'java',
    args: [...kafkaJavaArgs(home, options, 'kafka.Kafka'), properties],
    answers: () => brokerAnswers(endpoint),
    startTimeoutMs: 60_000,
    stopTimeoutMs: spec.stopTimeoutMs ?? 10_000,
  });
};

/** Kafka's jars and the options that start it quickly, both made ready where the cache lacks them. */
export const prepareKafka = async (
  runDir: RunDir,
  log: Log,
): Promise<{ home: string; storage: string; options: readonly string[] }> => {
  const home = await kafkaHome(runDir, log);
  const storage = await formatted(runDir, home, log);
  const options = await classArchive(`kafka-${KAFKA_VERSION}`, log, async (trial) => {
    await (await launch(runDir, home, storage, { name: 'kafka-trial', options: trial, stopTimeoutMs: 60_000 })).stop();
  });
  return { home, storage, options };
};

/** Starts a Kafka 4.3 broker, downloading its jars first where the cache lacks them. `dataDir` is its log directory. */
export const startKafka = async (runDir: RunDir, log: Log): Promise<Part> => {
  const { home, storage, options } = await prepareKafka(runDir, log);
  return launchTwice('kafka', log, () => launch(runDir, home, storage, { name: 'kafka', options }));
};
