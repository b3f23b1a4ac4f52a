import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareSpecificity,
  covers,
  formatPath,
  intersect,
  type Path,
  parsePath,
  type Segment,
} from '../../../../services/core/policy/path.ts';

const key = (name: string): Segment => ({ kind: 'key', name });
const EACH: Segment = { kind: 'each' };
const ANY: Segment = { kind: 'any' };
const DEEP: Segment = { kind: 'deep' };

function path(text: string): Path {
  const parsed = parsePath(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.message}`);
  return parsed.path;
}

describe('parsePath', () => {
  it.each<[string, Path]>([
    ['a', [key('a')]],
    ['a.b', [key('a'), key('b')]],
    ['a[].c', [key('a'), EACH, key('c')]],
    ['x[][]', [key('x'), EACH, EACH]],
    ['*', [ANY]],
    ['**', [DEEP]],
    ['a.*.c', [key('a'), ANY, key('c')]],
    ['a.*[].c', [key('a'), ANY, EACH, key('c')]],
    ['a.**', [key('a'), DEEP]],
    ['a[].**', [key('a'), EACH, DEEP]],
    [String.raw`a\.b`, [key('a.b')]],
    [String.raw`a.\*`, [key('a'), key('*')]],
    [String.raw`\*\*`, [key('**')]],
    [String.raw`a\[\]`, [key('a[]')]],
    [String.raw`a\\`, [key('a\\')]],
    ['__proto__.constructor', [key('__proto__'), key('constructor')]],
    ['a b.ü.\u{1F600}', [key('a b'), key('ü'), key('\u{1F600}')]],
  ])('reads %s and writes it again', (text, expected) => {
    expect(parsePath(text)).toEqual({ ok: true, path: expected });
    expect(formatPath(expected)).toBe(text);
  });

  it.each([
    ['', 1, 'a key is missing'],
    ['.a', 1, 'a key is missing'],
    ['a.', 3, 'a key is missing'],
    ['a..b', 3, 'a key is missing'],
    ['[]', 1, 'a key is missing'],
    ['a.[]', 3, 'a key is missing'],
    ['a[', 2, '`[` is not followed'],
    ['a[0]', 2, '`[` is not followed'],
    ['a]', 2, '`]` without `[`'],
    ['a[]b', 4, 'a `.` or the end'],
    ['**.a', 1, 'only at the end'],
    ['a.**[]', 3, 'only at the end'],
    ['a.***', 3, 'only at the end'],
    ['a*', 2, '`*` stands alone'],
    ['a.*b', 3, '`*` stands alone'],
    [String.raw`a\b`, 2, 'stands before'],
    ['a\\', 2, 'stands before'],
    ['a.'.repeat(512) + 'a', 1026, 'more than 512'],
  ])('refuses %s at character %i', (text, at, message) => {
    expect(parsePath(text)).toEqual({ ok: false, at, message: expect.stringContaining(message) });
  });
});

const segments = fc.oneof(
  fc.string({ minLength: 1, unit: fc.constantFrom('a', 'b', '.', '*', '[', ']', '\\') }).map(key),
  fc.constant(ANY),
);
const paths: fc.Arbitrary<Path> = fc
  .tuple(
    fc.array(fc.tuple(segments, fc.array(fc.constant(EACH), { maxLength: 2 })), { minLength: 1, maxLength: 4 }),
    fc.option(fc.constant(DEEP)),
  )
  .map(([parts, deep]) => [...parts.flatMap(([first, each]) => [first, ...each]), ...(deep === null ? [] : [deep])]);

describe('paths', () => {
  it('have exactly one text each', () => {
    fc.assert(
      fc.property(paths, (one) => {
        expect(parsePath(formatPath(one))).toEqual({ ok: true, path: one });
      }),
    );
  });

  it('of any text parse to what prints the same text, or not at all', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', '.', '*', '[', ']', '\\') });
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parsePath(text);
        if (parsed.ok) expect(formatPath(parsed.path)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a.b', 'a.*'],
    ['a.*', 'a.**'],
    ['a.b', 'a.**'],
    ['a.*', '*.b'],
    ['a[].b', 'a[].*'],
    ['a[].b', 'a.**'],
    ['*.b', '**'],
  ])('%s is more specific than %s', (a, b) => {
    expect(compareSpecificity(path(a), path(b))).toBeGreaterThan(0);
    expect(compareSpecificity(path(b), path(a))).toBeLessThan(0);
  });

  it.each<[string, string, string | null]>([
    ['a.*', 'a.b', 'a.b'],
    ['a.*', '*.b', 'a.b'],
    ['**', 'a[].b', 'a[].b'],
    ['a.**', 'a.*.c', 'a.*.c'],
    ['a.**', '**', 'a.**'],
    ['a.**', 'a', null],
    ['a.**', '*', null],
    ['a.*', 'a[]', null],
    ['a.b', 'a.c', null],
    ['a.b', 'a.b.c', null],
    ['a.**', '*.b.**', 'a.b.**'],
  ])('%s and %s have %s in common', (a, b, common) => {
    const expected = common === null ? null : path(common);
    expect(intersect(path(a), path(b))).toEqual(expected);
    expect(intersect(path(b), path(a))).toEqual(expected);
  });

  it('cover each other exactly where what they have in common is the covered one', () => {
    fc.assert(
      fc.property(paths, paths, (outer, inner) => {
        const common = intersect(outer, inner);
        expect(covers(outer, inner)).toBe(common !== null && formatPath(common) === formatPath(inner));
      }),
    );
    expect(covers(path('a.**'), path('a.b[].**'))).toBe(true);
    expect(covers(path('a.*'), path('a.**'))).toBe(false);
    expect(covers(path('a.**'), path('a'))).toBe(false);
  });
});
