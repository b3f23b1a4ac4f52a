import { describe, expect, it } from 'vitest';
import { type ArrivedBatch } from '../../../services/cli/diff-measure.ts';
import { fileBatches, sinceTime, topicRecords } from '../../../services/cli/diff-input.ts';
import type { ReadRange, TopicReader } from '../../../services/core/topic-reader.ts';
import type { RawRecord } from '../../../services/core/transport.ts';

const NOW = Date.UTC(2026, 5, 1);

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

async function all(batches: AsyncIterable<ArrivedBatch>): Promise<readonly ArrivedBatch[]> {
  const found: ArrivedBatch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

describe('--since', () => {
  it.each([
    ['24h', NOW - 86_400_000],
    ['7d', NOW - 7 * 86_400_000],
    ['90m', NOW - 5_400_000],
    ['P1D', NOW - 86_400_000],
    ['PT12H', NOW - 43_200_000],
    ['2026-05-01T00:00:00+02:00', Date.UTC(2026, 3, 30, 22)],
    ['P99999D', 0],
  ])('%s', (text, time) => {
    expect(sinceTime(text, NOW)).toBe(time);
  });

  it.each(['yesterday', '24', '2026-05-01', '-1h', '1w', ''])('%j is none', (text) => {
    expect(() => sinceTime(text, NOW)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('lines of a file', () => {
  it('are numbered from 1, blank ones counted but left out, too long ones unreadable', async () => {
    const [batch] = await all(
      fileBatches('in.jsonl', chunks('{"a":1}\n\n  \n{"a', `":2}\n"${'x'.repeat(40)}"\n{`), 20),
    );
    const shown = batch?.records.map(({ at, value, unreadable }) => [
      at(),
      value === null ? unreadable?.code : Buffer.from(value).toString(),
    ]);
    expect(shown).toEqual([
      ['in.jsonl:1', '{"a":1}'],
      ['in.jsonl:4', '{"a":2}'],
      ['in.jsonl:5', 'too_large'],
      ['in.jsonl:6', '{'],
    ]);
    expect(batch?.records.every(({ arrivedAt }) => arrivedAt === null)).toBe(true);
  });

  it('come in batches that are bounded by their number and by their bytes', async () => {
    const many = await all(fileBatches('f', chunks('{}\n'.repeat(2_500)), 100));
    expect(many.map(({ records }) => records.length)).toEqual([1_000, 1_000, 500]);
    expect(many.at(-1)?.done).toBe(7_500);
    const large = await all(fileBatches('f', chunks(`"${'x'.repeat(600_000)}"\n`.repeat(5)), 1_000_000));
    expect(large.map(({ records }) => records.length)).toEqual([2, 2, 1]);
  });

  it('are none of an empty file', async () => {
    expect(await all(fileBatches('f', chunks(), 100))).toEqual([]);
  });
});

/** Partitions of records whose timestamps are their offsets. */
function readerOf(partitions: readonly (readonly [low: number, end: number])[], asked: ReadRange[] = []): TopicReader {
  return {
    bounds: async () => partitions.map(([low, end], partition) => ({ partition, low, end })),
    offsetsAt: async (_, time) =>
      new Map(partitions.map(([low, end], partition) => [partition, Math.min(Math.max(low, time), end)])),
    read: async function* (range) {
      asked.push(range);
      for (let from = range.from; from < range.to; from += 2) {
        const nextOffset = Math.min(from + 2, range.to);
        const records: RawRecord[] = [];
        for (let offset = from; offset < nextOffset; offset++) {
          const value = offset === 3 ? null : Buffer.from('{}');
          const poison = offset === 4 ? { unreadable: 'undecodable' as const } : {};
          records.push({ offset, timestamp: 1_000 + offset, key: Buffer.from('k'), value, headers: null, ...poison });
        }
        yield await Promise.resolve({ ...range, startOffset: from, records, nextOffset, highWatermark: range.to });
      }
    },
    close: async () => {},
  };
}

describe('records of a topic', () => {
  it('are read partition after partition, from where each holds them', async () => {
    const asked: ReadRange[] = [];
    const { total, batches } = await topicRecords(
      readerOf(
        [
          [2, 5],
          [7, 7],
          [0, 3],
        ],
        asked,
      ),
      'raw',
      null,
    );
    const found = await all(batches);
    expect(total).toBe(6);
    expect(asked).toEqual([
      { topic: 'raw', partition: 0, from: 2, to: 5 },
      { topic: 'raw', partition: 2, from: 0, to: 3 },
    ]);
    expect(found.map(({ done }) => done)).toEqual([2, 3, 5, 6]);
    const records = found.flatMap((batch) => batch.records);
    expect(records.map(({ at }) => at())).toEqual(['raw/0/2', 'raw/0/3', 'raw/0/4', 'raw/2/0', 'raw/2/1', 'raw/2/2']);
    expect(records[0]).toMatchObject({ arrivedAt: 1_002, unreadable: null });
    expect(records[1]?.value).toBeNull();
    expect(records[2]).toMatchObject({ value: null, unreadable: { code: 'undecodable', path: null } });
  });

  it('are those since a time', async () => {
    const asked: ReadRange[] = [];
    const { total, batches } = await topicRecords(
      readerOf(
        [
          [2, 9],
          [0, 3],
        ],
        asked,
      ),
      'raw',
      6,
    );
    await all(batches);
    expect([total, asked]).toEqual([3, [{ topic: 'raw', partition: 0, from: 6, to: 9 }]]);
  });

  it('are none of an empty topic', async () => {
    const { total, batches } = await topicRecords(readerOf([[0, 0]]), 'raw', null);
    expect([total, await all(batches)]).toEqual([0, []]);
  });
});
