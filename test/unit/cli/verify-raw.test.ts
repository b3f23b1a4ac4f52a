import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMemoryTopicReader, type MemoryPartition } from '../../../services/adapters/memory/topic-reader.ts';
import { makeRawComparison, type RawOptions } from '../../../services/cli/verify-raw.ts';
import { type AuditSegment, GENESIS } from '../../../services/core/audit/segment.ts';
import { makeFindings } from '../../../services/core/audit/verify-finding.ts';
import { LetheError } from '../../../services/core/errors.ts';
import { chainOf, sealed, short } from '../core/audit/audit-fixture.ts';

/** Records at these offsets. */
const holding = (offsets: readonly number[], more: Partial<MemoryPartition> = {}): MemoryPartition => ({
  records: offsets.map((offset) => ({ offset, timestamp: 0, key: null, value: Buffer.from('x'), headers: null })),
  ...more,
});
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
/** What the segments of the fixture account for: each seventh offset of ten holds nothing. */
const decided = (from: number, to: number): number[] => range(from, to).filter((offset) => offset % 10 !== 6);

async function compare(
  segments: readonly AuditSegment[],
  partitions: readonly MemoryPartition[],
  options: Partial<RawOptions> = {},
  maxSpans?: number,
) {
  const findings = makeFindings();
  const all: RawOptions = {
    ...{ reader: makeMemoryTopicReader({ 'raw.a': partitions }, 7), exists: async () => true, findings },
    ...{ covered: () => null, resumed: false },
    ...options,
  };
  const comparison = makeRawComparison(all, maxSpans);
  for (const segment of segments) {
    comparison.accounted(segment);
    await comparison.relieve();
  }
  const compared = await comparison.finish();
  return { told: findings.kept.map(short), compared, notes: comparison.notes };
}

const CHAIN = chainOf('raw.a', 0, 3);

describe('the raw topic', () => {
  it('holds what was accounted for, and more that is not decided about yet', async () => {
    const run = await compare(CHAIN, [holding([...decided(0, 30), 30, 31])]);
    expect(run).toMatchObject({ told: [], notes: [] });
    expect(run.compared.get('raw.a/0')).toEqual({ from: 0, to: 30, records: 27, absent: 0, low: 0, end: 32 });
  });

  it.each<[string, MemoryPartition, string[]]>([
    [
      'a record where the audit has none',
      holding(range(0, 30)),
      ['raw_unaccounted raw.a/0 6-6 -', 'raw_unaccounted raw.a/0 16-16 -', 'raw_unaccounted raw.a/0 26-26 -'],
    ],
    ['the topic is shorter', holding(decided(0, 15)), ['raw_shorter raw.a/0 15-29 -']],
    ['the topic is empty', holding([]), ['raw_shorter raw.a/0 0-29 -']],
  ])('%s', async (_, partition, told) => {
    expect((await compare(CHAIN, [partition])).told).toEqual(told);
  });

  it('records before the chain begins are told, as one', async () => {
    const late = chainOf('raw.a', 0, 1, 2);
    expect((await compare(late, [holding(decided(0, 30))])).told).toEqual(['raw_unaccounted raw.a/0 0-19 -']);
  });

  it('a segment that is missing leaves its records unaccounted for', async () => {
    const gap = [CHAIN[0]!, CHAIN[2]!];
    expect((await compare(gap, [holding(decided(0, 30))])).told).toEqual(['raw_unaccounted raw.a/0 10-19 -']);
  });

  it('what retention deleted cannot be compared; what was compacted is told', async () => {
    const run = await compare(CHAIN, [
      holding(
        decided(15, 30).filter((offset) => offset !== 20),
        { low: 15 },
      ),
    ]);
    expect(run.told).toEqual([]);
    expect(run.notes).toEqual([expect.stringContaining('raw.a/0: 1 accounted')]);
    expect(run.compared.get('raw.a/0')).toMatchObject({ from: 15, to: 30, absent: 1, low: 15 });
  });

  it('that is gone is told, an outage is none', async () => {
    const reader = makeMemoryTopicReader({});
    const run = await compare(CHAIN, [], { reader, exists: async () => false });
    expect(run).toMatchObject({ told: [], notes: [expect.stringContaining('does not exist')] });
    await expect(compare(CHAIN, [], { reader })).rejects.toThrow(LetheError);
  });

  it('only from a checkpoint on', async () => {
    const covered = {
      ...{ topic: 'raw.a', partition: 0, firstOffset: 0, lastOffset: 9, head: CHAIN[0]!.hash },
      ...{ segments: 1, records: 9, at: null },
    };
    const options = { covered: () => covered, resumed: true };
    const run = await compare(CHAIN.slice(1), [holding([6, ...decided(10, 30)])], options);
    expect(run.told).toEqual([]);
    expect(run.compared.get('raw.a/0')).toMatchObject({ from: 10, to: 30 });
  });

  it('in portions as at once, whatever holds records', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(59)), fc.uniqueArray(fc.nat(59)), async (audited, held) => {
        const said = new Set(audited);
        const segments = range(0, 6).map((index) => {
          const records = range(index * 10, index * 10 + 10).filter((offset) => said.has(offset));
          const before = [index * 10 - 1, ...records];
          const runs = records.map((offset, n) => ({ skip: offset - before[n]! - 1, count: 1, shape: 0 }));
          const ends = { firstOffset: index * 10, lastOffset: index * 10 + 9 };
          return sealed({ ...CHAIN[0]!, ...ends, records: runs, previous: GENESIS });
        });
        const raw = held.toSorted((a, b) => a - b);
        const partitions = [holding(raw, { low: 0, end: 60 })];
        const run = await compare(segments, partitions, {}, 3);
        expect(run.compared).toEqual((await compare(segments, partitions)).compared);
        const unaccounted = raw.filter((offset) => !said.has(offset));
        const first = unaccounted[0];
        expect(run.told.length > 0).toBe(first !== undefined);
        if (first !== undefined) expect(run.told[0]).toMatch(new RegExp(`^raw_unaccounted raw.a/0 ${first}-`));
        const absent = audited.filter((offset) => !raw.includes(offset)).length;
        expect(run.compared.get('raw.a/0')).toMatchObject({ records: raw.length, absent });
      }),
      { numRuns: 100 },
    );
  });
});
