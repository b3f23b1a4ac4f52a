/** DESIGN section 12, "Decoding", and the bad input that a worker must live through. */
import { beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, type Replayed, replayed } from './replayed.ts';

const POLICY = `
route: bytes
from: { topic: raw.bytes, format: json }
subject: id
fields:
  e: system
  "deep.**": system
  "deep2.a.*": system
outputs:
  - topic: clean
    purpose: ops
    rules: [{ select: system, action: keep }]
`;
const CONFIG = {
  taxonomy: 'categories:\n  system: {}\n  user: {}\n',
  purposes: 'purposes:\n  ops: { basis: { default: contract }, retention: { default: P365D } }\n',
  policies: { bytes: POLICY },
};
const MIB = 1024 * 1024;
const GOOD = '{"e":1}';
const BAD = 'undecodable';
const HEAD = '{"id":"canary","e":1,"x":';

const nested = (depth: number, open = '[', close = ']') => `${open.repeat(depth)}${close.repeat(depth)}`;
const objects = (depth: number) => `${'{"x":'.repeat(depth)}1${'}'.repeat(depth)}`;
const bytes = (...parts: (string | number)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));
/** A record of exactly `size` bytes. */
const sized = (size: number) => `${HEAD}"${'z'.repeat(size - HEAD.length - 3)}"}`;

/** Name, the line's bytes, what becomes of it. */
const CASES: [string, Uint8Array | string, string][] = [
  ['a good record', `${HEAD}"hiddenvalue"}`, GOOD],
  ['white space around everything', ` \t{ "id" : "canary" , "e" : 1 , "x" : [ 1 , { } ] } `, GOOD],
  ['a carriage return at the end', `${HEAD}2}\r`, GOOD],
  ['an array', '[{"id":"canary"}]', BAD],
  ['a text', '"hiddenvalue"', BAD],
  ['a number', '5', BAD],
  ['null', 'null', BAD],
  ['a byte order mark', bytes(0xef, 0xbb, 0xbf, `${HEAD}2}`), BAD],
  ['UTF-16', Buffer.from(`${HEAD}2}`, 'utf16le').subarray(0, -1), BAD],
  ['a stray byte in an undeclared text', bytes(`${HEAD}"hiddenvalue`, 0xff, '"}'), BAD],
  ['a stray byte in a declared text', bytes('{"id":"canary","e":"', 0x80, '"}'), BAD],
  ['a stray byte in the subject', bytes('{"id":"canary', 0xc3, '","e":1}'), BAD],
  ['a stray byte in a name', bytes('{"id":"canary","e":1,"', 0xc3, 0x28, '":1}'), BAD],
  ['a sequence cut short', bytes(`${HEAD}"`, 0xe2, 0x82, '"}'), BAD],
  ['an overlong sequence', bytes(`${HEAD}"`, 0xc0, 0xaf, '"}'), BAD],
  ['an overlong sequence of three', bytes(`${HEAD}"`, 0xe0, 0x80, 0xaf, '"}'), BAD],
  ['an encoded surrogate', bytes(`${HEAD}"`, 0xed, 0xa0, 0x80, '"}'), BAD],
  ['beyond U+10FFFF', bytes(`${HEAD}"`, 0xf4, 0x90, 0x80, 0x80, '"}'), BAD],
  ['four good bytes', bytes(`${HEAD}"`, 0xf0, 0x9f, 0x98, 0x80, '"}'), GOOD],
  ['a noncharacter', bytes(`${HEAD}"`, 0xef, 0xbf, 0xbf, '"}'), GOOD],
  ['a lone high surrogate escaped in a declared text', String.raw`{"id":"canary","e":"\ud800"}`, BAD],
  ['a lone low surrogate escaped in a declared text', String.raw`{"id":"canary","e":"\udc00x"}`, BAD],
  ['surrogates in the wrong order', String.raw`{"id":"canary","e":"\ude00\ud83d"}`, BAD],
  ['a lone surrogate in the subject', String.raw`{"id":"canary\ud800","e":1}`, BAD],
  ['a NUL byte in a text', bytes(`${HEAD}"`, 0, '"}'), BAD],
  ['a NUL byte outside', bytes(`${HEAD}1}`, 0), BAD],
  ['a NUL escaped', String.raw`{"id":"canary\u0000","e":1}`, GOOD],
  ['a control character in a text', bytes(`${HEAD}"`, 0x1f, '"}'), BAD],
  ['a tab in a text', `${HEAD}"\t"}`, BAD],
  ['a DEL in a text', `${HEAD}"\u007f"}`, GOOD],
  ['nothing after a colon', `${HEAD}}`, BAD],
  ['cut short', '{"id":"canary","e":1', BAD],
  ['cut short in a text', '{"id":"canary","e":"hiddenvalue', BAD],
  ['something behind it', `${HEAD}1}}`, BAD],
  ['two records', `${HEAD}1} ${HEAD}1}`, BAD],
  ['a comma at the end', `${HEAD}1,}`, BAD],
  ['a comma at the end of an array', `${HEAD}[1,]}`, BAD],
  ['no comma', '{"id":"canary" "e":1}', BAD],
  ['single quotes', "{'id':'canary','e':1}", BAD],
  ['a bare name', '{id:"canary","e":1}', BAD],
  ['a comment', `${HEAD}1/* hiddenvalue */}`, BAD],
  ['NaN', `${HEAD}NaN}`, BAD],
  ['Infinity', `${HEAD}-Infinity}`, BAD],
  ['a leading zero', `${HEAD}01}`, BAD],
  ['a leading plus', `${HEAD}+1}`, BAD],
  ['a point without digits', `${HEAD}1.}`, BAD],
  ['a point first', `${HEAD}.5}`, BAD],
  ['an exponent without digits', `${HEAD}1e}`, BAD],
  ['hexadecimal', `${HEAD}0x1}`, BAD],
  ['a bad escape', String.raw`${HEAD}"\x41"}`, BAD],
  ['a short escape', String.raw`${HEAD}"\u12"}`, BAD],
  ['capitals', `${HEAD}TRUE}`, BAD],
  ['a literal cut short', `${HEAD}tru}`, BAD],
  ['brackets that do not match', `${HEAD}[1}]`, BAD],
  ['only an opening brace', '{', BAD],
  ['an empty object', '{}', 'subject_missing id'],
  ['512 deep', `${HEAD}${nested(511)}}`, GOOD],
  ['513 deep', `${HEAD}${nested(512)}}`, BAD],
  ['512 deep in objects', `${HEAD}${objects(511)}}`, GOOD],
  ['513 deep in objects', `${HEAD}${objects(512)}}`, BAD],
  ['513 deep where it is declared', `{"id":"canary","deep":${objects(512)}}`, BAD],
  ['100,000 deep', `${HEAD}${nested(100_000)}}`, BAD],
  ['100,000 deep in objects', `${HEAD}${objects(100_000)}}`, BAD],
  ['100,000 opened and never closed', '['.repeat(100_000), BAD],
  ['100,000 objects opened and never closed', '{"id":'.repeat(100_000), BAD],
  ['10 MiB', sized(10 * MIB), GOOD],
  ['a byte more', sized(10 * MIB + 1), 'too_large'],
  ['20 MB of nothing', 'hiddenvalue'.repeat(2_000_000), 'too_large'],
  ['and the stream goes on', `${HEAD}2}`, GOOD],
];

describe('bytes', () => {
  let run: Replayed;
  beforeAll(async () => {
    run = await replayed({
      config: CONFIG,
      lines: Buffer.concat(CASES.flatMap(([, line]) => [Buffer.from(line), Buffer.of(0x0a)])),
    });
  });

  it.each(CASES.map(([name, , expected], i) => [name, expected, i] as const))('%s: %s', (_, expected, i) => {
    expect(outcomeOf(run.fate(i), 'clean')).toBe(expected);
  });

  it('each is one decision', () => {
    const dead = CASES.filter(([, , expected]) => expected !== GOOD);
    const of = (code: string) => dead.filter(([, , expected]) => expected === code).length;
    expect(run.summary).toEqual({
      records: CASES.length,
      outputs: { clean: { published: CASES.length - dead.length, withheld: {} } },
      deadLetters: { undecodable: of(BAD), too_large: of('too_large'), subject_missing: 1 },
    });
  });
});
