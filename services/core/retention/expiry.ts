/**
 * Tombstones for values of compacted outputs whose time in the topic is over (issue 5).
 *
 * Kafka has no "write only if nothing newer is there", and a tombstone that lands after a newer value deletes that. So
 * tombstones are written in a transaction first, which fixes their place, and then everything before that place is read:
 * the reader of committed records gets up to exactly there once all that began earlier is settled. Only where the records
 * in between hold none of these keys is the transaction committed. Whatever comes later lies behind the tombstones and
 * stays. Whoever is interrupted leaves a transaction that the broker, or the next run, aborts.
 */
import type { TopicReader } from '../topic-reader.ts';

/** What was written and can be read by nobody yet. */
export type OpenTombstones = {
  /** Of the first of them; the others follow it without a gap. */
  readonly offset: number;
  readonly commit: () => Promise<void>;
  readonly abort: () => Promise<void>;
};

export type PartitionTombstones = {
  /** Writes one tombstone a key, in a transaction that stays open. Throws `unavailable`. */
  readonly write: (keys: readonly Uint8Array[]) => Promise<OpenTombstones>;
  readonly close: () => Promise<void>;
};

export type TombstoneWriter = {
  /** Ends whatever an earlier one left open in that partition. Throws `unavailable`. */
  readonly open: (topic: string, partition: number) => Promise<PartitionTombstones>;
};

export type ExpiryOptions = {
  readonly reader: TopicReader;
  readonly topic: string;
  readonly partition: number;
  /** Epoch milliseconds: values with this timestamp or an earlier one have expired. */
  readonly upTo: number;
  /** Null: only count. */
  readonly writer: TombstoneWriter | null;
  readonly sleep: (ms: number) => Promise<void>;
};

export type Expired = {
  /** Keys that got a tombstone, or would have got one. */
  readonly expired: number;
  /** Keys that a newer record took meanwhile: they have not expired. */
  readonly renewed: number;
  /** Keys of transactions that could not be settled in time; the next run comes back to them. */
  readonly postponed: number;
};

/** Keys per transaction: while it is open, readers of the partition wait. */
const KEYS_AT_ONCE = 500;
/** How long transactions of others may take to settle: 100 looks, 100 ms apart. Longer would hold up all readers. */
const LOOKS = 100;
const LOOK_AGAIN_MS = 100;

/** Bytes as text, a character each: map keys compare by value. */
const textOf = (key: Uint8Array): string => {
  let text = '';
  for (const byte of key) text += String.fromCharCode(byte);
  return text;
};
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/**
 * Writes the tombstones of one partition. Idempotent: a key whose newest record is a tombstone has none to get. Memory
 * grows with the keys that expire, not with the partition.
 */
export async function expirePartition(options: ExpiryOptions): Promise<Expired> {
  const { reader, topic, partition, upTo, writer } = options;
  const bounds = (await reader.bounds(topic)).find((one) => one.partition === partition);
  if (bounds === undefined) return { expired: 0, renewed: 0, postponed: 0 };
  const keys = new Set<string>();
  for await (const { records } of reader.read({ topic, partition, from: bounds.low, to: bounds.end })) {
    for (const { key, value, timestamp } of records) {
      if (key === null) continue;
      if (value !== null && timestamp <= upTo) keys.add(textOf(key));
      else keys.delete(textOf(key));
    }
  }
  if (writer === null || keys.size === 0) return { expired: keys.size, renewed: 0, postponed: 0 };

  const tombstones = await writer.open(topic, partition);
  try {
    return await writeAll(options, tombstones, [...keys], bounds.end);
  } finally {
    await tombstones.close();
  }
}

async function writeAll(
  options: ExpiryOptions,
  tombstones: PartitionTombstones,
  keys: readonly string[],
  seenTo: number,
): Promise<Expired> {
  let expired = 0;
  let renewed = 0;
  for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
    let wanted = keys.slice(from, from + KEYS_AT_ONCE);
    while (wanted.length > 0) {
      const open = await tombstones.write(wanted.map(bytesOf));
      let newer: ReadonlySet<string> | null;
      try {
        newer = await takenBetween(options, seenTo, open.offset, new Set(wanted));
      } catch (error) {
        await open.abort();
        throw error;
      }
      if (newer === null) {
        await open.abort();
        return { expired, renewed, postponed: keys.length - expired - renewed };
      }
      if (newer.size === 0) {
        await open.commit();
        expired += wanted.length;
        break;
      }
      await open.abort();
      const taken = newer;
      renewed += taken.size;
      wanted = wanted.filter((key) => !taken.has(key));
    }
  }
  return { expired, renewed, postponed: 0 };
}

/** Which of the keys have a record between; null where what lies there is not settled in time. */
async function takenBetween(
  { reader, topic, partition, sleep }: ExpiryOptions,
  from: number,
  to: number,
  keys: ReadonlySet<string>,
): Promise<ReadonlySet<string> | null> {
  for (let look = 1; ; look++) {
    const end = (await reader.bounds(topic)).find((one) => one.partition === partition)?.end ?? 0;
    if (end >= to) break;
    if (look === LOOKS) return null;
    await sleep(LOOK_AGAIN_MS);
  }
  const taken = new Set<string>();
  if (from >= to) return taken;
  for await (const { records } of reader.read({ topic, partition, from, to })) {
    for (const { key } of records) {
      const text = key === null ? null : textOf(key);
      if (text !== null && keys.has(text)) taken.add(text);
    }
  }
  return taken;
}
