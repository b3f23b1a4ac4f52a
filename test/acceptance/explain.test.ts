/** `lethe explain` as its users run it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { folderOf, lethe, type Ran } from './command.ts';
import { CANARY, configFiles, KEYS, NOW } from './replayed.ts';

const config = configFiles({
  taxonomy: 'categories: { system: {}, user: {}, user.unique_id: {}, user.contact.email: {}, user.behavior: {} }\n',
  purposes: 'purposes:\n  analytics: { basis: { default: consent }, retention: { default: P3650D } }\n',
  policies: {
    shop: `route: shop
from: { topic: raw.shop, format: json }
subject: id
time: at
fields: { id: user.unique_id, at: system, email: user.contact.email, "items[].sku": user.behavior, "tags.*": user.behavior }
outputs:
  - topic: clean.shop
    purpose: analytics
    rules:
      - { select: system, action: keep }
      - { select: user.unique_id, action: pseudonymize }
      - { select: user.contact.email, action: mask, mask: email }
      - { select: user.behavior, action: keep }
`,
    other: `route: other
from: { topic: raw.other, format: json }
subject: id
fields: { id: user.unique_id }
outputs: [{ topic: clean.other, purpose: analytics, rules: [] }]
`,
  },
});
const RECORDS = [
  `{"id":"c-1","at":"2026-02-01T00:00:00Z","email":"${CANARY}@example.com","items":[{"sku":"${CANARY}-1","price":9},{},{"sku":null}],"tags":{"a.b":1.50,"n":9007199254740993}}`,
  `{"id":"c-2","at":"2026-02-01T00:00:00Z","email":"${CANARY}@example.com","note":"${CANARY}"}`,
  `{"id":"c-1","at":"2026-02-01T00:00:00Z","email":"no ${CANARY} address"}`,
];
const CONSENTS = '{"subject":"c-1","purpose":"analytics","decision":"granted","at":"2026-01-05T10:00:00Z"}\n';

const folder = folderOf({
  ...config,
  'keys.json': KEYS,
  'consents.jsonl': CONSENTS,
  'in.jsonl': RECORDS.map((line) => `${line}\n`).join(''),
});
const at = (name: string): string => join(folder, name);
const env = { LETHE_KEYS_FILE: at('keys.json') };
const explain = (args: readonly string[], stdin?: string): Promise<Ran> =>
  lethe(['explain', ...args], { env, cwd: folder, ...(stdin === undefined ? {} : { stdin }) });
/** What is on stderr beside the warnings of the configuration; never a value. */
const errorsOf = ({ stderr }: Ran): string => {
  expect(stderr).not.toContain(CANARY);
  return stderr.replaceAll(/^config\/.* warning: .*\n/gm, '');
};
const GIVEN = ['config', '--route', 'shop', '--consents', 'consents.jsonl', '--now', NOW];

type Told = {
  readonly line: number | null;
  readonly outcome: string;
  readonly deadLetter: { readonly code: string; readonly path: string | null } | null;
  readonly undeclared: { readonly shown: readonly { readonly path: string }[] };
  readonly outputs: readonly {
    readonly outcome: string;
    readonly reason: string | null;
    readonly key: { readonly value: string | null };
    readonly fields: readonly {
      readonly rule: { readonly file: string; readonly line: number } | null;
      readonly values: { readonly shown: readonly { readonly path: string; readonly after?: unknown }[] };
    }[];
  }[];
};

describe('records of a file', () => {
  let told: readonly Told[];
  let ran: Ran;
  let published: { readonly key: string; readonly value: Record<string, unknown> }[];

  beforeAll(async () => {
    const replay = ['replay', 'config', '--route', 'shop', '--in', 'in.jsonl', '--out', 'out', '--now', NOW];
    const [explained, replayed] = await Promise.all([
      explain([...GIVEN, '--in', 'in.jsonl', '--format', 'json']),
      lethe([...replay, '--consents', 'consents.jsonl'], { env, cwd: folder }),
    ]);
    expect(replayed.code).toBe(0);
    ran = explained;
    told = explained.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Told);
    published = readFileSync(at('out/clean.shop.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  });

  it('are explained one after another, as replay plays them', () => {
    expect([ran.code, errorsOf(ran)]).toEqual([0, '']);
    expect(told.map(({ line, outcome }) => [line, outcome])).toEqual([
      [1, 'decided'],
      [2, 'decided'],
      [3, 'dead_lettered'],
    ]);
    expect(told[1]?.outputs[0]).toMatchObject({ outcome: 'withheld', reason: 'consent_missing' });
    expect(told[2]?.deadLetter).toMatchObject({ code: 'action_failed', path: 'email' });
    expect(told[1]?.undeclared.shown).toEqual([{ path: 'note', kind: 'text' }]);
  });

  it('values are those that replay publishes', () => {
    const [output] = told[0]!.outputs;
    const after = output!.fields.flatMap(({ values }) =>
      values.shown.flatMap((one) => ('after' in one ? [[one.path, one.after] as const] : [])),
    );
    expect(published).toHaveLength(1);
    expect(output?.key.value).toBe(published[0]?.key);
    const { id, at: time, email, items, tags } = published[0]!.value;
    expect(Object.fromEntries(after)).toEqual({
      ...{ id, at: time, email, 'items[0].sku': `${CANARY}-1`, 'items[2].sku': null },
      ...{ 'tags.a\\.b': 1.5, 'tags.n': Number('9007199254740993') },
    });
    expect([items, tags]).toEqual([
      [{ sku: `${CANARY}-1` }, { sku: null }],
      { 'a.b': 1.5, n: Number('9007199254740993') },
    ]);
    expect(ran.stdout).toContain('"after":9007199254740993');
    expect(output?.fields[0]?.rule).toMatchObject({ file: 'policies/shop.yaml', line: 11 });
  });
});

describe('a record on stdin', () => {
  it('may span lines; text has no colours in a pipe', async () => {
    const pretty = JSON.stringify(JSON.parse(RECORDS[0]!), null, 2);
    const ran = await explain(GIVEN, pretty);
    const { stdout } = ran;
    expect([ran.code, errorsOf(ran)]).toEqual([0, '']);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain(`"${CANARY}@example.com" → "c***@example.com"  (masked as email)`);
    expect(stdout).toContain('policies/shop.yaml:12 (user.contact.email)');
  });

  it('cut off, it is a dead letter, and told as an error without its values', async () => {
    const ran = await explain(GIVEN, RECORDS[0]!.slice(0, -5));
    expect([ran.code, errorsOf(ran)]).toEqual([
      1,
      'lethe: stdin:1: this is no whole JSON object; a worker dead-letters it (undecodable)\n',
    ]);
    expect(ran.stdout).toContain('DEAD LETTER undecodable');
  });
});

describe('what cannot be explained is one clear error', () => {
  writeFileSync(at('bad-consents.jsonl'), `{"subject":"${CANARY}","purpose":1}\n`);
  const unreachable = { ...env, KAFKA_BROKERS: '127.0.0.1:1', REDIS_URL: 'redis://127.0.0.1:1' };
  const cases: readonly [string, readonly string[], number, string, Record<string, string>?][] = [
    ['nothing on stdin', GIVEN, 64, 'stdin holds no record'],
    ['an unknown route', ['config', '--route', 'nope'], 64, 'there is no route nope'],
    ['a missing file', [...GIVEN, '--in', 'nope.jsonl'], 64, 'the file does not exist'],
    ['no folder', [], 64, 'Neither a folder nor --at is given'],
    ['no coordinate', ['--at', 'raw.shop/0'], 64, '--at is no coordinate'],
    ['bad consents', ['config', '--route', 'shop', '--consents', 'bad-consents.jsonl'], 1, 'bad-consents.jsonl:1:'],
    ['a broker out of reach', ['--at', 'raw.shop/0/1'], 69, 'Kafka at 127.0.0.1:1', unreachable],
    ['no broker', ['--at', 'raw.shop/0/1'], 78, 'KAFKA_BROKERS'],
  ];

  it.each(cases)('%s', async (_name, args, code, message, settings = env) => {
    const ran = await lethe(['explain', ...args], { env: settings, cwd: folder });
    expect([ran.code, ran.stdout]).toEqual([code, '']);
    expect(ran.stderr).toContain(message);
    expect(ran.stderr).not.toContain(CANARY);
  });
});
