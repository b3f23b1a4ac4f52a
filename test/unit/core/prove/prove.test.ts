import { describe, expect, it } from 'vitest';
import { compile } from '../../../../services/core/policy/compile.ts';
import type { PolicyDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import { type Cell, type Proof, prove, type RawSchemas } from '../../../../services/core/prove/prove.ts';
import { policyWith } from '../policy/compiled.ts';
import { documents, type Parts, PURPOSES } from '../policy/documents.ts';

const DAY = 86_400_000;
const KEEP: RuleDocument[] = [{ select: 'user', action: 'keep' }];
const NOWHERE: RawSchemas = { from: 'nowhere', versions: [] };

function proofOf(parts: Parts, schemas: RawSchemas = NOWHERE): Proof {
  const result = compile(documents(parts), { brokenGuards: 'dropped' });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return prove(result.bundle, () => schemas);
}

function outputOf(parts: Parts, schemas?: RawSchemas) {
  const output = proofOf(parts, schemas).routes[0]?.outputs[0];
  if (output === undefined) throw new Error('no output');
  return output;
}

/** `kind path form` of each way, and `kind path` of what is blocked. */
function told(cells: readonly Cell[]): Record<string, string[]> {
  return Object.fromEntries(
    cells.map(({ category, ways, blocked }) => [
      category.name,
      [
        ...ways.map(({ kind, path, action, versions }) => [kind, path, action.kind, ...versions].join(' ')),
        ...blocked.map(({ kind, path, versions }) => ['never', kind, path, ...versions].join(' ')),
      ].toSorted(),
    ]),
  );
}

describe('a JSON route', () => {
  const policy: PolicyDocument = {
    ...policyWith(
      {
        'm.*': 'user.behavior',
        mail: 'user.contact.email',
        blood: 'user.health',
        id: 'system',
        ip: 'user.device.ip_address',
      },
      [[...KEEP, { select: 'user.contact', action: 'pseudonymize' }, { select: 'ip', action: 'drop' }]],
    ),
    headers: { trace: 'system', agent: 'user' },
  };

  it('gets there by fields, names of values, headers and the record key', () => {
    const { cells } = outputOf({ policies: [policy] });
    expect(told(cells)).toEqual({
      system: ['never field id', 'never header headers.trace'],
      user: ['header headers.agent keep'],
      'user.behavior': ['field m.* keep', 'map_keys m.* keep'],
      'user.contact.email': ['field mail pseudonymize'],
      'user.device.ip_address': ['never field ip'],
      'user.health': ['field blood keep'],
      'user.unique_id': ['key _subject pseudonymize'],
    });
    const [ip] = cells.find(({ category }) => category.name === 'user.device.ip_address')?.blocked ?? [];
    expect(ip?.rule?.select).toBe('ip');
  });

  it('is keyed by a field as that field leaves, or by nothing', () => {
    const keyed = (key: string): PolicyDocument => ({
      ...policy,
      outputs: policy.outputs.map((one) => ({ ...one, key })),
    });
    expect(told(outputOf({ policies: [keyed('mail')] }).cells)).toMatchObject({
      'user.contact.email': ['field mail pseudonymize', 'key mail pseudonymize'],
    });
    expect(told(outputOf({ policies: [keyed('none')] }).cells)).not.toHaveProperty(['user.unique_id']);
  });

  it('says under which conditions', () => {
    const strip: PolicyDocument = {
      ...policy,
      outputs: policy.outputs.map((one) => ({
        ...one,
        unconsented: 'strip',
        rules: [...one.rules, { select: 'system', action: 'keep' }],
      })),
    };
    const { cells } = outputOf({ policies: [strip] });
    const conditions = (name: string) => cells.find(({ category }) => category.name === name)?.ways[0]?.conditions;
    const usual = { explicit: false, lawful: true, maxAgeMs: 365 * DAY, tombstones: false };
    expect(conditions('system')).toEqual({ ...usual, lawful: false });
    expect(conditions('user.contact.email')).toEqual(usual);
    expect(conditions('user.behavior')).toEqual({ ...usual, maxAgeMs: DAY / 2 });
    expect(conditions('user.health')).toEqual({ ...usual, explicit: true });
    expect(conditions('user.unique_id')).toEqual({ ...usual, tombstones: true });
  });

  it('tells the legal basis per regime, as the plan has it', () => {
    expect(outputOf({ policies: [policy] }).grounds).toEqual([
      { basis: 'consent', regimes: ['gdpr'], elsewhere: true },
      { basis: 'opt_out', regimes: ['ccpa'], elsewhere: false },
    ]);
    const purposes = { purposes: { ...PURPOSES.purposes, analytics: { ...PURPOSES.purposes['fraud_prevention'] } } };
    expect(outputOf({ policies: [policy], purposes: purposes as typeof PURPOSES }).grounds).toEqual([
      { basis: 'legitimate_interest', regimes: ['gdpr', 'ccpa'], elsewhere: true },
    ]);
  });

  it('leaves out what no value can reach, and what is only read', () => {
    const read = { ...policyWith({ 'a.*': 'user' }, [KEEP], { time: 'at' }) };
    expect(told(outputOf({ policies: [read] }).cells)).toEqual({
      user: ['field a.* keep', 'map_keys a.* keep'],
      'user.unique_id': ['key _subject pseudonymize'],
    });
  });

  it('tells of each guard whether it holds, and what breaks it', () => {
    const guards = [
      { category: 'user.health', never_in: 'analytics', name: 'g', why: 'w' },
      { category: 'user.contact', only_as: ['pseudonymize' as const] },
      { category: 'user.unique_id', never_in: '*' },
      { category: 'user', never_in: 'partner.*' },
    ];
    const { guards: proven, holds, routes } = proofOf({ policies: [policy], guards });
    expect(holds).toBe(false);
    expect(proven.map((one) => [one.holds, one.outputs.length, one.brokenBy.map(({ path }) => path)])).toEqual([
      [false, 1, ['blood']],
      [true, 1, []],
      [false, 1, ['_subject']],
      [true, 0, []],
    ]);
    expect(proven[0]).toMatchObject({ guard: { name: 'g', why: 'w' }, text: 'user.health never in analytics' });
    // The plan that a worker would execute drops it, and so says the matrix.
    expect(told(routes[0]?.outputs[0]?.cells ?? [])).toMatchObject({
      'user.health': ['never field blood'],
      'user.unique_id': ['never key _subject'],
    });
    expect(proofOf({ policies: [policy], guards: guards.slice(1, 2) }).holds).toBe(true);
  });
});

describe('an Avro route', () => {
  const field = (name: string, type: unknown, ...tags: string[]) => ({ name, type, 'confluent:tags': tags });
  const recordOf = (name: string, ...fields: unknown[]) => ({ type: 'record', name, fields });
  const registered = (...schemas: unknown[]): RawSchemas => ({
    from: 'registry',
    versions: schemas.map((schema, index) => ({
      label: `v${index + 1}`,
      schema: typeof schema === 'string' ? schema : JSON.stringify(schema),
    })),
  });
  const policy = (
    fields: Readonly<Record<string, string>>,
    tags: Readonly<Record<string, string>> = {},
  ): PolicyDocument => ({
    ...policyWith(fields, [KEEP], { from: { topic: 'raw', format: 'avro' }, tags }),
    subject: 'id',
  });

  it('is walked through unions, maps, arrays and named references, round recursive types too', () => {
    const person = recordOf('Person', field('mail', ['null', 'string'], 'MAIL'), field('blood', 'string', 'HEALTH'));
    const schema = recordOf(
      'Root',
      field('id', 'string'),
      field('one', ['null', person]),
      field('list', { type: 'array', items: 'Person' }),
      field('map', { type: 'map', values: ['null', 'Person', { type: 'array', items: 'long' }] }),
      field(
        'tree',
        recordOf(
          'Node',
          field('text', 'string'),
          field('next', ['null', 'Node']),
          field('all', { type: 'array', items: 'Node' }),
        ),
      ),
    );
    const made = policy(
      { 'tree.**': 'user.behavior', 'map.*[]': 'user.location', gone: 'user' },
      { MAIL: 'user.contact.email', HEALTH: 'user.health' },
    );
    expect(told(outputOf({ policies: [made] }, registered(schema)).cells)).toEqual({
      user: ['field gone keep'],
      'user.behavior': ['field tree.** keep v1', 'map_keys tree.** keep v1'],
      'user.contact.email': [
        'field list[].mail keep v1',
        'field map.*.mail keep v1',
        'field one.mail keep v1',
        'map_keys map.*.mail keep v1',
      ],
      'user.health': [
        'field list[].blood keep v1',
        'field map.*.blood keep v1',
        'field one.blood keep v1',
        'map_keys map.*.blood keep v1',
      ],
      'user.location': ['field map.*[] keep v1', 'map_keys map.*[] keep v1'],
      'user.unique_id': ['key id pseudonymize v1'],
    });
  });

  it('shows what each version brings, and in which versions it is', () => {
    const made = policy({ a: 'user' }, { X: 'user.location', Y: 'user.health' });
    const first = recordOf('R', field('id', 'string'), field('a', 'string'), field('b', 'string', 'X'));
    const second = recordOf('R', field('id', 'string'), field('b', 'string', 'Y'));
    const { routes } = proofOf({ policies: [made] }, registered(first, second, '"string"', 'no JSON'));
    expect(told(routes[0]?.outputs[0]?.cells ?? [])).toEqual({
      user: ['field a keep v1'],
      'user.health': ['field b keep v2'],
      'user.location': ['field b keep v1'],
      'user.unique_id': ['key id pseudonymize v1 v2'],
    });
    expect(routes[0]?.schemas).toEqual({
      from: 'registry',
      walked: ['v1', 'v2'],
      unusable: ['v3', 'v4'],
      tagged: true,
    });
  });

  it('takes the subject’s category from its tag', () => {
    const made = policy({}, { ID: 'user.health' });
    const schema = recordOf('R', field('id', 'string', 'ID'));
    expect(told(outputOf({ policies: [made] }, registered(schema)).cells)['user.health']).toEqual([
      'field id keep v1',
      'key id pseudonymize v1',
    ]);
  });

  it('has guards held against every version, and says what a version to come would break', () => {
    const guards = [
      { category: 'user.health', never_in: 'analytics' },
      { category: 'user.location', never_in: 'analytics' },
    ];
    const made = policy({}, { HEALTH: 'user.health', GEO: 'user.location', MAIL: 'user.contact.email' });
    const schemas = registered(
      recordOf('R', field('id', 'string')),
      recordOf('R', field('id', 'string'), field('x', 'string', 'HEALTH')),
    );
    const { guards: proven, holds } = proofOf({ policies: [made], guards }, schemas);
    expect(holds).toBe(false);
    expect(proven[0]?.brokenBy).toMatchObject([{ path: 'x', way: 'field', versions: ['v2'] }]);
    expect(proven[1]).toMatchObject({ holds: true, tags: [{ route: 'customer-events', tag: 'GEO' }] });
    expect(proofOf({ policies: [made], guards }).holds).toBe(true);
  });
});
