import { describe, expect, it } from 'vitest';
import { comparePositions, type GroupPosition } from '../../../services/cli/verify-positions.ts';
import { makeFindings } from '../../../services/core/audit/verify-finding.ts';
import { chainOf, entriesOf, short, verified } from '../core/audit/audit-fixture.ts';

const CHAIN = chainOf('raw.a', 0, 4);
const at = (index: number, over: Partial<GroupPosition> = {}): GroupPosition => ({
  ...{ topic: 'raw.a', partition: 0, offset: CHAIN[index]!.lastOffset + 1, chain: CHAIN[index]!.hash },
  ...over,
});

function compare(before: GroupPosition[], after = before, segments = CHAIN) {
  const watched = new Set(before.flatMap(({ chain }) => chain ?? []));
  const run = verified(entriesOf(segments), { watched });
  const findings = makeFindings();
  const notes = comparePositions({ group: 'lethe', before, after }, run, findings);
  return { told: findings.kept.map(short), notes };
}

describe('the committed position', () => {
  it('is where the audit ends, or on the way while a worker runs', () => {
    expect(compare([at(3)])).toEqual({ told: [], notes: [] });
    expect(compare([at(1)], [at(3)])).toEqual({ told: [], notes: [] });
    expect(compare([at(3)], [at(3, { offset: 99, chain: 'cd'.repeat(32) })])).toEqual({ told: [], notes: [] });
  });

  it.each<[string, GroupPosition[], GroupPosition[], number]>([
    ['the tail of the audit is cut off', [at(3)], [at(3)], 2],
    ['all of a chain is gone', [at(3), at(3, { partition: 1, chain: 'ab'.repeat(32) })], [at(3)], 4],
    ['the last segment is another one', [at(3, { chain: 'ab'.repeat(32) })], [at(3)], 4],
    ['a segment was put in at the end', [at(2)], [at(2)], 4],
    ['the position names a segment that ends elsewhere', [at(2, { offset: 35 })], [at(3)], 4],
    ['the position was set by another tool', [at(3, { chain: null })], [at(3)], 4],
    ['the ends are not the same', [at(2)], [at(3, { chain: CHAIN[2]!.hash })], 4],
  ])('%s', (_, before, after, segments) => {
    expect(compare(before, after, CHAIN.slice(0, segments)).told).toEqual([
      expect.stringMatching(/^position_differs raw\.a\/[01] /),
    ]);
  });

  it('that is not there, or not by a worker, is told and proves nothing', () => {
    expect(compare([])).toEqual({ told: [], notes: [expect.stringContaining('no position in raw.a/0')] });
    expect(compare([at(3), at(3, { topic: 'raw.b', chain: null })])).toEqual({
      told: [],
      notes: [expect.stringContaining('raw.b/0')],
    });
  });
});
