/** One raw record by its coordinate, or why there is none. */
import { LetheError } from '../core/errors.ts';
import type { PartitionBounds, TopicReader } from '../core/topic-reader.ts';
import type { RawRecord } from '../core/transport.ts';
import type { Coordinate } from './coordinate.ts';

export type RecordAt =
  | { readonly found: true; readonly record: RawRecord }
  /** `message` names coordinates alone. */
  | { readonly found: false; readonly message: string };

/** Reads the record at a coordinate. Throws `unavailable`. */
export async function recordAt(reader: TopicReader, { topic, partition, offset }: Coordinate): Promise<RecordAt> {
  const bounds = await boundsOf(reader, topic);
  if (bounds === null) return none(`Kafka topic ${topic} does not exist`);
  const held = bounds.find((one) => one.partition === partition);
  if (held === undefined) {
    return none(`${topic} has no partition ${partition}: it has ${bounds.length}, counted from 0`);
  }
  const { low, end } = held;
  const holds = end > low ? `it holds ${low} to ${end - 1}` : `it holds none (the next one is ${end})`;
  if (offset >= end) return none(`${topic}/${partition} has no offset ${offset} yet: ${holds}`);
  if (offset < low) return none(`${topic}/${partition} no longer has offset ${offset}, retention deleted it: ${holds}`);
  try {
    for await (const { records } of reader.read({ topic, partition, from: offset, to: offset + 1 })) {
      for (const record of records) if (record.offset === offset) return { found: true, record: owned(record) };
    }
  } catch (error) {
    // Retention may pass by in between.
    if (error instanceof LetheError && error.code === 'data_lost') return none(error.message);
    throw error;
  }
  return none(
    `${topic}/${partition}/${offset} holds no record: it was compacted away or aborted, or is a transaction's marker`,
  );
}

/** Null where there is no such topic. */
export async function boundsOf(reader: TopicReader, topic: string): Promise<readonly PartitionBounds[] | null> {
  try {
    return await reader.bounds(topic);
  } catch (error) {
    // The port has but one code for a topic that is not there and a broker that is not.
    if (error instanceof LetheError && error.message.endsWith(`${topic} does not exist`)) return null;
    throw error;
  }
}

function none(message: string): RecordAt {
  return { found: false, message };
}

/** Bytes of a record are valid only while its batch is. */
function owned(record: RawRecord): RawRecord {
  return { ...record, key: record.key?.slice() ?? null, value: record.value?.slice() ?? null };
}
