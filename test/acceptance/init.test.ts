/** Issue 4: `lethe init` writes a first policy that releases nothing, passes lint, and holds no value. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { folderOf, lethe, type Ran } from './command.ts';

/** Letters that occur nowhere else; in values and in keys. */
const CANARY = 'qzxqz';
const event = (index: number) => ({
  event_id: `${CANARY}-${index}`,
  occurred_at: new Date(1_767_225_600_000 + index).toISOString(),
  customer: {
    id: `${CANARY}${index % 9}`,
    email: `${CANARY}${index}@example.com`,
    vorname: CANARY,
    allergies: [CANARY],
    country: 'DE',
  },
  device: { ip: `192.0.2.${index}` },
  ref: `DE89370400440532013000`,
  seen_by: { [`${CANARY}${index}@example.org`]: index },
  'app.version': CANARY,
  friends: { [`${CANARY}${'abcdefghijklmnopqrstuvwxyzabcd'[index]}${'x'.repeat(index)}`]: true },
  level: 7,
});
const LINES = Array.from({ length: 30 }, (_, index) => JSON.stringify(event(index)));
const CONSENTS = Array.from({ length: 9 }, (_, index) =>
  JSON.stringify({
    subject: `${CANARY}${index}`,
    purpose: '*',
    decision: 'granted',
    at: '2025-01-01T00:00:00Z',
    method: 'explicit',
  }),
);

const dir = folderOf({
  'events.jsonl': `${LINES.join('\n')}\n`,
  'consents.jsonl': `${CONSENTS.join('\n')}\n`,
  'empty.jsonl': '',
  'none.jsonl': `${CANARY}\n`,
  'cut.jsonl': `{"email":"${CANARY}@example.com`,
});
const run = (...args: string[]): Promise<Ran> => lethe(args, { cwd: dir });
const text = (file: string): string => readFileSync(join(dir, file), 'utf8');

describe('lethe init', () => {
  let made: Ran;
  beforeAll(async () => {
    made = await run('init', 'made', '--in', 'events.jsonl', '--route', 'orders');
  });

  it('proposes a category for every field, and tells what is next', () => {
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(/^Looked at 30 records\.$/m);
    expect(made.stdout).toMatch(/^customer\.email +user\.contact\.email +high +in all$/m);
    expect(made.stdout).toMatch(/^ref +user\.financial\.account_number +high +in all$/m);
    expect(made.stdout).toMatch(/^seen_by\.\* +user\.contact\.email +low +in all$/m);
    expect(made.stdout).toMatch(/^friends\.\* +user +low +in all$/m);
    expect(made.stdout).toMatch(/^subject customer\.id \(high\), time occurred_at \(high\), region customer\.country/m);
    expect(made.stdout).toMatch(/lethe lint made && lethe test made/);
    expect(text('made/policies/orders.yaml')).toMatch(/^ {2}"app\\\\\.version": system # /m);
    expect(text('made/policies/orders.yaml')).toMatch(/^ {2}level: user # low; whole number of 1 digit; in all$/m);
  });

  it('holds no value and no key of a map', () => {
    const files = readdirSync(join(dir, 'made'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.yaml'),
    );
    expect(files.toSorted()).toEqual([
      'policies/orders.test.yaml',
      'policies/orders.yaml',
      'purposes.yaml',
      'regimes.yaml',
      'taxonomy.yaml',
    ]);
    const all = [made.stdout, made.stderr, ...files.map((file) => text(`made/${file}`))].join('\n');
    expect(all).not.toContain(CANARY);
    expect(all).not.toContain('192.0.2.2');
    expect(all).not.toContain('DE8937');
  });

  it('passes lint without a warning, and its own tests', async () => {
    expect(await run('lint', 'made', '--deny-warnings')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await run('test', 'made')).toMatchObject({ code: 0, stdout: expect.stringContaining('3 passed, 0 failed') });
  });

  it('publishes nothing of what it was made from, whatever was consented to', async () => {
    await run('keys', 'generate', '--out', 'keys.json');
    const replayed = await run(
      'replay',
      'made',
      '--in',
      'events.jsonl',
      '--out',
      'out',
      '--consents',
      'consents.jsonl',
      '--keys',
      'keys.json',
      '--now',
      '2026-01-02T00:00:00Z',
    );
    expect(JSON.parse(replayed.stdout)).toMatchObject({ records: 30, deadLetters: {} });
    const published = text('out/clean.analytics.orders.jsonl')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(published.length).toBe(30);
    for (const one of published) expect(one).toMatchObject({ key: null, value: {} });
    expect(text('out/clean.analytics.orders.jsonl')).not.toContain(CANARY);
  });

  it('overwrites nothing unless forced, and never the vocabularies', async () => {
    const before = text('made/policies/orders.yaml');
    const again = await run('init', 'made', '--in', 'events.jsonl', '--route', 'orders');
    expect(again).toMatchObject({ code: 64, stdout: '' });
    expect(again.stderr).toMatch(/made\/policies\/orders\.yaml and .* are there already\n.*--route.*--force/);
    expect(text('made/policies/orders.yaml')).toBe(before);
    const forced = await run('init', 'made', '--in', 'events.jsonl', '--route', 'orders', '--sample', '2', '--force');
    expect(forced.code).toBe(0);
    expect(forced.stdout).toMatch(
      /Left as they are: purposes\.yaml, regimes\.yaml, taxonomy\.yaml|Left as they are: taxonomy/,
    );
    expect(text('made/policies/orders.yaml')).toMatch(/from 2 records/);
  });

  it('says that a raw topic has its route already', async () => {
    const clash = await run('init', 'made', '--in', 'events.jsonl', '--route', 'other', '--topic', 'raw.orders');
    expect(clash).toMatchObject({ code: 64, stdout: '' });
    expect(clash.stderr).toMatch(/has a route for that already/);
  });

  it('prints the files and writes nothing with --dry-run', async () => {
    const dry = await run('init', 'dry', '--in', 'events.jsonl', '--dry-run');
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(/^# ==> policies\/events\.yaml <==$/m);
    expect(readdirSync(dir)).not.toContain('dry');
  });

  it.each<[string, number, RegExp, string[]]>([
    ['an empty file', 1, /^lethe: empty\.jsonl is empty\n/, ['--in', 'empty.jsonl']],
    ['a record that is cut off', 1, /^lethe: there is no JSON object in cut\.jsonl /, ['--in', 'cut.jsonl']],
    ['a missing file', 64, /the file does not exist/, ['--in', 'gone.jsonl']],
    ['two things', 64, /^lethe: init looks at one thing\n/, ['--in', 'events.jsonl', '--subject', 's']],
  ])('refuses %s', async (_what, code, message, args) => {
    const ran = await run('init', 'never', ...args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr).not.toContain(CANARY);
    expect(readdirSync(dir)).not.toContain('never');
  });

  it.each([
    ['broker', ['--from-topic', 't'], { KAFKA_BROKERS: '127.0.0.1:1' }],
    ['registry', ['--subject', 's'], { SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1' }],
  ])('tells of a %s that does not answer', async (_what, args, env) => {
    const ran = await lethe(['init', 'never', ...args], { cwd: dir, env });
    expect(ran).toMatchObject({ code: 69, stdout: '' });
    expect(ran.stderr).toMatch(/127\.0\.0\.1:1/);
  });
});
