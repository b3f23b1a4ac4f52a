import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseStrictJson } from '../../../../services/adapters/http/strict-json.ts';

const parse = (text: string): ReturnType<typeof parseStrictJson> => parseStrictJson(new TextEncoder().encode(text));

it('reads whatever JSON.stringify writes, indented or not', () => {
  const noProto = (text: string): boolean => !text.includes('__proto__');
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      fc.pre(noProto(text) && text.isWellFormed());
      expect(parse(text)).toEqual({ ok: true, value: JSON.parse(text) });
    }),
  );
});

it.each([
  ['a key twice', '{"a":1,"a":2}'],
  ['the same key, escaped', '{"a":1,"\\u0061":2}'],
  ['a key twice within an array within an object', '{"x":[{"y":{"a":1,"b":2,"a":1}}]}'],
  ['__proto__', '{"__proto__":1}'],
  ['__proto__, escaped', '{"\\u005f_proto__":1}'],
  ['nothing', ''],
  ['more than one value', '{} {}'],
  ['a byte order mark', '\uFEFF{}'],
  ['a comment', '{}//'],
  ['NaN', 'NaN'],
])('refuses %s', (_, text) => {
  expect(parse(text)).toEqual({ ok: false });
});

it.each([
  ['colons, quotes and backslashes in strings', '{"a:b\\\\":"\\":\\"","c":"\\\\"}'],
  ['the same key in different objects', '[{"a":1},{"a":{"a":2}}]'],
])('takes %s', (_, text) => {
  expect(parse(text)).toEqual({ ok: true, value: JSON.parse(text) });
});

it('refuses bytes that are no UTF-8', () => {
  for (const bytes of [
    [0x22, 0x80, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0x22, 0xc0, 0xaf, 0x22],
  ]) {
    expect(parseStrictJson(new Uint8Array(bytes))).toEqual({ ok: false });
  }
});

it('does not fall over depth', () => {
  expect(parse(`${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`).ok).toBe(true);
});
