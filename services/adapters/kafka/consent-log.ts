/** The consent feed on Kafka: the topic `lethe.consent-events` (DESIGN section 5). */
import type { Kafka, Message, Producer } from 'kafkajs';
import { consentPartition } from '../../core/consent-partition.ts';
import { LetheError } from '../../core/errors.ts';
import { CONSENT_EVENTS_TOPIC } from '../../core/own-topics.ts';
import type { ConsentLog, ConsentLogEntry } from '../../core/ports.ts';
import type { TopicFacts } from '../../core/transport.ts';
import { makeCarefulProducer } from './careful-producer.ts';
import { kafkaUnavailable } from './errors.ts';

export type KafkaConsentLogOptions = {
  readonly kafka: Kafka;
  /** For messages. */
  readonly brokers: readonly string[];
  readonly facts: (topic: string) => Promise<TopicFacts>;
  /** The bytes of an entry (adapters/avro-single-object/consent-events.ts). */
  readonly encode: (entry: ConsentLogEntry) => Uint8Array;
  /** Default `lethe.consent-events`. */
  readonly topic?: string;
};

/** Records per partition and request: kafkajs copies a partition's list once per message, so cost grows by the square. */
const MAX_RECORDS = 500;
const RECORD_OVERHEAD_BYTES = 40;
const BATCH_OVERHEAD_BYTES = 128;

/**
 * Appends, acknowledged by all in-sync replicas. A partition's share of a request becomes one record batch, so an event's
 * version is the batch's base offset plus its place. After a failure the producer is thrown away.
 */
export function makeKafkaConsentLog(
  options: KafkaConsentLogOptions,
): ConsentLog & { readonly close: () => Promise<void> } {
  const topic = options.topic ?? CONSENT_EVENTS_TOPIC;
  const { connected, drop, inTurn } = makeCarefulProducer(options.kafka);

  async function append(entries: readonly ConsentLogEntry[]): Promise<readonly number[]> {
    const { partitions, maxMessageBytes } = await options.facts(topic);
    const versions: number[] = [];
    try {
      for (const request of requests(entries, partitions, maxMessageBytes, options.encode)) {
        versions.push(...(await send(await connected(), request)));
      }
    } catch (error) {
      await drop();
      throw error instanceof LetheError ? error : kafkaUnavailable(`appending to ${topic}`, options.brokers, error);
    }
    return versions;
  }

  async function send(to: Producer, messages: readonly PlacedMessage[]): Promise<readonly number[]> {
    const answers = await to.send({ topic, acks: -1, messages: [...messages] });
    const next = new Map<number, number>();
    for (const { partition, baseOffset } of answers) next.set(partition, Number(baseOffset));
    return messages.map(({ partition }) => {
      const version = next.get(partition);
      if (version === undefined || !Number.isSafeInteger(version) || version < 0) {
        throw new LetheError('unavailable', `Kafka did not say where in ${topic} consent events went`, {
          fix: 'Run the command again: a repeated event does no harm.',
        });
      }
      next.set(partition, version + 1);
      return version;
    });
  }

  return { append: (entries) => inTurn(() => append(entries)), close: drop };
}

type PlacedMessage = Message & { readonly partition: number };

/** Cuts entries into requests in which no partition's batch goes over the topic's limit. */
function* requests(
  entries: readonly ConsentLogEntry[],
  partitions: number,
  maxMessageBytes: number,
  encode: (entry: ConsentLogEntry) => Uint8Array,
): Generator<readonly PlacedMessage[]> {
  let request: PlacedMessage[] = [];
  let filled = new Map<number, { bytes: number; records: number }>();
  for (const entry of entries) {
    const value = encode(entry);
    const partition = consentPartition(entry.token, partitions);
    const bytes = value.byteLength + entry.token.length + RECORD_OVERHEAD_BYTES;
    const share = filled.get(partition) ?? { bytes: BATCH_OVERHEAD_BYTES, records: 0 };
    if (share.records >= MAX_RECORDS || (share.records > 0 && share.bytes + bytes > maxMessageBytes)) {
      yield request;
      request = [];
      filled = new Map();
      share.bytes = BATCH_OVERHEAD_BYTES;
      share.records = 0;
    }
    share.bytes += bytes;
    share.records++;
    filled.set(partition, share);
    request.push({ key: entry.token, value: value as Buffer, partition });
  }
  if (request.length > 0) yield request;
}
