import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consentPartition } from '../../../services/core/consent-partition.ts';

describe('the partition of a token', () => {
  it.each([
    // FNV-1a test vectors (draft-eastlake-fnv): 811c9dc5, e40c292c, bf9cf968.
    ['', 1_000_000, 0x811c9dc5 % 1_000_000],
    ['a', 1_000_000, 0xe40c292c % 1_000_000],
    ['foobar', 1_000_000, 0xbf9cf968 % 1_000_000],
  ])('of %j among %i is %i, for ever', (token, partitions, partition) => {
    expect(consentPartition(token, partitions)).toBe(partition);
  });

  it('exists, and tokens spread over all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.string(), (partitions, token) => {
        expect(consentPartition(token, partitions)).toBeLessThan(partitions);
      }),
    );
    const hit = new Set(Array.from({ length: 200 }, (_, i) => consentPartition(`token-${i}`, 6)));
    expect(hit.size).toBe(6);
  });
});
