/** Issue 4: `lethe catalog`, in every format, over the example configuration and over records of a file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf, lethe } from './command.ts';

type Topic = {
  topic: string;
  purpose: { name: string; recipient: string | null; readers: string[] | null };
  fields: {
    path: string;
    category: string;
    form: { plain: string; policy: string };
    maxAgeMs: number;
    condition: string;
  }[];
  headers: { path: string }[];
  leftOut: { path: string; why: string }[];
  undeclared: string[] | null;
  grounds: { regime: string; basis: string; text: string }[];
  key: { kind: string };
  schema: { kind: string };
  examples: { from: string; test: string | null; stripped: string | null; key: string | null; value: string }[];
};
type Catalog = { version: number; bundle: string; topics: Topic[] };

const asJson = async (...args: string[]): Promise<Catalog> => {
  const { code, stdout, stderr } = await lethe(['catalog', 'config', '--format', 'json', ...args]);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Catalog;
};

describe('lethe catalog config', () => {
  it('tells of every topic in json what the issue asks for', async () => {
    const { version, bundle, topics } = await asJson();
    expect(version).toBe(1);
    expect(bundle).toMatch(/^[0-9a-f]{64}$/);
    expect(
      topics.map(({ topic, purpose, fields, schema }) => [topic, purpose.name, fields.length, schema.kind]),
    ).toEqual([
      ['clean.analytics.clickstream', 'analytics', 19, 'avro'],
      ['clean.analytics.customer-events', 'analytics', 21, 'json'],
      ['clean.fraud.customer-events', 'fraud_prevention', 20, 'json'],
      ['clean.partner-acme.customer-events', 'partner.acme', 8, 'json'],
    ]);
    const [clicks, analytics, , acme] = topics as [Topic, Topic, Topic, Topic];
    expect(analytics.fields.find(({ path }) => path === 'customer.allergies[]')).toMatchObject({
      ...{ category: 'user.health', sensitive: true, condition: 'only with explicit consent' },
      form: { plain: 'as it is', policy: 'keep' },
    });
    expect(analytics.leftOut).toContainEqual(expect.objectContaining({ path: 'payment.iban', why: 'no_rule' }));
    expect(analytics.headers.map(({ path }) => path)).toEqual(['traceparent']);
    expect(acme).toMatchObject({ purpose: { recipient: 'acme', readers: ['stock planning of acme'] } });
    expect(acme.grounds.map(({ regime, text }) => [regime, text])).toContainEqual([
      'ccpa',
      'consent in force that names acme',
    ]);
    expect(clicks.undeclared).toEqual([
      'visitor.internal_note',
      'page.query',
      'referrer.query',
      'interactions[].typed_text',
    ]);
  });

  it('shows what the engine publishes of policy tests, and nothing of their raw values', async () => {
    const { topics } = await asJson();
    const [clicks, analytics] = topics as [Topic, Topic];
    expect(clicks.examples.map(({ stripped, key }) => [stripped, key])).toEqual([
      [null, '<pseudonym>'],
      ['consent_missing', null],
    ]);
    // To the letter: no number has lost a digit.
    expect(clicks.examples[0]?.value).toContain('"seen":9007199254740993');
    const [example] = analytics.examples;
    expect(example).toMatchObject({ test: 'who consented to all is published, for each purpose in its own form' });
    expect(example?.from).toMatch(/^policies\/customer-events\.test\.yaml:\d+:\d+$/);
    expect(example?.value).toContain('"email":"u***@example.com"');
    for (const { examples } of topics) {
      for (const raw of ['user1@example.com', 'cust-1', '5550101', 'Example Street', 'called twice', '4111 1111']) {
        expect(JSON.stringify(examples)).not.toContain(raw);
      }
    }
  });

  it('is Markdown by default, and goes to the file of --out', async () => {
    const folder = folderOf({});
    const [first, second] = await Promise.all([
      lethe(['catalog', 'config']),
      lethe(['catalog', 'config', '--out', join(folder, 'catalog.md')]),
    ]);
    expect([first.code, first.stderr, second.code, second.stdout]).toEqual([0, '', 0, '']);
    expect(readFileSync(join(folder, 'catalog.md'), 'utf8')).toBe(first.stdout);
    expect(first.stdout).toContain(
      '| `customer.email` | `user.contact.email` | masked: first letter and domain kept | 180 days |  |',
    );
    expect(first.stdout).toContain('no rule of this topic releases it');
  });
});

describe('examples of a file', () => {
  const CONSENTS = '{"subject":"cust-9","purpose":"analytics","decision":"granted","at":"2026-01-05T10:00:00Z"}\n';
  const record = {
    event_id: 'evt-9',
    occurred_at: '2026-03-01T10:00:00Z',
    customer: { id: 'cust-9', email: 'user9@example.com' },
  };
  const folder = folderOf({
    'in.jsonl': `not json\n${JSON.stringify(record)}\n`,
    'consents.jsonl': CONSENTS,
    'broken.jsonl': '{"subject":\n',
  });
  const args = ['--in', join(folder, 'in.jsonl'), '--route', 'customer-events', '--now', '2026-03-02T00:00:00Z'];

  it('are what the consents given allow, and nothing else', async () => {
    const [without, withThem] = await Promise.all([
      asJson(...args),
      asJson(...args, '--consents', join(folder, 'consents.jsonl')),
    ]);
    const examples = ({ topics }: Catalog) =>
      topics.map((topic) => topic.examples.map(({ from, value }) => [from, value]));
    const file = join(folder, 'in.jsonl');
    const fraud = [
      `${file}:2`,
      '{"event_id":"evt-9","occurred_at":"2026-03-01T10:00:00Z","customer":{"id":"<pseudonym>","email":"<pseudonym>"}}',
    ];
    // Those of the other route still come from its policy tests.
    expect(examples(without).slice(1)).toEqual([[], [fraud], []]);
    expect(examples(without)[0]).toHaveLength(2);
    const analytics =
      '{"event_id":"evt-9","occurred_at":"2026-03-01T10:00:00Z","customer":{"id":"<pseudonym>","email":"u***@example.com"}}';
    expect(examples(withThem).slice(1)).toEqual([[[`${file}:2`, analytics]], [fraud], []]);
  });

  it.each([
    [['config', '--consents', join(folder, 'consents.jsonl')], 64, '--consents: it is about the records of --in'],
    [['config', '--route', 'customer-events'], 64, '--route: it is about the records of --in'],
    [['config', '--in', join(folder, 'none.jsonl'), '--route', 'customer-events'], 64, 'the file does not exist'],
    [['config', '--in', join(folder, 'in.jsonl')], 64, 'several routes: which one?'],
    [['config', ...args, '--consents', join(folder, 'broken.jsonl')], 1, 'broken.jsonl:1'],
    [['config', '--format', 'pdf'], 64, 'pdf'],
    [['config', '--out', join(folder, 'none', 'x.html')], 64, 'the file cannot be written'],
    [['no-such-folder'], 78, 'no-such-folder'],
  ])('%j is one clear error', async (flags, code, message) => {
    const ran = await lethe(['catalog', ...flags]);
    expect([ran.code, ran.stdout]).toEqual([code, '']);
    expect(ran.stderr).toContain(message);
  });
});

describe('without an example', () => {
  it('says so, and that nobody said who may read', async () => {
    const folder = folderOf({
      'config/taxonomy.yaml': 'categories: { system: {}, user: {}, user.unique_id: {} }\n',
      'config/regimes.yaml': 'regimes: { gdpr: [DE] }\ndefault: gdpr\n',
      'config/purposes.yaml': 'purposes: { ops: { basis: { default: contract }, retention: { default: P30D } } }\n',
      'config/policies/a.yaml':
        'route: a\nfrom: { topic: raw.a, format: json }\nsubject: id\nfields: { id: user.unique_id }\noutputs: [{ topic: clean.a, purpose: ops, rules: [] }]\n',
    });
    const { code, stdout } = await lethe(['catalog', join(folder, 'config')]);
    expect(code).toBe(0);
    expect(stdout).toContain('There is none: no policy test');
    expect(stdout).toContain('the configuration does not say (readers in purposes.yaml)');
    expect(stdout).toContain('None: every record comes out empty.');
  });
});
