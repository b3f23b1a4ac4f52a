import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findEnvelopes, namesPlace, replaceEnvelopes } from '../../../services/cli/decrypt-line.ts';
import { formatPath } from '../../../services/core/policy/path.ts';

const found = (line: string): unknown => findEnvelopes(line)?.map(({ text, path }) => [formatPath(path), text]);

describe('findEnvelopes', () => {
  it.each([
    ['{"a":"lethe:v1:X"}', [['a', 'lethe:v1:X']]],
    [
      '{"a":{"b":["x","lethe:v1:X",{"c":"lethe:v1:Y"}],"d":1}, "e" : "lethe:v1:Z"}',
      [
        ['a.b[]', 'lethe:v1:X'],
        ['a.b[].c', 'lethe:v1:Y'],
        ['e', 'lethe:v1:Z'],
      ],
    ],
    [
      '{"x.y":"lethe:v1:X","\\u0061":"lethe:v1:Y"}',
      [
        ['x\\.y', 'lethe:v1:X'],
        ['a', 'lethe:v1:Y'],
      ],
    ],
    ['{"lethe:v1:K":"v","t":" lethe:v1:X","u":"say \\"lethe:v1:X\\"","v":"lethe:v0:X"}', []],
    ['{"__proto__":{"a":"lethe:v1:X"}}', [['__proto__.a', 'lethe:v1:X']]],
    ['{"a":[[],{},"lethe:v1:X"],"b":"}]{["}', [['a[]', 'lethe:v1:X']]],
    ['1', []],
  ])('%s', (line, expected) => {
    expect(found(line)).toEqual(expected);
  });

  it.each(['', '{', '{"a":"lethe:v1:X"', 'lethe:v1:X'])('no JSON: %s', (line) => {
    expect(findEnvelopes(line)).toBe(null);
  });

  it('leaves everything else to the letter, whatever it is', () => {
    const value = fc.oneof(fc.jsonValue(), fc.constant('lethe:v1:ABC'));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), fc.constantFrom(0, 2), (object, space) => {
        const line = JSON.stringify(object, null, space);
        const places = findEnvelopes(line) ?? [];
        expect(
          replaceEnvelopes(
            line,
            places,
            places.map(() => null),
          ),
        ).toBe(line);
        const replaced = replaceEnvelopes(
          line,
          places,
          places.map(() => '1.50'),
        );
        expect(replaced).toBe(places.length === 0 ? line : line.replaceAll('"lethe:v1:ABC"', '1.50'));
      }),
    );
  });
});

describe('namesPlace', () => {
  const path = (line: string) => findEnvelopes(line)?.[0]?.path ?? [];
  it.each([
    ['a.b', '{"a":{"b":"lethe:v1:X"}}', true],
    ['a.*', '{"a":{"b":"lethe:v1:X"}}', true],
    ['a.**', '{"a":{"b":["lethe:v1:X"]}}', true],
    ['a[].b', '{"a":[{"b":"lethe:v1:X"}]}', true],
    ['a.b', '{"a":{"b":{"string":"lethe:v1:X"}}}', true],
    ['a.b', '{"a":{"c":"lethe:v1:X"}}', false],
    ['a', '{"a":{"b":"lethe:v1:X"}}', false],
    ['a.b', '{"a":{"b":{"other":"lethe:v1:X"}}}', false],
    ['headers.a', '{"a":"lethe:v1:X"}', false],
    ['a..b', '{"a":"lethe:v1:X"}', false],
  ])('%s at %s: %s', (declared, line, expected) => {
    expect(namesPlace(declared, path(line))).toBe(expected);
  });
});
