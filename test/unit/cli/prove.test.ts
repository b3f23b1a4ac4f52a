import { describe, expect, it } from 'vitest';
import { makeMemorySchemaRegistry } from '../../../services/adapters/memory/schema-registry.ts';
import { proveBundle } from '../../../services/cli/prove.ts';
import { LetheError } from '../../../services/core/errors.ts';
import { compile } from '../../../services/core/policy/compile.ts';
import type { PolicyDocument } from '../../../services/core/policy/document.ts';
import type { CompiledBundle } from '../../../services/core/policy/plan.ts';
import type { SchemaRegistry } from '../../../services/core/ports.ts';
import { policyWith } from '../core/policy/compiled.ts';
import { documents, type Parts } from '../core/policy/documents.ts';

const OUTPUTS: PolicyDocument['outputs'] = [
  {
    topic: 'clean.one',
    purpose: 'analytics',
    unconsented: 'strip',
    rules: [
      { select: 'system', action: 'keep' },
      { select: 'user', action: 'redact' },
      { select: 'user.health', action: 'keep' },
      { select: 'user.location', action: 'drop' },
    ],
  },
  {
    topic: 'clean.two',
    purpose: 'partner.acme',
    key: 'none',
    rules: [{ select: 'user.contact', action: 'mask', mask: 'email' }],
  },
];
const FIELDS = {
  id: 'system',
  mail: 'user.contact.email',
  blood: 'user.health',
  at: 'user.location',
  'm.*': 'user.behavior',
};
const JSON_POLICY = policyWith(FIELDS, [], { outputs: OUTPUTS });
const AVRO_POLICY: PolicyDocument = {
  ...policyWith({}, [], { outputs: OUTPUTS, tags: { MAIL: 'user.contact.email', HEALTH: 'user.health' } }),
  from: { topic: 'raw.clicks', format: 'avro', schema: 's.avsc' },
  subject: 'id',
};
const schema = (...fields: [string, string?][]) =>
  JSON.stringify({
    ...{ type: 'record', name: 'R' },
    fields: fields.map(([name, tag]) => ({ name, type: 'string', 'confluent:tags': tag === undefined ? [] : [tag] })),
  });
const FILE = { 'policies/s.avsc': schema(['id'], ['mail', 'MAIL']) };

function bundleOf(parts: Parts): CompiledBundle {
  const result = compile(documents(parts), { brokenGuards: 'dropped' });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.bundle;
}

/** Without line breaks, wherever they fell. */
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');

type Asked = Parameters<typeof proveBundle>[1];

async function proven(parts: Parts, options: Partial<Asked> = {}, registry: SchemaRegistry | null = null, width = 100) {
  const surroundings = { registry, subjectOf: (topic: string) => `${topic}-value`, width };
  return proveBundle(bundleOf(parts), { format: 'text', ...options }, surroundings);
}

async function registryOf(...schemas: string[]): Promise<SchemaRegistry> {
  const registry = makeMemorySchemaRegistry();
  for (const one of schemas) await registry.register('raw.clicks-value', one);
  return registry;
}

describe('as text', () => {
  it('is a matrix, then each output with conditions, forms, fields and rules, then what never gets there', async () => {
    const { text, holds } = await proven({ policies: [JSON_POLICY] });
    expect(holds).toBe(true);
    const lines = text.split('\n');
    const row = (name: string) =>
      lines
        .find((line) => line.trimStart().startsWith(`${name} `))
        ?.trim()
        .split(/ {2,}/);
    expect(row('system')).toEqual(['system', 'keep+', '-']);
    expect(row('user.behavior')).toEqual(['user.behavior', 'redact keys', '-']);
    expect(row('user.contact.email')).toEqual(['user.contact.email', 'redact', 'mask']);
    expect(row('user.health')).toEqual(['user.health', 'keep!', '-']);
    expect(row('user.location')).toEqual(['user.location', '-', '-']);
    for (const part of [
      'gdpr, any other region: consent in force\n',
      'ccpa: unless denied, withdrawn or objected to (opt_out)\n',
      'consent in force that names acme\n',
      'Otherwise only what is not personal is published.',
      'Otherwise nothing of the record is published.',
      'keep: up to P365D old; without a lawful ground too\n',
      'keep: up to P365D old; explicit consent\n',
      'redact with "[redacted]": up to PT12H old\n',
      'keep (names of the values): up to PT12H old\n',
      'pseudonymize (analytics) (record key): up to P365D old; with every tombstone too',
      'from mail\n',
      'by rule user.health policies/one.yaml:',
      'dropped by rule user.location policies/one.yaml:',
      'no rule: ',
      'No guards',
    ]) {
      expect(text).toContain(part);
    }
  });

  it.each([80, 120])('fits %i columns', async (width) => {
    const many = Array.from({ length: 12 }, (_, i) => ({
      ...(OUTPUTS[0] as (typeof OUTPUTS)[number]),
      topic: `clean.output-${i}`,
    }));
    const guards = [{ category: 'user.health', never_in: '*', why: 'word '.repeat(60).trim() }];
    const policies = [{ ...JSON_POLICY, outputs: many }];
    const { text } = await proven({ policies, guards }, {}, null, width);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(width);
    // Columns that do not fit side by side come in another block.
    expect(text.match(/^ {2}user\.health {2}/gmu)?.length).toBeGreaterThan(1);
  });

  it('tells of guards, of those that are broken by what', async () => {
    const guards = [
      { category: 'user.health', never_in: 'analytics', name: 'no health', why: 'Art. 9' },
      { category: 'user.contact', only_as: ['mask' as const], in: 'partner.*' },
      { category: 'user', never_in: 'fraud_*' },
    ];
    const { text, holds } = await proven({ policies: [JSON_POLICY], guards });
    expect(holds).toBe(false);
    expect(text).toMatch(/BROKEN {2}no health: user\.health never in analytics \(guards\.yaml:3:1\)\n {10}Art\. 9\n/);
    expect(text).toMatch(/broken by rule user\.health policies\/one\.yaml:\d+:1: blood \(user\.health\) as keep into/);
    expect(text).toContain('holds   user.contact only as mask in partner.*');
    expect(text).toContain('watches over clean.two');
    expect(text).toContain('no output is for these purposes');
    expect(text).toContain('dropped by the guard at guards.yaml:3:1, though rule user.health');
  });
});

it.each(['text', 'md'] as const)('lets no name of a file begin a line or reach a terminal: %s', async (format) => {
  const policies = [policyWith({ 'a\u001bb\nc': 'user' }, [], { outputs: OUTPUTS })];
  const guards = [{ category: 'user', never_in: '*', name: 'x\u001b', why: 'one\n  two\n' }];
  const { text } = await proven({ policies, guards }, { format });
  expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  expect(text).not.toMatch(/^c/m);
  expect(text).toContain('one two\n');
});

describe('what is asked for', () => {
  it('is a category with those under it, an output, and all guards', async () => {
    const guards = [{ category: 'user.health', never_in: 'analytics' }];
    const { text, holds } = await proven(
      { policies: [JSON_POLICY], guards },
      { category: 'user.contact', output: 'clean.two' },
    );
    expect(holds).toBe(false);
    expect(text).toContain('user.contact.email');
    expect(text).toContain('BROKEN');
    for (const other of ['clean.one  ', 'user.behavior', '(system)']) expect(text).not.toContain(other);
  });

  it.each<[Partial<Asked>, RegExp]>([
    [{ category: 'user.helth' }, /no such category/],
    [{ output: 'clean.on' }, /no route has such an output/],
  ])('is refused where it is not there: %o', async (options, message) => {
    const error = await proven({ policies: [JSON_POLICY] }, options).catch((thrown: unknown) => thrown as LetheError);
    expect(error).toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
    expect((error as LetheError).fix).toMatch(/Did you mean `(user\.health|clean\.one)`/);
  });

  it('may be a category that no record can hold', async () => {
    const { text } = await proven({ policies: [JSON_POLICY] }, { category: 'user.demographic' });
    expect(text).toContain('no record of these routes can hold');
  });
});

describe('the schemas that were walked', () => {
  const parts: Parts = { policies: [AVRO_POLICY], schemas: FILE };

  it('are the file where there is no registry, or nothing in it', async () => {
    const { text } = await proven(parts);
    expect(text).toContain('No SCHEMA_REGISTRY_URL: the schema file that the policy names was walked.');
    expect(text).toContain('This proves nothing about other versions');
    expect(text).toMatch(/user\.contact\.email +redact +mask/);
    const empty = await proven(parts, {}, await registryOf());
    expect(empty.text).toContain('raw.clicks-value has no version yet: the schema file');
  });

  it('are all versions of the registry, and it says which, and what is in which', async () => {
    const registry = await registryOf(
      schema(['id'], ['mail', 'MAIL']),
      schema(['id'], ['blood', 'HEALTH']),
      '"string"',
    );
    const guards = [{ category: 'user.health', never_in: 'analytics' }];
    const { text, holds } = await proven({ ...parts, guards }, {}, registry);
    expect(holds).toBe(false);
    expect(text).toContain('Every version registered under raw.clicks-value was walked: id 1, id 2.');
    expect(text).toContain('a dead letter: id 3.');
    expect(text).toContain('from mail (schema id 1)');
    expect(flat(text)).toContain('blood (user.health, schema id 2) as keep into clean.one');
    // Without that version it holds, and what might come is told.
    const before = await proven({ ...parts, guards }, {}, await registryOf(schema(['id'])));
    expect(before.holds).toBe(true);
    expect(flat(before.text)).toContain('a field tagged HEALTH in another schema version');
  });

  it('are none where nobody has one', async () => {
    const { schema: _, ...from } = AVRO_POLICY.from;
    const { text } = await proven({ policies: [{ ...AVRO_POLICY, from }] });
    expect(flat(text)).toContain('the policy names no schema file: only what `fields` declares is shown.');
    const { tags: __, ...untagged } = AVRO_POLICY;
    const plain = await proven({
      policies: [{ ...untagged, fields: { id: 'user.unique_id' }, outputs: OUTPUTS.slice(0, 1) }],
      schemas: FILE,
    });
    expect(plain.text).toContain('Other versions bring nothing more');
  });

  it('are not guessed at where the registry does not answer', async () => {
    const down = {
      ...makeMemorySchemaRegistry(),
      versions: () => Promise.reject(new LetheError('unavailable', 'down')),
    };
    await expect(proven(parts, {}, down)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('other formats', () => {
  const guards = [{ category: 'user.health', never_in: 'analytics' }];

  it('is JSON with the same facts', async () => {
    const { text } = await proven({ policies: [JSON_POLICY], guards }, { format: 'json' });
    const proof = JSON.parse(text);
    expect(proof.holds).toBe(false);
    const [output] = proof.routes[0].outputs;
    expect(output).toMatchObject({ topic: 'clean.one', purpose: 'analytics', retentionMs: 31_536_000_000 });
    const mail = output.categories.find(({ category }: { category: string }) => category === 'user.contact.email');
    expect(mail).toMatchObject({
      canGetThere: true,
      ways: [
        { kind: 'field', path: 'mail', action: { kind: 'redact' }, conditions: { explicit: false, lawful: true } },
      ],
    });
    const health = output.categories.find(({ category }: { category: string }) => category === 'user.health');
    expect(health).toMatchObject({
      canGetThere: false,
      blocked: [{ path: 'blood', guards: [{ file: 'guards.yaml', line: 3 }] }],
    });
    expect(proof.guards).toMatchObject([{ holds: false, brokenBy: [{ path: 'blood', output: 'clean.one' }] }]);
  });

  it('is Markdown with whole tables, whatever names hold', async () => {
    const policies = [policyWith({ 'a|b`c': 'user' }, [], { outputs: OUTPUTS })];
    const { text } = await proven(
      { policies, guards: [{ category: 'user.health', never_in: 'analytics', name: '<b>*' }] },
      { format: 'md' },
    );
    expect(text).toContain("`a\\|b'c`");
    expect(text).toContain('**holds** \\<b\\>\\*: user.health never in analytics');
    const tables = text.split('\n\n').filter((block) => block.startsWith('|'));
    expect(tables.length).toBeGreaterThan(2);
    for (const table of tables) {
      const widths = table
        .trimEnd()
        .split('\n')
        .map((line) => line.replaceAll('\\|', '').split('|').length);
      expect(new Set(widths).size, table).toBe(1);
    }
  });
});
