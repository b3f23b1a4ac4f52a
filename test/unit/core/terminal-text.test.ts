import fc from 'fast-check';
import { expect, it } from 'vitest';
import { oneLine, oneLineJson } from '../../../services/core/terminal-text.ts';

it('shows what a terminal would obey, hide or turn around, and leaves the rest', () => {
  expect(oneLine('a\u001b[2Jb\r\nc\u0007\u009b31m\u202eabc\u200b\u2028\ufeff')).toBe(
    String.raw`a\u001b[2Jb\u000d\u000ac\u0007\u009b31m\u202eabc\u200b\u2028\ufeff`,
  );
  expect(oneLine('Zoë 漢字 😀 "x"')).toBe('Zoë 漢字 😀 "x"');
});

it('keeps JSON the JSON that it is, on one line', () => {
  expect(oneLineJson('{\n\t"a": "\u007f\u202e",\r\n "b": 1.0}')).toBe(String.raw`{  "a": "\u007f\u202e",   "b": 1.0}`);
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const line = oneLineJson(text);
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u);
      expect(JSON.parse(line)).toEqual(JSON.parse(text));
    }),
  );
});
