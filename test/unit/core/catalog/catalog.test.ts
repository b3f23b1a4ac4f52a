import { describe, expect, it } from 'vitest';
import { type CatalogTopic, groundByRegime, makeCatalog } from '../../../../services/core/catalog/catalog.ts';
import { compile } from '../../../../services/core/policy/compile.ts';
import type { RuleDocument } from '../../../../services/core/policy/document.ts';
import type { RawSchemas } from '../../../../services/core/prove/prove.ts';
import { policyWith } from '../policy/compiled.ts';
import { documents, type Parts, PURPOSES } from '../policy/documents.ts';

const DAY = 86_400_000;

function catalogOf(parts: Parts, schemas: RawSchemas = { from: 'nowhere', versions: [] }) {
  const docs = documents(parts);
  const compiled = compile(docs);
  if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join('\n'));
  const purposes = docs.purposes.value.purposes;
  return makeCatalog({
    ...{ digest: 'd', compiled: compiled.bundle, purposes, schemasOf: () => schemas, examplesOf: () => [] },
  });
}

function topicOf(parts: Parts, schemas?: RawSchemas): CatalogTopic {
  const [topic] = catalogOf(parts, schemas).topics;
  if (topic === undefined) throw new Error('no topic');
  return topic;
}

const RULES: RuleDocument[] = [
  { select: 'system', action: 'keep' },
  { select: 'user.contact.email', action: 'mask', mask: 'email' },
  { select: 'user.health', action: 'keep' },
  { select: 'user.behavior', action: 'redact' },
  { select: 'user.location', action: 'drop' },
];
const FIELDS = {
  id: 'system',
  mail: 'user.contact.email',
  blood: 'user.health.blood',
  'seen.*': 'user.behavior',
  place: 'user.location',
  born: 'user.demographic.date_of_birth',
};
const POLICY = policyWith(FIELDS, [RULES], { headers: { trace: 'system', who: 'user.unique_id' } });

describe('the topic of a JSON route', () => {
  const topic = topicOf({ policies: [POLICY] });

  it('tells of each field its category, form, age and condition', () => {
    expect(
      topic.fields.map(({ path, kind, category, form, maxAgeMs, explicitConsent }) => [
        ...[path, kind, category, form.action, maxAgeMs, explicitConsent],
      ]),
    ).toEqual([
      ['blood', 'field', 'user.health.blood', 'keep', 365 * DAY, true],
      ['id', 'field', 'system', 'keep', 365 * DAY, false],
      ['mail', 'field', 'user.contact.email', 'mask', 365 * DAY, false],
      ['seen.*', 'field', 'user.behavior', 'redact', DAY / 2, false],
      ['seen.*', 'map_keys', 'user.behavior', 'keep', DAY / 2, false],
    ]);
    expect(topic.headers.map(({ path, category }) => [path, category])).toEqual([['trace', 'system']]);
  });

  it('tells what is left out and why', () => {
    expect(topic.leftOut.map(({ kind, path, why }) => [kind, path, why])).toEqual([
      ['field', 'born', 'no_rule'],
      ['field', 'place', 'dropped_by_rule'],
      ['header', 'who', 'no_rule'],
    ]);
    expect(topic.undeclared).toBe(null);
  });

  it('sketches what a record looks like, without what cannot be in it', () => {
    const { schema } = topic;
    if (schema.kind !== 'json') throw new Error(schema.kind);
    expect(schema.schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: {
        id: { type: ['string', 'number', 'boolean', 'null'] },
        mail: { type: ['string', 'null'], description: 'user.contact.email: masked: first letter and domain kept' },
        seen: { type: 'object', additionalProperties: { enum: ['[redacted]', null] } },
      },
    });
    expect(Object.keys(schema.schema['properties'] as object).toSorted()).toEqual(['blood', 'id', 'mail', 'seen']);
  });

  it('says who may read it as far as configuration says', () => {
    expect(topic.purpose).toEqual({ name: 'analytics', description: null, recipient: null, readers: null });
    const analytics = PURPOSES.purposes['analytics']!;
    const said = { description: 'why', readers: ['us'], recipient: 'acme' };
    const purposes = { purposes: { ...PURPOSES.purposes, analytics: { ...analytics, ...said } } };
    expect(topicOf({ policies: [POLICY], purposes }).purpose).toEqual({ name: 'analytics', ...said });
  });

  it('has a legal basis under every regime', () => {
    const catalog = catalogOf({ policies: [POLICY] });
    const grounds = groundByRegime(topic, catalog.regimes);
    expect(grounds.map(({ regime, basis, elsewhere }) => [regime, basis, elsewhere])).toEqual([
      ['gdpr', 'consent', true],
      ['ccpa', 'opt_out', false],
    ]);
    expect(grounds[1]?.regions).toEqual(['US-CA']);
  });
});

describe('keys', () => {
  it.each([
    [undefined, { kind: 'pseudonym', domain: 'analytics' }],
    ['none', { kind: 'none' }],
    ['id', { kind: 'field', path: 'id', form: { action: 'keep' } }],
  ])('%s', (key, expected) => {
    const [output] = POLICY.outputs;
    const outputs = [{ ...output!, ...(key === undefined ? {} : { key }) }];
    expect(topicOf({ policies: [{ ...POLICY, outputs }] }).key).toMatchObject(expected);
  });
});

describe('the topic of an Avro route', () => {
  const schema = (extra: object[]) =>
    JSON.stringify({
      ...{ type: 'record', name: 'R' },
      fields: [
        { name: '_subject', type: 'string' },
        { name: 'id', type: 'long' },
        { name: 'mail', type: ['null', 'string'] },
        ...extra,
      ],
    });
  const inner = {
    type: 'record',
    name: 'Inner',
    fields: [
      { name: 'a', type: 'int' },
      { name: 'next', type: ['null', 'Inner'] },
    ],
  };
  const policy = { ...POLICY, headers: {}, from: { ...POLICY.from, format: 'avro' as const } };

  it('has the schema derived of the newest version that holds records', () => {
    const versions = [
      { label: 'id 1', schema: schema([]) },
      { label: 'id 2', schema: schema([{ name: 'place', type: 'string' }]) },
      { label: 'id 3', schema: '"string"' },
    ];
    const topic = topicOf({ policies: [policy] }, { from: 'registry', versions });
    expect(topic.schema).toMatchObject({ kind: 'avro', from: 'registry', version: 'id 2' });
    const { schema: derived } = topic.schema as { schema: { fields: { name: string }[] } };
    expect(derived.fields.map(({ name }) => name)).toEqual(['id', 'mail']);
  });

  it('lists what the policy does not declare, to the outermost that is not', () => {
    const extra = [
      { name: 'note', type: 'string' },
      { name: 'inner', type: inner },
      { name: 'tags', type: { type: 'array', items: 'string' } },
      { name: 'seen', type: { type: 'map', values: ['null', { type: 'map', values: 'string' }, 'string'] } },
    ];
    const topic = topicOf(
      { policies: [policy] },
      { from: 'file', versions: [{ label: 'file', schema: schema(extra) }] },
    );
    expect(topic.undeclared).toEqual(['_subject', 'note', 'inner', 'tags', 'seen.*']);
  });

  it('follows a type within itself once', () => {
    const deep = { ...policyWith({ ...FIELDS, 'inner.**': 'user.behavior' }, [RULES]), from: policy.from };
    const versions = [{ label: 'file', schema: schema([{ name: 'inner', type: inner }]) }];
    expect(topicOf({ policies: [deep] }, { from: 'file', versions }).undeclared).toEqual(['_subject']);
  });

  it('says that it knows no schema where none is at hand', () => {
    expect(topicOf({ policies: [policy] })).toMatchObject({ schema: { kind: 'unknown' }, undeclared: null });
  });
});
