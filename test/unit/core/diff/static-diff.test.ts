import { describe, expect, it } from 'vitest';
import { isExposure } from '../../../../services/core/diff/finding.ts';
import { staticDiff } from '../../../../services/core/diff/static-diff.ts';
import type { PolicyDocument, PurposesDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import { PURPOSES, REGIMES, TAXONOMY, type Parts } from '../policy/documents.ts';
import { found, policy, side, told } from './sides.ts';

const FIELDS = { id: 'user.unique_id', email: 'user.contact.email', note: 'system', blood: 'user.health' };
const KEEP: readonly RuleDocument[] = [
  { select: 'user.unique_id', action: 'pseudonymize' },
  { select: 'user.contact.email', action: 'mask', mask: 'email' },
  { select: 'system', action: 'keep' },
];

const one = (document: PolicyDocument, rest: Parts = {}): Parts => ({ ...rest, policies: [document] });
const base = one(policy(FIELDS, KEEP));
const rules = (...changed: RuleDocument[]): Parts => {
  const selects = new Set(changed.map(({ select }) => select));
  return one(policy(FIELDS, [...KEEP.filter(({ select }) => !selects.has(select)), ...changed]));
};
const purposes = (analytics: Partial<PurposesDocument['purposes'][string]>): Parts => ({
  ...base,
  purposes: { purposes: { ...PURPOSES.purposes, analytics: { ...PURPOSES.purposes['analytics']!, ...analytics } } },
});

type Case = readonly [name: string, before: Parts, after: Parts, said: readonly string[]];

const CASES: readonly Case[] = [
  ['nothing', base, base, []],
  [
    'a rule that is new',
    base,
    rules({ select: 'user.health', action: 'keep' }),
    ['field_exposed blood: no rule → keep (exposes)'],
  ],
  ['a rule that is gone', base, one(policy(FIELDS, KEEP.slice(0, 2))), ['field_hidden note: keep → no rule (hides)']],
  [
    'an action that tells more',
    base,
    rules({ select: 'user.contact.email', action: 'keep' }),
    ['field_form email: mask email → keep (exposes)'],
  ],
  [
    'an action that tells less',
    base,
    rules({ select: 'user.contact.email', action: 'redact' }),
    ['field_form email: mask email → redact with "[redacted]" (hides)'],
  ],
  [
    'an action that cannot be ordered',
    base,
    rules({ select: 'user.contact.email', action: 'pseudonymize' }),
    ['field_form email: mask email → pseudonymize (analytics) (unclear)'],
  ],
  [
    'a field declared otherwise',
    base,
    one(policy({ ...FIELDS, email: 'system' }, KEEP)),
    ['category email: user.contact.email → system (none)', 'field_form email: mask email → keep (exposes)'],
  ],
  [
    'a field that is declared now',
    base,
    one(policy({ ...FIELDS, more: 'system' }, KEEP)),
    ['field_exposed more: undeclared → keep (exposes)'],
  ],
  [
    'a field that becomes sensitive beside a new one',
    base,
    one(policy({ ...FIELDS, note: 'user.health', 'note2.x': 'system' }, KEEP)),
    [
      'category note: system → user.health (none)',
      'field_hidden note: keep → no rule (hides)',
      'field_exposed note2.x: undeclared → keep (exposes)',
    ],
  ],
  [
    'longer retention of records',
    base,
    purposes({ retention: { default: 'P400D' } }),
    ['retention: P365D → P400D (exposes)'],
  ],
  [
    'longer retention of a category',
    purposes({ retention: { default: 'P365D', 'user.contact': 'P30D' } }),
    purposes({ retention: { default: 'P365D', 'user.contact': 'P1DT12H' } }),
    ['field_retention email: P30D → P1DT12H (hides)'],
  ],
  [
    'a limit that no record reaches',
    purposes({ retention: { default: 'P10D', 'user.contact': 'P30D' } }),
    purposes({ retention: { default: 'P10D', 'user.contact': 'P60D' } }),
    [],
  ],
  [
    'a looser basis',
    base,
    purposes({ basis: { gdpr: 'legitimate_interest', ccpa: 'consent', default: 'consent' } }),
    ['basis: opt_out → consent (hides)', 'basis: consent → legitimate_interest (exposes)'],
  ],
  [
    'a bound on the time in topics',
    base,
    purposes({ retention: { default: 'P365D' }, published: 'P5D' }),
    ['retention: P365D → P360D (hides)', 'published: unbounded → P5D (hides)'],
  ],
  [
    'a longer time in topics',
    purposes({ retention: { default: 'P365D' }, published: 'P5D' }),
    purposes({ retention: { default: 'P365D' }, published: 'P10D' }),
    ['retention: P360D → P355D (hides)', 'published: P5D → P10D (exposes)'],
  ],
  [
    'compaction in place of deletion',
    base,
    one(policy(FIELDS, KEEP, { output: { cleanup: 'compact' } })),
    ['cleanup: delete → compact (unclear)'],
  ],
  [
    'compaction besides deletion',
    base,
    one(policy(FIELDS, KEEP, { output: { cleanup: 'compact,delete' } })),
    ['cleanup: delete → compact,delete (hides)'],
  ],
  ['a recipient', base, purposes({ recipient: 'acme' }), ['recipient: null → acme (unclear)']],
  [
    'another purpose',
    base,
    one(policy(FIELDS, KEEP, { output: { purpose: 'fraud_prevention' } })),
    [
      'purpose: analytics → fraud_prevention (unclear)',
      'basis: opt_out → legitimate_interest (exposes)',
      'basis: consent → legitimate_interest (exposes)',
      'retention: P365D → P90D (hides)',
      'field_form id: pseudonymize (analytics) → pseudonymize (fraud_prevention) (unclear)',
    ],
  ],
  [
    'stripping',
    base,
    one(policy(FIELDS, KEEP, { output: { unconsented: 'strip' } })),
    ['unconsented: withhold → strip (exposes)'],
  ],
  [
    'consent at event time',
    one(policy(FIELDS, KEEP, { output: { consent_at: 'event_and_decision' } })),
    base,
    ['consent_at: event_and_decision → decision (exposes)'],
  ],
  [
    'stripping where nothing could be left',
    one(policy(FIELDS, KEEP.slice(0, 2))),
    one(policy(FIELDS, KEEP.slice(0, 2), { output: { unconsented: 'strip' } })),
    ['unconsented: withhold → strip (none)'],
  ],
  ['no key', base, one(policy(FIELDS, KEEP, { output: { key: 'none' } })), ['key: pseudonym → none (hides)']],
  ['a path as key', base, one(policy(FIELDS, KEEP, { output: { key: 'note' } })), ['key: pseudonym → note (unclear)']],
  [
    'a header',
    base,
    one(policy(FIELDS, KEEP, { headers: { trace: 'system' } })),
    ['field_exposed headers.trace: undeclared → keep (exposes)'],
  ],
  [
    'another subject, time and region',
    base,
    one(policy(FIELDS, KEEP, { subject: 'email', time: 'note', region: 'blood' })),
    ['subject: id → email (unclear)', 'time: null → note (unclear)', 'region: null → blood (unclear)'],
  ],
  [
    'another output topic',
    base,
    one(policy(FIELDS, KEEP.slice(2), { output: { topic: 'other' } })),
    [
      'output_removed: analytics → null (hides)',
      'field_hidden id: pseudonymize (analytics) → no output (hides)',
      'field_hidden email: mask email → no output (hides)',
      'field_hidden note: keep → no output (hides)',
      'output_added: null → analytics (exposes)',
      'field_exposed note: no output → keep (exposes)',
    ],
  ],
  [
    'a new name',
    base,
    one(policy(FIELDS, KEEP, { route: 'other' })),
    ['route_renamed: customer-events → other (none)'],
  ],
];

describe('a static diff', () => {
  it.each(CASES)('tells of %s', (_, before, after, said) => {
    expect([...told(found(before, after))].sort()).toEqual([...said].sort());
  });

  it.each(CASES)('of %s is the reverse the other way round', (_, before, after) => {
    const reverse = { exposes: 'hides', hides: 'exposes', unclear: 'unclear', none: 'none' } as const;
    const forth = found(before, after).map(({ path, consequence }) => `${path} ${consequence}`);
    const back = found(after, before).map(({ path, consequence }) => `${path} ${reverse[consequence]}`);
    expect(back.sort()).toEqual(forth.sort());
  });

  it('names route, output, category and rules', () => {
    const [finding] = found(base, rules({ select: 'user.contact.email', action: 'keep' }));
    expect(finding).toMatchObject({
      route: 'customer-events',
      output: 'clean',
      path: 'email',
      category: 'user.contact.email',
      rules: {
        before: expect.stringMatching(/^policies\/one\.yaml:\d+:1$/),
        after: expect.stringMatching(/^policies\/one\.yaml:\d+:1$/),
      },
    });
    expect(finding?.rules?.before).not.toBe(finding?.rules?.after);
  });

  it('names the regime and its regions', () => {
    const after = purposes({ basis: { gdpr: 'contract', default: 'opt_out' } });
    const bases = found(base, after).map(({ regime, before, after: to }) => [regime, before, to]);
    expect(bases).toEqual([[{ name: 'gdpr', regions: ['DE', 'FR', 'any other'] }, 'consent', 'contract']]);
  });

  it('sees a region move to another regime', () => {
    const moved = { regimes: { gdpr: ['DE'], ccpa: ['US-CA', 'FR'] }, default: 'gdpr' };
    const said = found(base, { ...base, regimes: moved });
    expect(said).toMatchObject([{ regime: { name: 'gdpr → ccpa', regions: ['FR'] }, consequence: 'exposes' }]);
    expect(said).toHaveLength(1);
  });

  it('sees another default regime, which is that of all regions that nobody lists', () => {
    const said = found(base, { ...base, regimes: { ...REGIMES, default: 'ccpa' } });
    expect(said).toMatchObject([
      { regime: { name: 'gdpr → ccpa', regions: ['any other'] }, before: 'consent', after: 'opt_out' },
    ]);
  });

  it('sees what takes no explicit consent any more', () => {
    const keeps = rules({ select: 'user.health', action: 'keep' });
    const taxonomy = { categories: { ...TAXONOMY.categories, 'user.health': {} } };
    expect(told(found(keeps, { ...keeps, taxonomy }))).toEqual([
      'field_sensitive blood: explicit consent → as the purpose (exposes)',
    ]);
  });

  it('sees what leaves without consent, where the output strips', () => {
    const strips = (note: string): Parts =>
      one(
        policy({ id: 'user.unique_id', note }, [...KEEP, { select: 'user.behavior', action: 'keep' }], {
          output: { unconsented: 'strip' },
        }),
        {
          purposes: {
            purposes: {
              ...PURPOSES.purposes,
              analytics: { basis: { default: 'consent' }, retention: { default: 'P9D' } },
            },
          },
        },
      );
    expect(told(found(strips('user.behavior'), strips('system')))).toEqual([
      'category note: user.behavior → system (none)',
      'field_personal note: not without consent → without consent too (exposes)',
      // What was withheld for want of anything else to say now comes with its key.
      'empty_records: null → null (none)',
    ]);
  });

  it.each([
    [
      'a named field comes out of a wildcard',
      { 'm.*': 'system' },
      { 'm.*': 'system', 'm.x': 'user.health' },
      ['field_hidden m.x'],
    ],
    [
      'a named field falls back into a wildcard',
      { 'm.*': 'system', 'm.x': 'user.health' },
      { 'm.*': 'system' },
      ['field_exposed m.x'],
    ],
    ['a wildcard takes the place of names', { 'm.x': 'system' }, { 'm.*': 'system' }, ['field_exposed m.*']],
    [
      'a deep wildcard takes the place of a flat one',
      { 'm.*': 'system' },
      { 'm.**': 'system' },
      ['field_exposed m.**'],
    ],
    ['wildcards cross', { 'm.*': 'system' }, { '*.x': 'system' }, ['field_exposed *.x', 'field_hidden m.*']],
    ['a scalar becomes an object', { m: 'system' }, { 'm.x': 'system' }, ['field_exposed m.x', 'field_hidden m']],
    [
      'an object becomes an array',
      { 'm.x': 'system' },
      { 'm[].x': 'system' },
      ['field_exposed m[].x', 'field_hidden m.x'],
    ],
  ])('follows paths: %s', (_, before, after, said) => {
    const of = (fields: Readonly<Record<string, string>>): Parts =>
      one(policy(fields as Record<string, string>, [{ select: 'system', action: 'keep' }], { subject: '_s' }));
    const fields = found(of(before as Record<string, string>), of(after as Record<string, string>)).filter(({ kind }) =>
      kind.startsWith('field'),
    );
    expect(fields.map(({ kind, path }) => `${kind} ${path}`).sort()).toEqual(said);
  });

  it('compares routes by the topic they read', () => {
    const moved = one(policy(FIELDS, KEEP.slice(2), { from: { topic: 'raw.other', format: 'json' } }));
    const said = found(one(policy(FIELDS, KEEP.slice(2))), moved);
    expect([...told(said)].sort()).toEqual(
      [
        'route_removed: raw.customer-events → null (hides)',
        'output_removed: analytics → null (hides)',
        'field_hidden note: keep → no output (hides)',
        'route_added: null → raw.other (exposes)',
        'output_added: null → analytics (exposes)',
        'field_exposed note: no output → keep (exposes)',
      ].sort(),
    );
  });

  describe('of records of which nothing is left', () => {
    const health: RuleDocument = { select: 'user.health', action: 'keep' };
    const withHeader = { headers: { trace: 'system.trace' } };
    const taxonomy = { categories: { ...TAXONOMY.categories, 'system.trace': {} } };
    const trace: RuleDocument = { select: 'system.trace', action: 'keep' };
    const of = (list: readonly RuleDocument[]): Parts =>
      one(policy({ ...FIELDS, id: 'user.unique_id' }, list, withHeader), { taxonomy });

    it('tells that their headers leave, where nothing is held back any more', () => {
      const said = found(of([health, trace]), of([trace]));
      expect(told(said)).toContain('empty_records: null → null (exposes)');
    });

    it('does not count their bare key', () => {
      const plain = (list: readonly RuleDocument[]): Parts => one(policy(FIELDS, list));
      const said = found(plain([health]), plain([]));
      expect(told(said)).toEqual(['field_hidden blood: keep → no rule (hides)', 'empty_records: null → null (none)']);
    });

    it('knows that something is always left where the subject is', () => {
      const subject: RuleDocument = { select: 'user.unique_id', action: 'pseudonymize' };
      expect(told(found(of([health, trace, subject]), of([trace, subject])))).toEqual([
        'field_hidden blood: keep → no rule (hides)',
      ]);
    });
  });

  describe('of an Avro route with tags', () => {
    const schema = (tags: readonly string[]): string =>
      JSON.stringify({
        type: 'record',
        name: 'R',
        fields: [
          { name: 'id', type: 'string' },
          { name: 'mail', type: 'string', 'confluent:tags': tags },
        ],
      });
    const avro = (tags: Readonly<Record<string, string>>, list: readonly RuleDocument[], file?: string): Parts => ({
      policies: [
        policy({ id: 'user.unique_id' }, list, {
          from: { topic: 'raw.avro', format: 'avro', ...(file === undefined ? {} : { schema: 'r.avsc' }) },
          tags,
        }),
      ],
      schemas: file === undefined ? {} : { 'policies/r.avsc': file },
    });
    const EMAIL = { EMAIL: 'user.contact.email' };
    const keepsMail: RuleDocument = { select: 'user.contact.email', action: 'keep' };
    const paths = (findings: ReturnType<typeof found>): readonly string[] =>
      findings.filter(isExposure).map(({ kind, path }) => `${kind} ${path}`);

    it('compares what the schema file tags, and what any schema to come may', () => {
      const said = found(avro(EMAIL, KEEP, schema(['EMAIL'])), avro(EMAIL, [keepsMail], schema(['EMAIL'])));
      expect(paths(said)).toEqual(['field_form mail', 'field_form (tag EMAIL)']);
    });

    it('sees a tag that is mapped now', () => {
      const said = found(
        avro({ PII: 'user.health' }, KEEP, schema(['EMAIL'])),
        avro({ ...EMAIL, PII: 'user.health' }, KEEP, schema(['EMAIL'])),
      );
      expect(paths(said)).toEqual(['field_exposed mail', 'field_exposed (tag EMAIL)']);
    });

    it('sees a tag that the schema file of the new configuration drops', () => {
      const wild = (file: string): Parts => {
        const parts = avro(EMAIL, [{ select: 'system', action: 'keep' }], file);
        return {
          ...parts,
          policies: parts.policies!.map((policyOf) => ({ ...policyOf, fields: { '*': 'system' }, subject: 'id' })),
        };
      };
      // Every schema is held against both configurations: what the file says of records it does not govern is no change.
      expect(found(wild(schema(['EMAIL'])), wild(schema([])))).toEqual([]);
    });

    it('compares every registered version', () => {
      const byPath: RuleDocument = { select: 'mail', action: 'keep' };
      const before = avro(EMAIL, KEEP);
      const after = avro(EMAIL, [...KEEP, byPath]);
      expect(paths(found(before, after, [schema(['OTHER']), schema(['EMAIL'])]))).toEqual(['field_form mail']);
      expect(paths(found(before, after, [schema(['OTHER'])]))).toEqual([]);
    });

    it('takes for exposure what it cannot see, where no schema is known', () => {
      const byPath: RuleDocument = { select: 'mail', action: 'keep' };
      expect(paths(found(avro(EMAIL, KEEP), avro(EMAIL, [...KEEP, byPath])))).toEqual(['schemas_unknown null']);
      const same = side(avro(EMAIL, KEEP));
      expect(staticDiff(same, same)).toEqual([]);
    });
  });
});
