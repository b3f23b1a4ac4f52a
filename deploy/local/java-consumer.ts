import { cacheDir } from './cache.ts';
import { KAFKA_VERSION } from './downloads.ts';
import { kafkaJavaArgs } from './kafka.ts';
import { join } from 'node:path';

export type ConsoleConsumerOptions = {
  readonly brokers: string;
  readonly topic: string;
  /** Only this partition. */
  readonly partition?: number;
  /** End after so many milliseconds without a record. 10,000 unless told. */
  readonly timeoutMs?: number;
  /** End after so many records, without waiting for another. */
  readonly maxMessages?: number;
  /** Formatter properties, such as `print.key=true`, `print.offset=true`, `print.headers=true`. */
  readonly properties?: readonly string[];
};

/**
 * The command line of Java's console consumer, from the beginning, at read_committed: the referee of what a topic
 * holds (kafkajs may show aborted records; TRAPS.md). A record a line on stdout; it ends
 * when no record came within the timeout, which it calls a TimeoutException on stderr and yet exits 0.
 *
 * Needs Kafka's jars in the cache: they are there once a local Kafka was started.
 */
export const consoleConsumer = (options: ConsoleConsumerOptions): { command: string; args: string[] } => ({
  command: 'java',
  args: [
    ...kafkaJavaArgs(
      join(cacheDir(), `kafka-${KAFKA_VERSION}`),
      ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
      'org.apache.kafka.tools.consumer.ConsoleConsumer',
    ),
    '--bootstrap-server',
    options.brokers,
    '--topic',
    options.topic,
    '--isolation-level',
    'read_committed',
    '--timeout-ms',
    String(options.timeoutMs ?? 10_000),
    ...(options.maxMessages === undefined ? [] : ['--max-messages', String(options.maxMessages)]),
    ...(options.partition === undefined
      ? ['--from-beginning']
      : ['--partition', String(options.partition), '--offset', 'earliest']),
    ...(options.properties ?? []).flatMap((property) => ['--formatter-property', property]),
  ],
});
