/** Issue 4, "Guards and proof": guards.yaml, and `lethe prove`. */
import { beforeAll, describe, expect, it } from 'vitest';
import { folderOf, lethe, type Ran } from './command.ts';
import { configFiles, KEYS } from './replayed.ts';

const POLICY = `route: events
from: { topic: raw.events, format: json }
subject: customer.id
fields:
  event_id: system
  customer.id: user.unique_id
  customer.email: user.contact.email
  "customer.allergies[]": user.health
headers: { x-diet: user.health }
outputs:
  - topic: clean.analytics
    purpose: analytics
    rules:
      - { select: system, action: keep }
      - { select: user.contact, action: mask, mask: email }
      - { select: user.health, action: drop }
  - topic: clean.acme
    purpose: partner.acme
    rules:
      - { select: system, action: keep }
      - { select: user.health, action: redact }
`;
const FILES = configFiles({
  taxonomy:
    'categories: { system: {}, user: {}, user.unique_id: {}, user.contact.email: {}, user.health: { sensitive: true } }\n',
  purposes: `purposes:
  analytics: { basis: { default: consent }, retention: { default: P30D } }
  partner.acme: { recipient: acme, basis: { default: consent }, retention: { default: P30D } }
`,
  policies: { events: POLICY },
});
const HOLDS = 'guards:\n  - { category: user.contact, only_as: [pseudonymize, mask], in: analytics }\n';
const BROKEN = `${HOLDS}  - category: user.health\n    never_in: ["partner.*"]\n    why: Art. 9\n`;

const withGuards = (guards: string | null): string =>
  folderOf({
    ...FILES,
    ...(guards === null ? {} : { 'config/guards.yaml': guards }),
    'in.jsonl': '{"event_id":"e1","customer":{"id":"cust-1"}}\n',
    'keys.json': KEYS,
  });

describe('a guard that a policy breaks', () => {
  let lint: Ran;
  let replay: Ran;
  let proof: Ran;
  beforeAll(async () => {
    const cwd = withGuards(BROKEN);
    [lint, replay, proof] = await Promise.all([
      lethe(['lint', 'config'], { cwd }),
      lethe(['replay', 'config', '--in', 'in.jsonl', '--out', 'out', '--keys', 'keys.json'], { cwd }),
      lethe(['prove', 'config'], { cwd }),
    ]);
  });

  it('fails lint, at the rule, naming the guard and the fields with their places', () => {
    expect(lint.code).toBe(1);
    const [line, ...others] = lint.stdout.trimEnd().split('\n');
    expect(others).toEqual([]);
    expect(line).toMatch(/^config\/policies\/events\.yaml:21:11 guard-broken /);
    for (const place of [
      'guards.yaml:3:5',
      '`customer.allergies[]` (policies/events.yaml:8:3)',
      '`headers.x-diet` (policies/events.yaml:9:12)',
    ]) {
      expect(line).toContain(place);
    }
    expect(line).toContain('`clean.acme` (purpose `partner.acme`)');
    expect(line).toContain('Art. 9');
  });

  it('makes the configuration unusable', () => {
    expect(replay.code).toBe(78);
    expect(replay.stdout).toBe('');
    expect(replay.stderr).toContain('guard-broken');
  });

  it('is shown by prove, beside the one that holds', () => {
    expect(proof.code).toBe(1);
    expect(proof.stdout).toMatch(
      /holds {3}user\.contact only as pseudonymize or mask in analytics \(guards\.yaml:2:5\)/,
    );
    expect(proof.stdout).toMatch(/BROKEN {2}user\.health never in partner\.\* \(guards\.yaml:3:5\)/);
    expect(proof.stdout).toContain('policies/events.yaml:21:11');
    expect(proof.stdout).not.toContain('cust-1');
  });
});

describe('guards', () => {
  it('are optional, and change nothing where they hold but the digest', async () => {
    const [none, some] = await Promise.all(
      [null, HOLDS].map((guards) => lethe(['lint', 'config'], { cwd: withGuards(guards) })),
    );
    expect([none, some]).toMatchObject([
      { code: 0, stdout: '' },
      { code: 0, stdout: '' },
    ]);
  });

  it('are strict: each mistake has its place', async () => {
    const guards = `guards:
  - { category: user.helth, never_in: "*" }
  - { category: user, never_inn: "*" }
  - { category: user, only_as: [hash] }
  - { never_in: "*" }
`;
    const shape = await lethe(['lint', 'config'], { cwd: withGuards(guards) });
    expect(shape.code).toBe(1);
    const found = shape.stdout.split('\n').map((line) => /^config\/guards\.yaml:(\d+:\d+ \S+)/.exec(line)?.[1]);
    expect(found.filter(Boolean)).toEqual([
      '2:7 category-unknown',
      '3:23 unknown-key',
      '4:33 unknown-value',
      '5:5 missing-key',
    ]);
    const meaning = `guards:\n  - { category: user.helth, never_in: "*" }\n  - { category: user, never_in: partner }\n  - { category: user }\n`;
    const names = await lethe(['lint', 'config'], { cwd: withGuards(meaning) });
    const codes = names.stdout.split('\n').map((line) => /^config\/guards\.yaml:(\d+:\d+ \S+)/.exec(line)?.[1]);
    expect(codes.filter(Boolean)).toEqual(['2:7 category-unknown', '3:23 purpose-unknown', '4:7 guard-options']);
  });
});

describe('lethe prove', () => {
  it('proves the example configuration, whose guards hold', async () => {
    const { code, stdout, stderr } = await lethe(['prove', 'config']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^ {2}user\.health +keep! +- +-$/m);
    expect(stdout).toMatch(/^ {2}holds {3}no health data for partners: user\.health never in partner\.\*/m);
    expect(stdout).not.toContain('BROKEN');
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  it.each<[string, readonly string[], Record<string, string>, number, RegExp]>([
    ['a wrong flag', ['config', '--categry', 'x'], {}, 64, /--categry/],
    ['a wrong format', ['config', '--format', 'xml'], {}, 64, /text, json, md/],
    ['no folder', [], {}, 64, /dir/],
    ['a folder that is not there', ['nowhere'], {}, 78, /missing-folder/],
    ['a category that is not there', ['config', '--category', 'user.helth'], {}, 64, /Did you mean `user\.health`/],
    [
      'a registry that does not answer',
      ['config'],
      { SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9' },
      69,
      /127\.0\.0\.1:9/,
    ],
  ])('says what is wrong with %s', async (_name, args, env, code, told) => {
    const ran = await lethe(['prove', ...args], { env });
    expect(ran.code).toBe(code);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toMatch(told);
  });
});
