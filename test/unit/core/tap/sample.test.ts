import { describe, expect, it } from 'vitest';
import { makeSampler, rankOf } from '../../../../services/core/tap/sample.ts';
import { type Hit, hitsOf } from '../../../../services/core/tap/selection.ts';
import { segmentOf } from './tap-fixture.ts';

const hits = (count: number, output: string | null = null, firstOffset = 0): Hit[] => [
  ...hitsOf(segmentOf([{ skip: 0, count, shape: 0 }], { firstOffset }), {
    ...{ topic: 'raw.a', output, outcome: null, reason: null },
  }),
];
const offsets = ({ chosen }: { chosen: readonly Hit[] }): number[] => chosen.map(({ offset }) => offset);

describe('a sample', () => {
  it('is as many as may be, in order, and says how many were left out', () => {
    const round = makeSampler(10).choose(hits(1000), 300);
    expect(round.chosen).toHaveLength(10);
    expect(round.leftOut).toBe(990);
    expect(offsets(round)).toEqual([...offsets(round)].sort((a, b) => a - b));
  });

  it('is of those with the lowest ranks', () => {
    const all = hits(1000);
    const lowest = [...all].sort((a, b) => rankOf(a) - rankOf(b)).slice(0, 10);
    expect(new Set(makeSampler(10).choose(all, 0).chosen)).toEqual(new Set(lowest));
  });

  it('is of the same records for every output and for everybody', () => {
    const mine = offsets(makeSampler(10).choose(hits(1000, 'clean.a'), 0));
    expect(offsets(makeSampler(10).choose(hits(1000, 'clean.f'), 0))).toEqual(mine);
    // Of a larger sample, the smaller one is a part.
    expect(offsets(makeSampler(50).choose(hits(1000), 0))).toEqual(expect.arrayContaining(mine));
  });

  it('is all where there are few', () => {
    const round = makeSampler(10).choose(hits(7), 0);
    expect([round.chosen.length, round.leftOut]).toEqual([7, 0]);
  });

  it('has room for no more in a second, however many rounds that is', () => {
    const sampler = makeSampler(10);
    let chosen = 0;
    for (let round = 0; round <= 100; round++) {
      chosen += sampler.choose(hits(50, null, round * 50), round === 0 ? 0 : 100).chosen.length;
    }
    // Ten at once, and ten a second for ten seconds.
    expect(chosen).toBe(110);
    expect(sampler.choose(hits(1000), 3_600_000).chosen).toHaveLength(10);
  });

  it('takes records of a quiet time one by one', () => {
    const sampler = makeSampler(1);
    const rounds = Array.from({ length: 11 }, (_, round) => sampler.choose(hits(5), round === 0 ? 0 : 300));
    expect(rounds.map(({ chosen }) => chosen.length)).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
    expect(rounds.every(({ chosen, leftOut }) => chosen.length + leftOut === 5)).toBe(true);
  });
});

it('ranks lie evenly', () => {
  const ranks = hits(40_000).map(rankOf);
  expect(new Set(ranks).size).toBeGreaterThan(39_900);
  const eighths = Array.from({ length: 8 }, (_, eighth) => ranks.filter((rank) => rank >>> 29 === eighth).length);
  for (const count of eighths) expect(Math.abs(count - 5000)).toBeLessThan(350);
});
