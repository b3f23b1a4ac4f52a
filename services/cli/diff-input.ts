/** Where the records of a measured diff come from: a file of JSON lines, or a topic. */
import { sourceOf } from '../core/dead-letter.ts';
import { parseDuration } from '../core/policy/duration.ts';
import type { ReadRange, TopicReader } from '../core/topic-reader.ts';
import { rawLines } from './byte-lines.ts';
import type { Arrived, ArrivedBatch } from './diff-measure.ts';
import { sinceOption } from './since-option.ts';

/** Records and bytes held at a time. */
const BATCH_RECORDS = 1_000;
const BATCH_BYTES = 1024 * 1024;
/** A line may be this much longer than the longest value and still be kept, to be told apart as `too_large`. */
const LINE_SLACK_BYTES = 1;

/**
 * The lines of a file, as raw values; blank ones are skipped but counted. `done` counts bytes.
 *
 * @param maxBytes longest raw value (LETHE_MAX_RECORD_BYTES).
 */
export async function* fileBatches(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<ArrivedBatch> {
  let records: Arrived[] = [];
  let held = 0;
  let done = 0;
  for await (const { number, bytes } of rawLines(chunks, maxBytes + LINE_SLACK_BYTES)) {
    done += (bytes?.length ?? 0) + 1;
    if (bytes !== null && isBlank(bytes)) continue;
    records.push({
      // Bytes of a line may be a view of a buffer that is about to be read into again.
      value: bytes === null ? null : bytes.slice(),
      unreadable: bytes === null ? { code: 'too_large', path: null } : null,
      key: null,
      headers: null,
      arrivedAt: null,
      at: () => `${file}:${number}`,
    });
    held += bytes?.length ?? 0;
    if (records.length < BATCH_RECORDS && held < BATCH_BYTES) continue;
    yield { records, done };
    records = [];
    held = 0;
  }
  if (records.length > 0) yield { records, done };
}

/** JSON's white space alone. */
function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}

export type TopicRecords = {
  /** Offsets to read; some may hold nothing. */
  readonly total: number;
  readonly batches: AsyncIterable<ArrivedBatch>;
};

/**
 * The records of a topic since a time, partition after partition, up to where it ended when asked. `done` counts offsets.
 *
 * @param since epoch milliseconds; null: from the beginning.
 */
export async function topicRecords(reader: TopicReader, topic: string, since: number | null): Promise<TopicRecords> {
  const bounds = await reader.bounds(topic);
  const starts = since === null ? new Map<number, number>() : await reader.offsetsAt(topic, since);
  const ranges = bounds
    .map(({ partition, low, end }) => ({
      topic,
      partition,
      from: Math.max(low, starts.get(partition) ?? low),
      to: end,
    }))
    .filter(({ from, to }) => from < to);
  const total = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  return { total, batches: readAll(reader, ranges) };
}

async function* readAll(reader: TopicReader, ranges: readonly ReadRange[]): AsyncGenerator<ArrivedBatch> {
  let before = 0;
  for (const range of ranges) {
    for await (const { topic, partition, records, nextOffset } of reader.read(range)) {
      const arrived = records.map(
        ({ offset, timestamp, key, value, headers, unreadable }): Arrived => ({
          value: unreadable === undefined ? value : null,
          unreadable: unreadable === undefined ? null : { code: unreadable, path: null },
          key,
          headers,
          arrivedAt: timestamp,
          at: () => sourceOf(topic, partition, offset),
        }),
      );
      yield { records: arrived, done: before + nextOffset - range.from };
    }
    before += range.to - range.from;
  }
}

/**
 * The time given with `--since`: a duration back from now (`24h`, `7d`, `P1D`), or an RFC 3339 time. Epoch milliseconds;
 * throws `usage`.
 */
export function sinceTime(text: string, now: number): number {
  const duration = parseDuration(text);
  return Math.max(0, duration === null ? sinceOption(text, '--since', now) : now - duration);
}
