/** `lethe verify` over what `lethe replay` writes: DESIGN section 7, issue 4. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { folderOf, lethe, type Ran } from './command.ts';
import { linesOf, replayed } from './replayed.ts';

const CONFIG = {
  taxonomy: 'categories:\n  system: {}\n  user: {}\n',
  purposes: 'purposes:\n  ops: { basis: { default: consent }, retention: { default: P365D } }\n',
  policies: {
    one: `route: one
from: { topic: raw.one, format: json }
subject: id
fields: { e: system }
outputs:
  - { topic: clean.one, purpose: ops, rules: [{ select: system, action: keep }] }
`,
  },
};
const CONSENTS = [{ subject: 'canary-1', purpose: 'ops', decision: 'granted', at: '2026-01-05T10:00:00Z' }];
const RECORDS = 9_000;

const folder = folderOf({
  'other-keys.json': JSON.stringify({ checkpoint: Buffer.alloc(32, 8).toString('base64') }),
  'no-checkpoint.json': JSON.stringify({ subject: Buffer.alloc(32, 8).toString('base64') }),
  'keys.json': JSON.stringify({ checkpoint: Buffer.alloc(32, 7).toString('base64') }),
  'empty.jsonl': '',
  'cut.pem': '-----BEGIN PUBLIC KEY-----\nMCow',
});
const at = (name: string): string => join(folder, name);
let audit: string[];
const put = (name: string, lines: readonly string[]): string => {
  writeFileSync(at(name), lines.map((line) => `${line}\n`).join(''));
  return at(name);
};
const verify = (...flags: string[]): Promise<Ran> =>
  lethe(['verify', ...flags], { env: { LETHE_KEYS_FILE: at('keys.json') } });

beforeAll(async () => {
  const lines = Array.from({ length: RECORDS }, (_, n) => (n % 100 === 9 ? '{' : `{"id":"canary-${n % 2}","e":${n}}`));
  audit = linesOf((await replayed({ config: CONFIG, lines, consents: CONSENTS })).files['audit.jsonl'] ?? '');
  put('audit.jsonl', audit);
  writeFileSync(at('checkpoint.pem'), (await lethe(['keys', 'public', '--keys', at('keys.json')])).stdout);
});

describe('the audit of a replay', () => {
  it('is complete and unaltered: a report of what became of the records', async () => {
    expect(audit.length).toBeGreaterThan(3);
    const { code, stdout, stderr } = await verify('--in', at('audit.jsonl'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(linesOf(stdout)).toEqual([
      expect.stringMatching(/^raw\.one\/0 {2}offsets 0–8999 {2}9000 records in \d+ segments {2}head [0-9a-f]{64}$/),
      '  clean.one: published 4410, withheld 4500 (consent_missing 4500)',
      '  dead letters 90 (undecodable 90)',
      expect.stringMatching(
        /audit\.jsonl: verified 9000 records in \d+ segments of 1 partitions: complete and unaltered$/,
      ),
    ]);
  });

  it('as JSON', async () => {
    const { stdout } = await verify('--in', at('audit.jsonl'), '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ ok: true, records: RECORDS, segments: audit.length, findings: [], findingsTotal: 0, checkpoint: null },
      chains: [{ topic: 'raw.one', partition: 0, firstOffset: 0, lastOffset: RECORDS - 1, segments: audit.length }],
    });
  });
});

describe('checkpoints', () => {
  it('are signed, checked with the public key alone, and show a cut-off tail and a chain written anew', async () => {
    const file = at('checkpoints.jsonl');
    for (const number of [1, 2]) {
      const signed = await verify('--in', at('audit.jsonl'), '--checkpoints', file, '--sign');
      expect(signed).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`signed checkpoint ${number} with key `),
      });
    }
    const lines = linesOf(readFileSync(file, 'utf8'));
    expect(lines).toHaveLength(2);
    const check = (input: string, ...flags: string[]): Promise<Ran> =>
      lethe(['verify', '--in', input, '--public-key', at('checkpoint.pem'), '--checkpoints', ...flags]);
    expect(await check(at('audit.jsonl'), file)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/held against checkpoint 2 of .*complete and unaltered\n$/s),
    });
    const cut = await check(put('cut.jsonl', audit.slice(0, -1)), file);
    expect(cut).toMatchObject({ code: 1, stdout: expect.stringMatching(/FINDING truncated .*raw\.one\/0/) });
    const dropped = await check(at('audit.jsonl'), put('dropped.jsonl', lines.slice(1)));
    expect(dropped).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/FINDING checkpoint_dropped .*dropped\.jsonl:1/),
    });
    const changed = lines.map((line) => line.replace(/"records":\d+/, '"records":1'));
    expect(await check(at('audit.jsonl'), put('changed.jsonl', changed))).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/FINDING checkpoint_altered .*changed\.jsonl:1/),
    });
    const other = await verify('--in', at('audit.jsonl'), '--checkpoints', file, '--keys', at('other-keys.json'));
    expect(other).toMatchObject({ code: 1, stdout: expect.stringContaining('FINDING checkpoint_foreign_key') });
  });
});

describe('findings exit 1 and say where', () => {
  it.each<[string, (lines: string[]) => string[], RegExp]>([
    [
      'a line dropped',
      (lines) => lines.toSpliced(1, 1),
      /FINDING dropped .*\.jsonl:2: .*raw\.one\/0.* offsets 2000–3999/,
    ],
    ['a line doubled', (lines) => lines.toSpliced(2, 0, lines[1]!), /FINDING doubled .*\.jsonl:3: /],
    ['lines swapped', (lines) => lines.toSpliced(1, 2, lines[2]!, lines[1]!), /FINDING reordered .*\.jsonl:3: /],
    [
      'a reason changed',
      (lines) => lines.with(1, lines[1]!.replace('consent_missing', 'consent_denied')),
      /FINDING altered .*\.jsonl:2: /,
    ],
    ['a line cut off', (lines) => lines.with(-1, lines.at(-1)!.slice(0, 99)), /FINDING undecodable .*\.jsonl:\d+: /],
    ['nothing at all', () => [], /FINDING empty/],
  ])('%s', async (_, tamper, says) => {
    const { code, stdout, stderr } = await verify('--in', put('tampered.jsonl', tamper(audit)));
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: expect.stringMatching(says), stderr: '' });
    expect(stdout).not.toContain('canary');
  });
});

it.each<[string, string[], Record<string, string>, number, RegExp]>([
  ['a file that is not there', ['--in', 'nowhere'], {}, 64, /--in nowhere/],
  ['an unknown flag', ['--checkpoint', 'x'], {}, 64, /--checkpoint.*--checkpoints/s],
  ['an unknown format', ['--format', 'xml'], {}, 64, /xml/],
  ['--sign without a file', ['--in', at('empty.jsonl'), '--sign'], {}, 64, /--checkpoints/],
  ['checkpoints that are not there', ['--in', at('empty.jsonl'), '--checkpoints', 'nowhere'], {}, 64, /nowhere/],
  ['a file against raw topics', ['--in', at('empty.jsonl'), '--against-raw'], {}, 64, /--against-raw/],
  [
    'no keys for checkpoints',
    ['--in', at('empty.jsonl'), '--checkpoints', at('empty.jsonl')],
    {},
    78,
    /LETHE_KEYS_FILE.*--public-key|--public-key.*LETHE_KEYS_FILE/s,
  ],
  [
    'no checkpoint key',
    ['--in', at('empty.jsonl'), '--checkpoints', at('empty.jsonl'), '--keys', at('no-checkpoint.json')],
    {},
    78,
    /"checkpoint"/,
  ],
  [
    'a public key that is none',
    ['--in', at('empty.jsonl'), '--checkpoints', at('empty.jsonl'), '--public-key', at('cut.pem')],
    {},
    78,
    /cut\.pem/,
  ],
  ['an export into nowhere', ['--in', at('empty.jsonl'), '--export', at('no/where.jsonl')], {}, 64, /--export/],
  ['no brokers', [], {}, 78, /KAFKA_BROKERS/],
  ['a broker that is not there', [], { KAFKA_BROKERS: '127.0.0.1:1' }, 69, /127\.0\.0\.1:1/],
])('%s: one error, and the exit code for it', async (_, flags, env, code, says) => {
  const ran = await lethe(['verify', ...flags], { env });
  expect(ran).toEqual({ code, stdout: '', stderr: expect.stringMatching(says) });
});
