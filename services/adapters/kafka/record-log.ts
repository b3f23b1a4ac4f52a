/** Appends single records and tells where they went: events of requests, and tombstones. */
import type { Kafka } from 'kafkajs';
import { LetheError } from '../../core/errors.ts';
import { makeCarefulProducer } from './careful-producer.ts';
import { kafkaUnavailable } from './errors.ts';

export type LoggedRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
};

export type RecordLog = {
  /** Resolves to `topic/partition/offset` of each, in the same order. Throws `unavailable`; then some may be there. */
  readonly append: (records: readonly LoggedRecord[]) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
};

const MAX_RECORDS = 500;

/** Acknowledged by all in-sync replicas. */
export function makeRecordLog({
  kafka,
  brokers,
}: {
  readonly kafka: Kafka;
  readonly brokers: readonly string[];
}): RecordLog {
  const { connected, drop, inTurn } = makeCarefulProducer(kafka);

  /** All of one topic. */
  const send = async (topic: string, records: readonly LoggedRecord[]): Promise<readonly string[]> => {
    try {
      const to = await connected();
      const answers = await to.send({
        topic,
        acks: -1,
        messages: records.map(({ partition, key, value, headers }) => ({
          partition,
          key,
          value: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
          headers: { ...headers },
        })),
      });
      const next = new Map(answers.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]));
      return records.map(({ partition }) => {
        const offset = next.get(partition);
        if (offset === undefined || !(offset >= 0)) {
          throw new LetheError('unavailable', `Kafka did not say where in ${topic} records went`, {
            fix: 'Try again: a repeated record does no harm.',
          });
        }
        next.set(partition, offset + 1);
        return `${topic}/${partition}/${offset}`;
      });
    } catch (error) {
      await drop();
      throw error instanceof LetheError ? error : kafkaUnavailable(`appending to ${topic}`, brokers, error);
    }
  };

  const append = async (records: readonly LoggedRecord[]): Promise<readonly string[]> => {
    const coordinates: string[] = new Array(records.length).fill('');
    const byTopic = new Map<string, number[]>();
    for (const [index, { topic }] of records.entries()) {
      const indexes = byTopic.get(topic) ?? [];
      indexes.push(index);
      byTopic.set(topic, indexes);
    }
    for (const [topic, indexes] of byTopic) {
      for (let at = 0; at < indexes.length; at += MAX_RECORDS) {
        const some = indexes.slice(at, at + MAX_RECORDS);
        const sent = await send(
          topic,
          some.map((index) => records[index]!),
        );
        for (const [place, index] of some.entries()) coordinates[index] = sent[place] ?? '';
      }
    }
    return coordinates;
  };

  return { append: (records) => inTurn(() => append(records)), close: drop };
}
