import { describe, expect, it } from 'vitest';
import { makeOccurrences } from '../../../../services/core/diff/occurrences.ts';

const pair = (before: number, after: number) => ({ before, after, path: `${before} ${after}` });

describe('occurrences of pairs of leaves', () => {
  it.each([
    ['one to one', [pair(0, 0), pair(1, 1)], [2, 3], [2, 3], [2, 3]],
    ['a name out of a wildcard', [pair(0, 0), pair(0, 1)], [5], [3, 2], [3, 2]],
    ['a wildcard around a name', [pair(0, 0), pair(-1, 0)], [1], [4], [1, 3]],
    ['nothing on one side', [pair(0, -1), pair(-1, 0)], [2], [3], [2, 3]],
    ['a chain', [pair(0, 0), pair(1, 0), pair(1, 1), pair(2, 1)], [1, 5, 2], [3, 5], [1, 2, 3, 2]],
  ])('follow from those of leaves: %s', (_, pairs, before, after, expected) => {
    expect([...makeOccurrences(pairs)(before, after)]).toEqual(expected);
  });

  it('are the most they can be, where wildcards cross', () => {
    const pairs = [pair(0, 0), pair(0, -1), pair(-1, 0)];
    expect([...makeOccurrences(pairs)([3], [2])]).toEqual([2, 3, 2]);
    expect([...makeOccurrences(pairs)([0], [2])]).toEqual([0, 0, 2]);
    expect([...makeOccurrences(pairs)([0], [0])]).toEqual([0, 0, 0]);
  });
});
