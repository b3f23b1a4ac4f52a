import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ExactNumber,
  parseExact,
  printExact,
  sameNumber,
  withoutNulls,
} from '../../../../services/core/policy-test/exact.ts';

describe('exact values', () => {
  it.each([
    '9007199254740993',
    '[1.10,1e400,-0,0.1]',
    '{"__proto__":{"a":1.0},"constructor":null,"b":[true,"\\u2028"]}',
    '""',
  ])('are printed as they were read: %s', (json) => {
    expect(JSON.stringify(JSON.parse(printExact(parseExact(json))))).toBe(JSON.stringify(JSON.parse(json)));
    expect(printExact(parseExact(json))).toBe(json.replace('\\u2028', '\u2028'));
  });

  it('survive reading and printing, whatever they are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify(value);
        expect(printExact(parseExact(json))).toBe(json);
      }),
    );
  });

  it.each<[string, string, boolean]>([
    ['1.10', '1.1', true],
    ['1e2', '100', true],
    ['-0', '0', true],
    ['9007199254740993', '9007199254740992', false],
    ['0.1', '0.1000000000000000055511151231257827', false],
    ['1e99999', '1e99999', true],
    ['1e99999', '1e99998', false],
  ])('compare as numbers: %s and %s', (a, b, same) => {
    expect(sameNumber(new ExactNumber(a), new ExactNumber(b))).toBe(same);
  });

  it('lose their nulls, and nothing else', () => {
    expect(printExact(withoutNulls(parseExact('{"a":null,"b":[null,1.0,{"c":null}],"d":""}')))).toBe(
      '{"b":[1.0,{}],"d":""}',
    );
  });
});
