/** What every `TopicReader` keeps, whatever it reads. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { LetheError } from '../../services/core/errors.ts';
import type { ReadRange, TopicReader } from '../../services/core/topic-reader.ts';
import type { RawBatch } from '../../services/core/transport.ts';

/**
 * A topic of two partitions. Partition 0: committed records `r0` … at some offsets (their numbers are in `committed`),
 * with others that no reader may see in between, timestamps 1000 × offset. Partition 1: nothing.
 */
export type Written = {
  readonly reader: TopicReader;
  readonly topic: string;
  readonly committed: readonly number[];
  /** The offset after the last one of partition 0 that counts. */
  readonly end: number;
};

export function topicReaderContract(name: string, write: () => Promise<Written>): void {
  describe(name, () => {
    let written: Written;
    beforeAll(async () => {
      written = await write();
    });

    const readAll = async (range: Omit<ReadRange, 'topic'>): Promise<RawBatch[]> => {
      const batches: RawBatch[] = [];
      for await (const batch of written.reader.read({ topic: written.topic, ...range })) {
        batches.push({ ...batch, records: batch.records.map((record) => ({ ...record })) });
      }
      return batches;
    };
    const offsetsIn = (batches: readonly RawBatch[]): number[] =>
      batches.flatMap(({ records }) => records.map(({ offset }) => offset));

    it('tells the bounds of every partition', async () => {
      expect(await written.reader.bounds(written.topic)).toEqual([
        { partition: 0, low: 0, end: written.end },
        { partition: 1, low: 0, end: 0 },
      ]);
    });

    it('reads committed records alone, with what they hold', async () => {
      const batches = await readAll({ partition: 0, from: 0, to: Number.MAX_SAFE_INTEGER });
      expect(offsetsIn(batches)).toEqual(written.committed);
      for (const { offset, key, value, timestamp } of batches.flatMap(({ records }) => records)) {
        expect(Buffer.from(key ?? []).toString()).toBe(`k${offset}`);
        expect(Buffer.from(value ?? []).toString()).toBe(`r${offset}`);
        expect(timestamp).toBe(offset * 1000);
      }
    });

    it('reads any range in batches that join, gaps included', async () => {
      const place = fc.integer({ min: 0, max: written.end + 2 });
      await fc.assert(
        fc.asyncProperty(place, place, async (from, to) => {
          const end = Math.min(to, written.end);
          const batches = await readAll({ partition: 0, from, to });
          expect(offsetsIn(batches)).toEqual(written.committed.filter((offset) => offset >= from && offset < end));
          let next = from;
          for (const { startOffset, nextOffset } of batches) {
            expect(startOffset).toBe(next);
            expect(nextOffset).toBeGreaterThan(startOffset);
            next = nextOffset;
          }
          expect(next).toBe(Math.max(from, end));
        }),
        { numRuns: 30 },
      );
    });

    it('ends at once where there is nothing', async () => {
      expect(await readAll({ partition: 1, from: 0, to: Number.MAX_SAFE_INTEGER })).toEqual([]);
      expect(await readAll({ partition: 0, from: written.end, to: Number.MAX_SAFE_INTEGER })).toEqual([]);
    });

    it('can be left early, and read again', async () => {
      for await (const batch of written.reader.read({ topic: written.topic, partition: 0, from: 0, to: written.end })) {
        expect(batch.startOffset).toBe(0);
        break;
      }
      expect(offsetsIn(await readAll({ partition: 0, from: 0, to: written.end }))).toEqual(written.committed);
    });

    it('finds offsets by time', async () => {
      const [, second] = written.committed;
      expect(await written.reader.offsetsAt(written.topic, second! * 1000)).toEqual(
        new Map([
          [0, second],
          [1, 0],
        ]),
      );
      expect(await written.reader.offsetsAt(written.topic, Date.now())).toEqual(
        new Map([
          [0, written.end],
          [1, 0],
        ]),
      );
    });

    it('says so where a topic or a partition does not exist', async () => {
      await expect(written.reader.bounds(`${written.topic}.absent`)).rejects.toThrow(/does not exist/);
      await expect(readAll({ partition: 7, from: 0, to: 1 })).rejects.toBeInstanceOf(LetheError);
    });
  });
}
