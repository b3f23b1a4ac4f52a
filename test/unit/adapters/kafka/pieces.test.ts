import type { EachBatchPayload } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { halves, PIECE, pieces } from '../../../../services/adapters/kafka/pieces.ts';

/** A fetched batch with values of these sizes at offsets 10, 12, 14, …; a marker stands behind the last. */
const batchOf = (sizes: readonly number[]): EachBatchPayload['batch'] =>
  ({
    topic: 'raw',
    partition: 3,
    highWatermark: '999',
    messages: sizes.map((size, index) => ({
      offset: String(10 + 2 * index),
      timestamp: '5',
      key: null,
      value: Buffer.alloc(size),
      headers: {},
    })),
    lastOffset: () => String(10 + 2 * sizes.length - 1),
  }) as never;

const cut = (sizes: readonly number[], records: number, bytes: number) => [
  ...pieces(batchOf(sizes), 7, { records, bytes }),
];

describe('pieces', () => {
  it('leaves together what one transaction can hold', () => {
    const [only, ...more] = [...pieces(batchOf([1, 2, 3]), 7)];
    expect(more).toEqual([]);
    expect(only).toMatchObject({ topic: 'raw', partition: 3, startOffset: 7, nextOffset: 16, highWatermark: 999 });
    expect(only!.records.map(({ offset, value }) => [offset, value?.length])).toEqual([
      [10, 1],
      [12, 2],
      [14, 3],
    ]);
  });

  it.each([
    ['records', [1, 1, 1, 1, 1], 2, 100, [2, 2, 1]],
    ['bytes', [4, 4, 4, 9, 1], 100, 8, [2, 1, 1, 1]],
    ['a record over the limit', [50, 1, 50], 100, 8, [1, 1, 1]],
    ['exactly the limit', [4, 4, 4, 4], 2, 8, [2, 2]],
  ])('cuts by %s', (_name, sizes, records, bytes, expected) => {
    expect(cut(sizes, records, bytes).map((piece) => piece.records.length)).toEqual(expected);
  });

  it('loses no record and no offset between two of them', () => {
    const all = cut(
      Array.from({ length: 23 }, (_, index) => index % 5),
      4,
      7,
    );
    expect(all.flatMap(({ records }) => records.map(({ offset }) => offset))).toEqual(
      Array.from({ length: 23 }, (_, index) => 10 + 2 * index),
    );
    expect(all.map(({ startOffset }) => startOffset)).toEqual([
      7,
      ...all.slice(0, -1).map(({ nextOffset }) => nextOffset),
    ]);
    for (const { records, nextOffset } of all.slice(0, -1)) expect(nextOffset).toBe(records.at(-1)!.offset + 1);
    expect(all.at(-1)!.nextOffset).toBe(56);
  });

  it('holds a fetch of very many records to what is done within a transaction', () => {
    const sizes = new Array<number>(60_000).fill(1);
    expect([...pieces(batchOf(sizes), 7)].map(({ records }) => records.length)).toEqual(
      new Array<number>(6).fill(PIECE.records),
    );
  });
});

describe('halves', () => {
  it('follow each other without a gap, down to single records', () => {
    const [whole] = [...pieces(batchOf([1, 2, 3, 4, 5]), 7)];
    let parts = [whole!];
    const lengths: number[][] = [];
    for (let round = 0; round < 4; round++) {
      parts = parts.flatMap((part) => halves(part));
      lengths.push(parts.map(({ records }) => records.length));
      expect(parts.flatMap(({ records }) => records)).toEqual(whole!.records);
      expect(parts[0]!.startOffset).toBe(7);
      expect(parts.at(-1)!.nextOffset).toBe(whole!.nextOffset);
      for (const [index, { startOffset, records, nextOffset }] of parts.entries()) {
        expect(startOffset).toBe(parts[index - 1]?.nextOffset ?? 7);
        expect(records[0]!.offset).toBeGreaterThanOrEqual(startOffset);
        expect(records.at(-1)!.offset).toBeLessThan(nextOffset);
      }
    }
    expect(lengths).toEqual([
      [3, 2],
      [2, 1, 1, 1],
      [1, 1, 1, 1, 1],
      [1, 1, 1, 1, 1],
    ]);
  });
});
