import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indentJson } from '../../../services/cli/indent-json.ts';

describe('indented JSON', () => {
  it('is what JSON.stringify would indent, of any value, however it was spaced', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 3, depthSize: 'small' }),
        fc.constantFrom(undefined, '\t', ' \n'),
        (value, space) => {
          expect(indentJson(JSON.stringify(value, null, space))).toBe(JSON.stringify(value, null, 2));
        },
      ),
    );
  });

  it('changes no letter: numbers, escapes and keys that occur twice', () => {
    expect(indentJson('{"a":1.0,"a":12345678901234567890,"b":"\\u0041\\"{","c":[{},[ ],-0.0e+1]}')).toBe(`{
  "a": 1.0,
  "a": 12345678901234567890,
  "b": "\\u0041\\"{",
  "c": [
    {},
    [],
    -0.0e+1
  ]
}`);
  });
});
