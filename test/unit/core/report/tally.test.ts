import { describe, expect, it } from 'vitest';
import type { AuditSegment, SegmentContent } from '../../../../services/core/audit/segment.ts';
import { makeReportTally } from '../../../../services/core/report/tally.ts';
import { chainOf, sealed, segment } from '../audit/audit-fixture.ts';
import { GENESIS } from '../../../../services/core/audit/segment.ts';

function tallyOf(segments: readonly AuditSegment[]) {
  const tally = makeReportTally();
  for (const one of segments) tally.take(one);
  return tally.finish();
}

const changed = (of: AuditSegment, change: Partial<SegmentContent>): AuditSegment => sealed({ ...of, ...change });
const plain = (counts: ReadonlyMap<string, number>) => Object.fromEntries(counts);

describe('a tally', () => {
  it('counts each record once for each output', () => {
    const { records, segments, outputs } = tallyOf(chainOf('raw.a', 0, 3));
    expect({ records, segments }).toEqual({ records: 27, segments: 3 });
    expect(
      outputs.map(({ topic, rawTopic, decided }) => [
        ...[topic, rawTopic, decided.published, plain(decided.withheld), plain(decided.deadLettered)],
      ]),
    ).toEqual([
      ['clean.a', 'raw.a', 18, { consent_missing: 6 }, { action_failed: 3 }],
      ['clean.f', 'raw.a', 24, {}, { action_failed: 3 }],
    ]);
  });

  it('counts what was done to fields in published records alone', () => {
    const [a, f] = tallyOf(chainOf('raw.a', 0, 2)).outputs;
    expect([...a!.fields].map(([path, effects]) => [path, plain(effects)])).toEqual([
      ['id', { keep: 12 }],
      ['e', { mask: 12 }],
    ]);
    expect([...f!.fields].map(([path, effects]) => [path, plain(effects)])).toEqual([['id', { keep: 16 }]]);
  });

  it('tells stripped records and tombstones from whole ones', () => {
    const one = segment('raw.a', 0, 0, GENESIS);
    const shapes = [
      { deadLetter: null, outputs: [{ outcome: 'published', reason: 'objected', treatment: 1 }] },
      { deadLetter: null, outputs: [{ outcome: 'published', reason: 'tombstone', treatment: null }] },
    ] as const;
    const records = [
      { skip: 0, count: 4, shape: 0 },
      { skip: 0, count: 6, shape: 1 },
    ];
    const [output] = tallyOf([changed(one, { outputs: ['clean.a'], shapes, records })]).outputs;
    expect(output!.decided).toMatchObject({ published: 10, tombstones: 6 });
    expect(plain(output!.decided.inPart)).toEqual({ objected: 4 });
    expect([...output!.fields.keys()]).toEqual(['id']);
  });

  it('keeps replayed dead letters apart, whatever the order of their offsets', () => {
    const own = chainOf('raw.a', 0, 2);
    const replays = [5, 1].map((index) => {
      const one = segment('lethe.dead-letters/raw.a', 0, index, GENESIS);
      return changed(one, { records: [{ skip: 3, count: 1, shape: 0 }], shapes: one.shapes.slice(0, 1) });
    });
    const { outputs, chains, records } = tallyOf([...own, ...replays]);
    expect(records).toBe(20);
    expect(outputs.map(({ topic, decided, replayed }) => [topic, decided.published, replayed.published])).toEqual([
      ['clean.a', 12, 2],
      ['clean.f', 16, 2],
    ]);
    expect(chains).toMatchObject([
      { rawTopic: 'raw.a', replays: false, firstOffset: 0, lastOffset: 19, records: 18, missing: 0, repeated: 0 },
      { rawTopic: 'raw.a', replays: true, firstOffset: 10, lastOffset: 59, records: 2, missing: 0, repeated: 0 },
    ]);
  });

  it('notices offsets that are missing, and those that were decided about again', () => {
    const chain = chainOf('raw.a', 3, 5);
    const [first, second, , fourth] = chain as [AuditSegment, AuditSegment, AuditSegment, AuditSegment];
    expect(tallyOf([first, second, fourth]).chains).toMatchObject([{ partition: 3, missing: 10, repeated: 0 }]);
    expect(tallyOf([first, second, first, second]).chains).toMatchObject([
      { firstOffset: 0, lastOffset: 19, missing: 0, repeated: 20 },
    ]);
  });

  it('tells from when to when each bundle was decided by', () => {
    const [a, b, c] = chainOf('raw.a', 0, 3).map((one, index) =>
      changed(one, { bundle: index === 1 ? 'cd'.repeat(32) : one.bundle, decidedAt: 1000 * (index + 1) }),
    );
    expect(tallyOf([a!, b!, c!]).bundles).toEqual([
      { digest: 'ab'.repeat(32), first: 1000, last: 3000, segments: 2, records: 18 },
      { digest: 'cd'.repeat(32), first: 2000, last: 2000, segments: 1, records: 9 },
    ]);
  });
});
