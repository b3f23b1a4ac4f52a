/** `lethe diff` as a person, or a pipeline, runs it: exit codes, what is printed, and that no value is among it. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf, lethe, type Ran } from './command.ts';

const POLICY = (rules: string): string => `route: events
from: { topic: raw.events, format: json }
subject: id
time: at
fields: { id: user.unique_id, at: system, mail: user.contact.email, note: system }
outputs:
  - topic: clean.events
    purpose: analytics
    rules:
      - { select: user.unique_id, action: pseudonymize }
${rules}`;

const MASKED = '      - { select: user.contact.email, action: mask, mask: email }\n';
const KEPT = '      - { select: user.contact.email, action: keep }\n';
const NOTE = '      - { select: system, action: keep }\n';

const config = (name: string, rules: string): Record<string, string> => ({
  [`${name}/taxonomy.yaml`]: 'categories: { system: {}, user: {}, user.unique_id: {}, user.contact.email: {} }\n',
  [`${name}/purposes.yaml`]: 'purposes: { analytics: { basis: { default: consent }, retention: { default: P30D } } }\n',
  [`${name}/regimes.yaml`]: 'regimes: { gdpr: [DE] }\ndefault: gdpr\n',
  [`${name}/policies/events.yaml`]: POLICY(rules),
});

const AT = '2026-02-01T00:00:00Z';
const record = (id: string, rest: object = {}): string =>
  `${JSON.stringify({ id, at: AT, mail: 'hiddenvalue@example.com', note: 'hiddenvalue', ...rest })}\n`;
const consent = (subject: string, decision: string, at: string): string =>
  `${JSON.stringify({ subject, purpose: 'analytics', decision, at, method: 'explicit' })}\n`;

const folder = folderOf({
  ...config('masked', MASKED + NOTE),
  ...config('kept', KEPT + NOTE),
  ...config('without-note', MASKED),
  'bad/taxonomy.yaml': 'categories: {}\n',
  'in.jsonl': `${record('cust-1')}${record('cust-2')}\n{"id":"cust-1","at":"${AT}","mail":"hid`,
  'empty.jsonl': '',
  // The first withdrew after the record arrived, the second before.
  'consents.jsonl': [
    ...['cust-1', 'cust-2'].map((subject) => consent(subject, 'granted', '2026-01-01T00:00:00Z')),
    consent('cust-1', 'withdrawn', '2026-02-02T00:00:00Z'),
    consent('cust-2', 'withdrawn', '2026-01-31T00:00:00Z'),
  ].join(''),
  'bad.jsonl': '{"subject":"hiddenvalue"}\n',
});

async function diff(...args: readonly string[]): Promise<Ran> {
  const ran = await lethe(['diff', ...args], { cwd: folder });
  expect(`${ran.stdout}${ran.stderr}`).not.toContain('hiddenvalue');
  expect(`${ran.stdout}${ran.stderr}`).not.toContain('cust-');
  return ran;
}

describe('a static diff', () => {
  it('exits 2 on new exposure where it is told to, and names the rule', async () => {
    const [plain, failing] = await Promise.all([diff('masked', 'kept'), diff('masked', 'kept', '--fail-on-exposure')]);
    expect([plain.code, failing.code]).toEqual([0, 2]);
    expect(plain.stdout).toBe(failing.stdout);
    expect(plain.stdout).toMatch(
      /mail \(user\.contact\.email\) leaves in another form: mask email → keep {3}policies\/events\.yaml:11:11/,
    );
    expect(plain.stderr).not.toMatch(/\r|MB\/s/);
  });

  it('exits 0 on what hides', async () => {
    const hidden = await diff('masked', 'without-note', '--fail-on-exposure');
    expect(hidden.code).toBe(0);
    expect(hidden.stdout).toContain('note (system) leaves no more: keep → no rule');
    expect(hidden.stdout).toMatch(/\nNo new exposure; \d+ other change\(s\)\.\n$/);
  });

  it('says so where nothing differs', async () => {
    const same = await diff('masked', './masked', '--fail-on-exposure', '--format', 'md');
    expect(same).toMatchObject({ code: 0 });
    expect(same.stdout).toContain('**No new exposure; nothing differs.**');
  });
});

describe('a measured diff', () => {
  it('judges each record as of when it happened', async () => {
    const ran = await diff('masked', 'kept', '--in', 'in.jsonl', '--consents', 'consents.jsonl', '--format', 'json');
    expect(ran.code).toBe(0);
    const report = JSON.parse(ran.stdout) as { exposure: unknown; measured: { outputs: object[] } };
    expect(report.exposure).toEqual({ static: true, measured: true });
    expect(report.measured).toMatchObject({
      route: 'events',
      source: 'in.jsonl',
      records: 3,
      deadLetters: { new: { records: 0 }, gone: { records: 0 }, both: 1 },
    });
    expect(report.measured.outputs).toMatchObject([
      {
        topic: 'clean.events',
        published: { before: 1, after: 1 },
        categories: [
          {
            category: 'user.contact.email',
            fields: [{ path: 'mail', values: { more: 1 }, examples: { more: ['in.jsonl:1'] } }],
          },
        ],
      },
    ]);
  });

  it('or as of --now, by which both have withdrawn', async () => {
    const args = [
      '--in',
      'in.jsonl',
      '--consents',
      'consents.jsonl',
      '--now',
      '2026-02-03T00:00:00Z',
      '--format',
      'json',
    ];
    const report = JSON.parse((await diff('masked', 'kept', ...args)).stdout) as { exposure: unknown };
    expect(report.exposure).toEqual({ static: true, measured: false });
  });

  it('of no records is no error', async () => {
    const ran = await diff(
      'masked',
      'masked',
      '--in',
      'empty.jsonl',
      '--consents',
      'consents.jsonl',
      '--fail-on-exposure',
    );
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('empty.jsonl holds no record: nothing was measured');
  });
});

describe('what cannot be done', () => {
  it.each([
    ['one configuration alone', ['masked'], 64, "missing required argument 'new'"],
    ['an unknown flag', ['masked', 'kept', '--fail-on-exposures'], 64, 'Did you mean --fail-on-exposure?'],
    ['two inputs', ['masked', 'kept', '--in', 'in.jsonl', '--from-topic', 'raw.events'], 64, 'exclude each other'],
    ['a missing input', ['masked', 'kept', '--in', 'nothing.jsonl'], 64, '--in nothing.jsonl: the file does not exist'],
    [
      'a consents file that makes no sense',
      ['masked', 'kept', '--in', 'in.jsonl', '--consents', 'bad.jsonl'],
      1,
      'bad.jsonl:1: ',
    ],
    ['a missing folder', ['masked', 'nowhere'], 78, 'there is no such configuration folder'],
    ['a configuration that does not compile', ['bad', 'masked'], 78, 'bad cannot be used'],
    ['active without REDIS_URL', ['active', 'masked'], 78, 'REDIS_URL: the setting is missing'],
  ] as const)('%s', async (_, args, code, message) => {
    const ran = await diff(...args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(message);
  });

  it('a server that is not there', async () => {
    const env = { REDIS_URL: 'redis://127.0.0.1:1', KAFKA_BROKERS: '127.0.0.1:1' };
    const topic = ['masked', 'kept', '--from-topic', 'raw.events', '--consents', 'consents.jsonl'];
    const [redis, kafka] = await Promise.all([
      lethe(['diff', 'active', 'masked'], { cwd: folder, env }),
      lethe(['diff', ...topic], { cwd: folder, env }),
    ]);
    expect([redis.code, kafka.code]).toEqual([69, 69]);
    expect(redis.stderr).toContain('Redis at 127.0.0.1:1');
    expect(kafka.stderr).toContain('Kafka at 127.0.0.1:1');
  });
});

it('is shown by help, with examples', async () => {
  const { code, stdout } = await lethe(['diff', '--help'], { cwd: join(folder, 'masked') });
  expect(code).toBe(0);
  expect(stdout).toContain('lethe diff active config --fail-on-exposure');
});
