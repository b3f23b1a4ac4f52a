import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestFiles } from '../../../../services/adapters/config/digest.ts';

const files = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { minKeys: 1, maxKeys: 6 });

describe('the digest of files', () => {
  it('is this one, on every machine and for ever', () => {
    expect(digestFiles({ 'taxonomy.yaml': 'categories: {}\n', 'policies/a.yaml': 'route: ä\r\n' })).toBe(
      'ac662b4e7859210f556e1b9475c836d7e4c850d7f5cb4d8905da6bd2e9275c6c',
    );
  });

  it('does not depend on the order of the files', () => {
    fc.assert(
      fc.property(files, (some) => {
        const reversed = Object.fromEntries(Object.entries(some).reverse());
        expect(digestFiles(reversed)).toBe(digestFiles(some));
      }),
    );
  });

  it('depends on every character of every file and name', () => {
    fc.assert(
      fc.property(
        files,
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        fc.boolean(),
        (some, n, extra, inName) => {
          const entries = Object.entries(some);
          const at = n % entries.length;
          const changed = entries.map(([name, text], i): [string, string] =>
            i === at
              ? inName
                ? [name + extra, text]
                : [name, text.slice(0, n % (text.length + 1)) + extra + text.slice(n % (text.length + 1))]
              : [name, text],
          );
          fc.pre(Object.keys(Object.fromEntries(changed)).length === entries.length);
          expect(digestFiles(Object.fromEntries(changed))).not.toBe(digestFiles(some));
        },
      ),
    );
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['text moved from one file to another', { a: 'xy', b: '' }, { a: 'x', b: 'y' }],
    ['text moved into the name', { ab: 'c' }, { a: 'bc' }],
    ['a file split in two', { a: 'x', b: 'y' }, { a: 'x","b","y' }],
    ['line ends', { a: 'x\n' }, { a: 'x\r\n' }],
    ['a lone surrogate and its replacement', { a: '\uD800' }, { a: '\uFFFD' }],
    ['an empty file and none', { a: 'x', b: '' }, { a: 'x' }],
    ['composed and decomposed letters', { a: '\u00E4' }, { a: 'a\u0308' }],
  ])('tells apart: %s', (_, one, other) => {
    expect(digestFiles(one)).not.toBe(digestFiles(other));
  });
});
