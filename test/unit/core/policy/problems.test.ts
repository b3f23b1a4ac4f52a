import { describe, expect, it } from 'vitest';
import type { PolicyDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import { policyWith, problemsOf } from './compiled.ts';
import { documents, type Parts, POLICY, PURPOSES, REGIMES, TAXONOMY } from './documents.ts';

type Case = {
  readonly what: string;
  readonly code: string;
  readonly parts: Parts;
  /** Where: the file and the path of the key in it. */
  readonly file: string;
  readonly path: readonly (string | number)[];
  /** What message or fix must name. */
  readonly names?: readonly string[];
};

const ONE = 'policies/one.yaml';
const policy = (part: Partial<PolicyDocument>): Parts => ({ policies: [{ ...POLICY, ...part }] });
const [OUTPUT] = POLICY.outputs;
if (OUTPUT === undefined) throw new Error('the policy has an output');
const rules = (...list: RuleDocument[]): Parts => policy({ outputs: [{ ...OUTPUT, rules: list }] });
const output = (part: Partial<typeof OUTPUT>): Parts => policy({ outputs: [{ ...OUTPUT, ...part }] });
const fields = (declared: Record<string, string>): Parts => ({ policies: [policyWith(declared)] });
const purpose = (part: Partial<(typeof PURPOSES.purposes)['analytics']>): Parts => ({
  purposes: {
    purposes: {
      ...PURPOSES.purposes,
      analytics: { basis: { default: 'consent' }, retention: { default: 'P1D' }, ...part },
    },
  },
});
const at = (...path: (string | number)[]) => ({ file: ONE, path });
const select = (index = 0) => at('outputs', 0, 'rules', index, 'select');
const option = (name: string) => at('outputs', 0, 'rules', 0, name);
const category = (name: string) => ({ file: 'taxonomy.yaml', path: ['categories', name] });
const analytics = (...path: string[]) => ({ file: 'purposes.yaml', path: ['purposes', 'analytics', ...path] });
const other: PolicyDocument = { ...POLICY, route: 'other', from: { topic: 'raw.other', format: 'json' } };
const beside = (part: Partial<PolicyDocument>): Parts => ({
  policies: [POLICY, { ...other, outputs: [{ ...OUTPUT, topic: 'clean.other' }], ...part }],
});
const OTHER = 'policies/other-1.yaml';

const ERRORS: readonly Case[] = [
  {
    what: 'a category with an empty part',
    code: 'category-name',
    parts: { taxonomy: { categories: { ...TAXONOMY.categories, 'user..x': {} } } },
    ...category('user..x'),
  },
  {
    what: 'a category named as retention names its default',
    code: 'category-name',
    parts: { taxonomy: { categories: { ...TAXONOMY.categories, default: {} } } },
    ...category('default'),
  },
  {
    what: 'a regime named as a basis names all others',
    code: 'regime-name',
    parts: { regimes: { regimes: { ...REGIMES.regimes, default: [] }, default: 'gdpr' } },
    file: 'regimes.yaml',
    path: ['regimes', 'default'],
  },
  {
    what: 'a region of two regimes',
    code: 'region-duplicate',
    parts: { regimes: { regimes: { gdpr: ['DE'], ccpa: ['US-CA', 'DE'] }, default: 'gdpr' } },
    file: 'regimes.yaml',
    path: ['regimes', 'ccpa', 1],
    names: ['DE', 'gdpr', 'ccpa'],
  },
  {
    what: 'a region listed twice',
    code: 'region-duplicate',
    parts: { regimes: { regimes: { gdpr: ['DE', 'DE'], ccpa: [] }, default: 'gdpr' } },
    file: 'regimes.yaml',
    path: ['regimes', 'gdpr', 1],
  },
  {
    what: 'a default regime that is not listed',
    code: 'regime-unknown',
    parts: { regimes: { ...REGIMES, default: 'gpdr' } },
    file: 'regimes.yaml',
    path: ['default'],
    names: ['gpdr', 'Did you mean `gdpr`?'],
  },
  {
    what: 'a basis under a regime that is not listed',
    code: 'regime-unknown',
    parts: purpose({ basis: { gpdr: 'consent', default: 'consent' } }),
    ...analytics('basis', 'gpdr'),
    names: ['gpdr', 'Did you mean `gdpr`?'],
  },
  {
    what: 'a regime without basis',
    code: 'basis-missing',
    parts: purpose({ basis: { gdpr: 'consent' } }),
    ...analytics('basis'),
    names: ['ccpa', 'analytics'],
  },
  {
    what: 'a purpose without any basis',
    code: 'basis-missing',
    parts: purpose({ basis: {} }),
    ...analytics('basis'),
    names: ['gdpr', 'ccpa'],
  },
  {
    what: 'a purpose named like all purposes',
    code: 'purpose-name',
    parts: {
      purposes: {
        purposes: { ...PURPOSES.purposes, '*': { basis: { default: 'consent' }, retention: { default: 'P1D' } } },
      },
    },
    file: 'purposes.yaml',
    path: ['purposes', '*'],
  },
  {
    what: 'retention without default, at its parent',
    code: 'retention-default-missing',
    parts: purpose({ retention: { user: 'P1D' } }),
    ...analytics('retention'),
  },
  {
    what: 'retention of a category that is not listed',
    code: 'category-unknown',
    parts: purpose({ retention: { default: 'P1D', 'user.locaton': 'P1D' } }),
    ...analytics('retention', 'user.locaton'),
    names: ['user.locaton', 'Did you mean `user.location`?'],
  },
  {
    what: 'a duration of months',
    code: 'duration-invalid',
    parts: purpose({ retention: { default: 'P1M' } }),
    ...analytics('retention', 'default'),
    names: ['P1M', 'P30D'],
  },
  {
    what: 'a field of a category that is not listed',
    code: 'category-unknown',
    parts: fields({ a: 'sytem' }),
    ...at('fields', 'a'),
    names: ['sytem', 'Did you mean `system`?'],
  },
  {
    what: 'a field of a category that only has listed ones beneath it',
    code: 'category-unknown',
    parts: fields({ a: 'user.contact' }),
    ...at('fields', 'a'),
  },
  {
    what: 'a field that is no path',
    code: 'path-invalid',
    parts: fields({ 'a.[0]': 'system' }),
    ...at('fields', 'a.[0]'),
    names: ['character 3'],
  },
  {
    what: 'a field beneath a field',
    code: 'path-conflict',
    parts: fields({ a: 'system', 'a.b': 'system' }),
    ...at('fields', 'a.b'),
    names: ['a.b', `${ONE}:8:1`],
  },
  {
    what: 'elements of a field',
    code: 'path-conflict',
    parts: fields({ 'a[]': 'system', a: 'system' }),
    ...at('fields', 'a[]'),
  },
  {
    what: 'everything beneath a field',
    code: 'path-conflict',
    parts: fields({ a: 'system', 'a.**': 'system' }),
    ...at('fields', 'a.**'),
  },
  {
    what: 'a wildcard that is scalar and container',
    code: 'path-conflict',
    parts: fields({ 'a.*': 'system', 'a.*.b': 'system' }),
    ...at('fields', 'a.*.b'),
  },
  {
    what: 'a subject that holds fields',
    code: 'path-conflict',
    parts: policy({ subject: 'customer' }),
    ...at('fields', 'customer.id'),
    names: ['customer'],
  },
  {
    what: 'a rule that takes for a scalar what a field lies beneath',
    code: 'path-conflict',
    parts: { policies: [policyWith({ 'a.**': 'system', 'a.b.c': 'system' }, [[{ select: 'a.b', action: 'keep' }]])] },
    ...at('fields', 'a.b.c'),
  },
  {
    what: 'rules of two outputs that contradict each other',
    code: 'path-conflict',
    parts: {
      policies: [
        policyWith({ 'a.**': 'system' }, [[{ select: 'a.b', action: 'keep' }], [{ select: 'a.b.c', action: 'keep' }]]),
      ],
    },
    ...at('outputs', 1, 'rules', 0, 'select'),
  },
  { what: 'a subject that is no path', code: 'path-invalid', parts: policy({ subject: 'a..b' }), ...at('subject') },
  { what: 'a subject in an array', code: 'path-not-plain', parts: policy({ subject: 'a[].b' }), ...at('subject') },
  { what: 'a time in a map', code: 'path-not-plain', parts: policy({ time: 'a.*' }), ...at('time') },
  { what: 'a region anywhere', code: 'path-not-plain', parts: policy({ region: '**' }), ...at('region') },
  {
    what: 'a subject beneath scalars of a wildcard',
    code: 'read-unreachable',
    parts: { policies: [policyWith({ 'a.*': 'system', '**': 'system' }, [[]], { subject: 'a.b.c' })] },
    ...at('subject'),
    names: ['a.b.c'],
  },
  {
    what: "Lethe's own header",
    code: 'header-reserved',
    parts: policy({ headers: { 'Lethe-Source': 'system' } }),
    ...at('headers', 'Lethe-Source'),
  },
  {
    what: 'a header of a category that is not listed',
    code: 'category-unknown',
    parts: policy({ headers: { traceparent: 'systm' } }),
    ...at('headers', 'traceparent'),
  },
  {
    what: 'a tag of a category that is not listed',
    code: 'category-unknown',
    parts: policy({ from: { topic: 'raw', format: 'avro' }, tags: { PII: 'usr' } }),
    ...at('tags', 'PII'),
  },
  { what: 'tags of JSON', code: 'tags-without-schema', parts: policy({ tags: { PII: 'user' } }), ...at('tags') },
  {
    what: 'an Avro schema of JSON',
    code: 'schema-without-avro',
    parts: policy({ from: { topic: 'raw', format: 'json', schema: 'x.avsc' } }),
    ...at('from', 'schema'),
  },
  {
    what: 'a schema file that is not there',
    code: 'missing-file',
    parts: policy({ from: { topic: 'raw', format: 'avro', schema: '../../x.avsc' } }),
    ...at('from', 'schema'),
    names: ['`../x.avsc`'],
  },
  {
    what: 'a purpose that is not listed',
    code: 'purpose-unknown',
    parts: output({ purpose: 'analitics' }),
    ...at('outputs', 0, 'purpose'),
    names: ['analitics', 'Did you mean `analytics`?'],
  },
  {
    what: 'a select of nothing known',
    code: 'select-unknown',
    parts: rules({ select: 'user.contact.emial', action: 'keep' }),
    ...select(),
    names: ['user.contact.emial', 'Did you mean `user.contact.email`?'],
  },
  {
    what: 'a misspelt path',
    code: 'select-unknown',
    parts: rules({ select: 'customer.emai', action: 'keep' }),
    ...select(),
    names: ['Did you mean `customer.email`?'],
  },
  {
    what: 'a select of a container',
    code: 'select-unknown',
    parts: rules({ select: 'customer', action: 'keep' }),
    ...select(),
    names: ['`customer.**`'],
  },
  {
    what: 'a select of what is only read',
    code: 'select-unknown',
    parts: { policies: [policyWith({ a: 'system' }, [[{ select: '_subject', action: 'keep' }]])] },
    ...select(),
  },
  {
    what: 'a select that is no path',
    code: 'path-invalid',
    parts: rules({ select: 'customer.[]', action: 'keep' }),
    ...select(),
    names: ['character 10'],
  },
  {
    what: 'a select that is a category and a field',
    code: 'select-ambiguous',
    parts: { policies: [policyWith({ system: 'user' }, [[{ select: 'system', action: 'keep' }]])] },
    ...select(),
  },
  {
    what: 'a select that is a category and beneath a field with a wildcard',
    code: 'select-ambiguous',
    parts: { policies: [policyWith({ 'user.**': 'user' }, [[{ select: 'user.behavior', action: 'keep' }]])] },
    ...select(),
  },
  {
    what: 'a select twice',
    code: 'select-duplicate',
    parts: rules(
      { select: 'customer.id', action: 'keep' },
      { select: 'system', action: 'keep' },
      { select: 'customer.id', action: 'drop' },
    ),
    ...select(2),
  },
  ...[
    { what: 'a mask without ends', mask: {} },
    { what: 'a mask of a negative length', mask: { first: -1 } },
    { what: 'a mask of half a character', mask: { last: 1.5 } },
    { what: 'a mask with no character', mask: { first: 1, char: '' } },
    { what: 'a mask with two characters', mask: { first: 1, char: '**' } },
    { what: 'a mask with half a character', mask: { first: 1, char: '\uD83D' } },
  ].map(({ what, mask }) => ({
    what,
    code: 'action-options',
    parts: rules({ select: 'system', action: 'mask', mask }),
    ...option('mask'),
  })),
  ...[
    { ipv4: 33, ipv6: 48, path: 'ipv4' },
    { ipv4: -1, ipv6: 48, path: 'ipv4' },
    { ipv4: 24, ipv6: 129, path: 'ipv6' },
    { ipv4: 24, ipv6: 4.5, path: 'ipv6' },
  ].map(({ ipv4, ipv6, path }) => ({
    what: `an IP cut to ${ipv4} or ${ipv6} bits`,
    code: 'action-options',
    parts: rules({ select: 'system', action: 'truncate_ip', ipv4, ipv6 }),
    ...option(path),
    names: [path],
  })),
  {
    what: 'an IP cut to an unknown length, at the rule',
    code: 'action-options',
    parts: rules({ select: 'system', action: 'truncate_ip', ipv4: 24 } as RuleDocument),
    ...at('outputs', 0, 'rules', 0),
    names: ['ipv6'],
  },
];

type How = Omit<Extract<RuleDocument, { action: 'generalize' }>, 'select' | 'action'>;

const COARSER: readonly { readonly what: string; readonly how: How; readonly path: string }[] = [
  { what: 'a coarser value, no matter how', how: {}, path: 'action' },
  { what: 'a coarser value in two ways', how: { to: 'year', step: 5 }, path: 'action' },
  { what: 'a step of 0', how: { step: 0 }, path: 'step' },
  { what: 'a step backwards', how: { step: -5 }, path: 'step' },
  { what: 'an endless step', how: { step: Number.POSITIVE_INFINITY }, path: 'step' },
  { what: 'half a decimal', how: { decimals: 0.5 }, path: 'decimals' },
  { what: 'decimals below 0', how: { decimals: -1 }, path: 'decimals' },
  { what: 'no bands', how: { bands: [] }, path: 'bands' },
  { what: 'bands out of order', how: { bands: [18, 65, 25] }, path: 'bands' },
  { what: 'a band of nothing', how: { bands: [18, 18] }, path: 'bands' },
  { what: 'a band of no number', how: { bands: [18, Number.NaN] }, path: 'bands' },
];

const GENERALIZE: readonly Case[] = COARSER.map(({ what, how, path }) => ({
  what,
  code: 'action-options',
  parts: rules({ select: 'system', action: 'generalize', ...how }),
  ...option(path),
}));

const MORE_ERRORS: readonly Case[] = [
  {
    what: 'a constant that is no number',
    code: 'action-options',
    parts: rules({ select: 'system', action: 'redact', with: Number.NaN }),
    ...option('with'),
  },
  {
    what: 'an empty domain',
    code: 'action-options',
    parts: rules({ select: 'system', action: 'pseudonymize', domain: '' }),
    ...option('domain'),
  },
  { what: 'a key that is no path', code: 'path-invalid', parts: output({ key: 'a[' }), ...at('outputs', 0, 'key') },
  {
    what: 'a key of many values',
    code: 'path-not-plain',
    parts: output({ key: 'customer.*' }),
    ...at('outputs', 0, 'key'),
  },
  {
    what: 'a key that is not declared',
    code: 'key-unknown',
    parts: output({ key: 'customer.idd' }),
    ...at('outputs', 0, 'key'),
    names: ['Did you mean `customer.id`?'],
  },
  {
    what: 'a key that is only read',
    code: 'key-unknown',
    parts: { policies: [{ ...policyWith({ a: 'system' }), outputs: [{ ...OUTPUT, key: '_subject', rules: [] }] }] },
    ...at('outputs', 0, 'key'),
  },
  ...(['drop', 'nullify', null] as const).map((action) => ({
    what: `a key that its output does with ${action}`,
    code: 'key-not-released',
    parts: output({
      key: 'customer.id',
      rules: action === null ? [] : [{ select: 'customer.id', action }],
    }),
    ...at('outputs', 0, 'key'),
  })),
  {
    what: 'a key that its output encrypts',
    code: 'key-encrypted',
    parts: output({ key: 'customer.id', rules: [{ select: 'customer.id', action: 'encrypt' }] }),
    ...at('outputs', 0, 'key'),
  },
  {
    what: 'a raw topic that is no topic',
    code: 'topic-invalid',
    parts: policy({ from: { topic: 'raw/x', format: 'json' } }),
    ...at('from', 'topic'),
  },
  {
    what: 'a topic too long',
    code: 'topic-invalid',
    parts: output({ topic: 'x'.repeat(250) }),
    ...at('outputs', 0, 'topic'),
  },
  { what: 'a topic of a dot', code: 'topic-invalid', parts: output({ topic: '..' }), ...at('outputs', 0, 'topic') },
  ...['lethe.audit', 'lethe.dead-letters', 'lethe.consent-events', 'lethe_audit', '__consumer_offsets'].map(
    (topic) => ({
      what: `output to ${topic}`,
      code: 'topic-reserved',
      parts: output({ topic }),
      ...at('outputs', 0, 'topic'),
      names: [topic],
    }),
  ),
  {
    what: 'a raw topic of Lethe',
    code: 'topic-reserved',
    parts: policy({ from: { topic: 'lethe.audit', format: 'json' } }),
    ...at('from', 'topic'),
  },
  {
    what: 'a route twice',
    code: 'route-duplicate',
    parts: beside({ route: POLICY.route }),
    file: OTHER,
    path: ['route'],
    names: [`${ONE}:2:1`],
  },
  {
    what: 'a raw topic twice',
    code: 'topic-duplicate',
    parts: beside({ from: POLICY.from }),
    file: OTHER,
    path: ['from', 'topic'],
    names: [`${ONE}:4:1`],
  },
  {
    what: 'an output topic twice, in two routes',
    code: 'topic-duplicate',
    parts: beside({ outputs: [OUTPUT] }),
    file: OTHER,
    path: ['outputs', 0, 'topic'],
  },
  {
    what: 'an output topic twice, in one route',
    code: 'topic-duplicate',
    parts: policy({ outputs: [OUTPUT, OUTPUT] }),
    ...at('outputs', 1, 'topic'),
  },
  {
    what: 'an output that is read again',
    code: 'topic-duplicate',
    parts: beside({ outputs: [{ ...OUTPUT, topic: POLICY.from.topic }] }),
    file: OTHER,
    path: ['outputs', 0, 'topic'],
    names: ['raw topic'],
  },
  {
    what: 'topics that Kafka cannot hold side by side',
    code: 'topic-collision',
    parts: output({ topic: POLICY.from.topic.replaceAll('.', '_') }),
    ...at('outputs', 0, 'topic'),
  },
  {
    what: 'wildcards without end',
    code: 'paths-too-many',
    parts: fields(
      Object.fromEntries(
        Array.from({ length: 18 }, (_, i) => [
          [...Array.from({ length: 18 }, (__, j) => (i === j ? 'x' : '*')), `leaf${i}`].join('.'),
          'system',
        ]),
      ),
    ),
    ...at('fields'),
  },
];

describe.each([...ERRORS, ...GENERALIZE, ...MORE_ERRORS])('$what', ({ code, parts, file, path, names = [] }) => {
  it(`is the error ${code}, at its place`, () => {
    const problems = problemsOf(parts).filter(({ severity }) => severity === 'error');
    const docs = documents(parts);
    const doc = [docs.taxonomy, docs.purposes, docs.regimes, ...docs.policies].find((one) => one.file === file);
    expect(problems.map((problem) => problem.code)).toContain(code);
    const found = problems.find((problem) => problem.code === code);
    expect(found?.position).toEqual(doc?.at(path));
    expect(found?.fix).toMatch(/^[A-Z].*[.?]$/s);
    for (const name of names) expect(`${found?.message} ${found?.fix}`).toContain(name);
  });

  it('is the only error', () => {
    const codes = problemsOf(parts).filter(({ severity }) => severity === 'error');
    expect(new Set(codes.map((problem) => problem.code))).toEqual(new Set([code]));
  });
});

it('reports all problems at once, by file and line', () => {
  const problems = problemsOf({
    taxonomy: { categories: { ...TAXONOMY.categories, 'a..b': {} } },
    regimes: { ...REGIMES, default: 'none' },
    policies: [
      { ...POLICY, subject: 'a[]', fields: { 'x.': 'system', y: 'nothing' }, time: '**' },
      { ...other, outputs: [{ ...OUTPUT, purpose: 'none', rules: [{ select: 'zzz', action: 'keep' }] }] },
    ],
  });
  expect(problems.filter(({ severity }) => severity === 'error').map(({ code }) => code)).toEqual([
    'path-not-plain',
    'path-invalid',
    'category-unknown',
    'path-not-plain',
    'topic-duplicate',
    'purpose-unknown',
    'select-unknown',
    'regime-unknown',
    'category-name',
  ]);
});
