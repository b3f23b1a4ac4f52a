import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OffsetSet } from '../../../services/core/offset-set.ts';

describe('a set of offsets', () => {
  it('holds what was added and nothing else, across pages and beyond 32 bits', () => {
    const range = fc.tuple(fc.constantFrom(0, 32_760, 65_530, 2 ** 40 - 4), fc.nat(12), fc.nat(9));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 6 }), (ranges) => {
        const set = new OffsetSet();
        const plain = new Set<number>();
        for (const [base, shift, length] of ranges) {
          set.addRange(base + shift, base + shift + length);
          for (let at = base + shift; at <= base + shift + length; at++) plain.add(at);
        }
        for (const base of [0, 32_760, 65_530, 2 ** 40 - 4]) {
          for (let at = base; at < base + 30; at++) expect(set.has(at)).toBe(plain.has(at));
        }
      }),
    );
  });

  it('adds a range that spans many pages', () => {
    const set = new OffsetSet();
    set.addRange(10, 1_000_000);
    expect([9, 10, 32_767, 32_768, 500_000, 1_000_000, 1_000_001].map((at) => set.has(at))).toEqual([
      false,
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
  });
});
