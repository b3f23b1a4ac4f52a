/** DESIGN sections 8 and 12: exit codes, and errors that name the place and hold no value. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf, lethe } from './command.ts';
import { CANARY, configFiles, KEYS } from './replayed.ts';

const POLICY = (route: string) => `
route: ${route}
from: { topic: raw.${route}, format: json }
subject: id
fields:
  e: system
outputs:
  - topic: clean.${route}
    purpose: ops
    rules: [{ select: system, action: keep }]
`;
const CONFIG = {
  taxonomy: 'categories:\n  system: {}\n  user: {}\n',
  purposes: 'purposes:\n  ops: { basis: { default: contract }, retention: { default: P365D } }\n',
};
const parsed = JSON.parse(KEYS);
const base64 = (bytes: number, fill = 9) => Buffer.alloc(bytes, fill).toString('base64');
const folder = folderOf({
  ...configFiles({ ...CONFIG, policies: { one: POLICY('one') } }),
  ...Object.fromEntries(
    Object.entries(configFiles({ ...CONFIG, policies: { one: POLICY('one'), two: POLICY('two') } })).map(
      ([name, text]) => [`both/${name}`, text],
    ),
  ),
  'bad/config/taxonomy.yaml': 'categories:\n  system: {}\n  user: {}\n  typo: { sensitiv: true }\n',
  'empty/readme': '',
  'in.jsonl': '{"id":"canary","e":1}\n',
  'dead.jsonl': 'canary\n',
  'keys.json': KEYS,
  'keys-short.json': JSON.stringify({ ...parsed, subject: base64(31) }),
  'keys-text.json': JSON.stringify({ ...parsed, subject: 'canary' }),
  'keys-missing.json': JSON.stringify({ subject: parsed.subject, dead_letter: parsed.dead_letter }),
  'keys-rotated.json': JSON.stringify({ ...parsed, 'pseudonym@2': base64(32), 'dead_letter@2': base64(32) }),
  'keys-broken.json': '{"subject": "canary',
  'consents-bad.jsonl': [
    '{"subject":"canary","purpose":"ops","decision":"granted","at":"2026-01-05T10:00:00Z"}',
    '{"subject":"canary","purpose":"ops","decision":"canary","at":"2026-01-05T10:00:00Z"}',
    '',
    '{"subject":"canary","purpose":"ops","decision":"granted","at":"2026-01-05"}',
    'canary',
    '{"subject":"canary","purpose":"ops","decision":"granted"}',
  ].join('\n'),
});
const at = (name: string): string => join(folder, name);
const keys = { LETHE_KEYS_FILE: at('keys.json') };
const OUT = ['--in', at('in.jsonl'), '--out', at('out')];
const one = at('config');

/** Name, arguments, environment, exit code, what stderr must tell. */
const CASES: [string, string[], Record<string, string>, number, RegExp][] = [
  ['a good replay', ['replay', one, ...OUT], keys, 0, /^/],
  ['dead letters do not change that', ['replay', one, '--in', at('dead.jsonl'), '--out', at('out2')], keys, 0, /^/],
  ['the route of several', ['replay', at('both/config'), ...OUT, '--route', 'two'], keys, 0, /^/],
  ['keys of two versions', ['replay', one, ...OUT], { LETHE_KEYS_FILE: at('keys-rotated.json') }, 0, /^/],
  ['no command', [], {}, 64, /Usage/],
  ['an unknown command', ['relpay', one], {}, 64, /relpay/],
  ['an unknown flag', ['replay', one, ...OUT, '--nwo', 'x'], keys, 64, /--nwo/],
  ['one argument too many', ['lint', one, one], {}, 64, /argument/],
  ['no folder', ['lint'], {}, 64, /dir/],
  ['no --in', ['replay', one, '--out', at('out')], keys, 64, /--in/],
  ['no --out', ['replay', one, '--in', at('in.jsonl')], keys, 64, /--out/],
  ['a flag without its value', ['replay', one, '--out', at('out'), '--in'], keys, 64, /--in/],
  ['an unknown format', ['lint', one, '--format', 'xml'], {}, 64, /xml.*text|text.*xml/],
  ['--now is a date', ['replay', one, ...OUT, '--now', '2026-03-01'], keys, 64, /--now/],
  ['--now is a number', ['replay', one, ...OUT, '--now', '1772236800000'], keys, 64, /--now/],
  ['--now is a word', ['replay', one, ...OUT, '--now', 'yesterday'], keys, 64, /--now/],
  ['an unknown route', ['replay', one, ...OUT, '--route', 'three'], keys, 64, /three.*one|one/],
  ['several routes and none named', ['replay', at('both/config'), ...OUT], keys, 64, /--route.*one, two/s],
  ['an input that is a folder', ['replay', one, '--in', at('empty'), '--out', at('out')], keys, 64, /--in/],
  ['an output that is a file', ['replay', one, '--in', at('in.jsonl'), '--out', at('keys.json')], keys, 64, /--out/],
  ['an input that is not there', ['replay', one, '--in', at('nowhere'), '--out', at('out')], keys, 64, /nowhere/],
  ['consents that are not there', ['replay', one, ...OUT, '--consents', at('nowhere')], keys, 64, /nowhere/],
  [
    'consents that cannot be read',
    ['replay', one, ...OUT, '--consents', at('consents-bad.jsonl')],
    keys,
    1,
    /bad\.jsonl:2: .*bad\.jsonl:4: .*bad\.jsonl:5: .*bad\.jsonl:6: /s,
  ],
  ['a bad configuration', ['replay', at('bad/config'), ...OUT], keys, 78, /taxonomy\.yaml:4:11 \S+ .*sensitiv/],
  ['lint of a bad configuration', ['lint', at('bad/config')], {}, 1, /^/],
  [
    'push of a bad configuration',
    ['push', at('bad/config')],
    { REDIS_URL: 'redis://127.0.0.1:1' },
    78,
    /taxonomy\.yaml:4:11 /,
  ],
  ['a folder without configuration', ['replay', at('empty'), ...OUT], keys, 78, /taxonomy\.yaml/],
  ['no keys file', ['replay', one, ...OUT], {}, 78, /LETHE_KEYS_FILE/],
  ['a keys file that is not there', ['replay', one, ...OUT], { LETHE_KEYS_FILE: at('nowhere') }, 78, /nowhere/],
  [
    'keys that are no JSON',
    ['replay', one, ...OUT],
    { LETHE_KEYS_FILE: at('keys-broken.json') },
    78,
    /keys-broken\.json/,
  ],
  ['a key of 31 bytes', ['replay', one, ...OUT], { LETHE_KEYS_FILE: at('keys-short.json') }, 78, /subject.*32 bytes/],
  ['a key that is none', ['replay', one, ...OUT], { LETHE_KEYS_FILE: at('keys-text.json') }, 78, /subject/],
  ['a key that is missing', ['replay', one, ...OUT], { LETHE_KEYS_FILE: at('keys-missing.json') }, 78, /pseudonym/],
  ['a worker without settings', ['run'], {}, 78, /KAFKA_BROKERS.*REDIS_URL|REDIS_URL.*KAFKA_BROKERS/s],
  ['keys that would be overwritten', ['keys', 'generate', '--out', at('keys.json')], {}, 64, /keys\.json/],
];

/** What a new keys file holds, in this order. */
const KEY_NAMES = ['subject', 'pseudonym', 'dead_letter', 'checkpoint', 'data_key', 'data_key_ref'];

describe('exit codes', () => {
  it.each(CASES)('%s', async (_, args, env, code, says) => {
    const ran = await lethe(args, { env });
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code, stderr: expect.stringMatching(says) });
    // Output for machines goes to stdout alone, and errors to stderr alone.
    if (code !== 0 && args[0] !== 'lint') expect(ran.stdout).toBe('');
    const shown = `${ran.stdout}${ran.stderr}`;
    for (const value of [CANARY, ...Object.values(parsed), base64(31)]) expect(shown).not.toContain(value);
  });
});

describe('keys generate', () => {
  it('makes keys that a replay takes, readable by their owner only', async () => {
    const file = at('new-keys.json');
    const made = await lethe(['keys', 'generate', '--out', file]);
    expect(made.code).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const generated: Record<string, string> = JSON.parse(readFileSync(file, 'utf8'));
    expect(Object.keys(generated)).toEqual(KEY_NAMES);
    for (const key of Object.values(generated)) {
      expect(Buffer.from(key, 'base64')).toHaveLength(32);
      expect(`${made.stdout}${made.stderr}`).not.toContain(key);
    }
    const ran = await lethe(['replay', one, '--in', at('in.jsonl'), '--out', at('out3')], {
      env: { LETHE_KEYS_FILE: file },
    });
    expect(ran.code).toBe(0);
    expect(existsSync(at('out3/clean.one.jsonl'))).toBe(true);
  });

  it('prints them without --out, as a keys file and nothing else', async () => {
    const { code, stdout } = await lethe(['keys', 'generate']);
    expect(code).toBe(0);
    expect(Object.keys(JSON.parse(stdout))).toEqual(KEY_NAMES);
  });
});

describe('keys of several versions', () => {
  it('the highest signs, wherever it stands in the file', async () => {
    const files = {
      first: { ...parsed },
      both: { ...parsed, 'pseudonym@2': base64(32) },
      turned: { 'pseudonym@2': base64(32), ...parsed },
      ten: { ...parsed, 'pseudonym@10': base64(32), 'pseudonym@9': base64(32, 8) },
      nine: { ...parsed, 'pseudonym@9': base64(32, 8) },
    };
    const made = folderOf(Object.fromEntries(Object.entries(files).map(([name, all]) => [name, JSON.stringify(all)])));
    const signed: Record<string, string> = {};
    for (const name of Object.keys(files)) {
      const out = join(made, `${name}.out`);
      const ran = await lethe(['replay', one, '--in', at('in.jsonl'), '--out', out, '--keys', join(made, name)]);
      expect(ran).toMatchObject({ code: 0 });
      signed[name] = JSON.parse(readFileSync(join(out, 'clean.one.jsonl'), 'utf8')).key;
    }
    const { first, both, turned, ten, nine } = signed;
    expect(turned).toBe(both);
    expect(new Set([first, both, ten, nine]).size).toBeGreaterThanOrEqual(3);
    expect(both).not.toBe(first);
    expect(ten).not.toBe(nine);
  });
});

describe('help', () => {
  it.each([['replay'], ['lint'], ['consent', 'import']])('lethe %s', async (...command) => {
    const { code, stdout } = await lethe([...command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:\n +lethe /);
  });
});
