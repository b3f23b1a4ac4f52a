import { describe, expect, it } from 'vitest';
import type { PolicyDocument, PurposesDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import type { Basis } from '../../../../services/core/policy/plan.ts';
import { policyWith, problemsOf } from './compiled.ts';
import { documents, PURPOSES, TAXONOMY } from './documents.ts';

const FIELDS = {
  id: 'system',
  mail: 'user.contact.email',
  'a.b': 'user.behavior',
  blood: 'user.health.blood',
};

/** Code and rule (by its place in the list) of each warning about what rules let out. */
function found(
  rules: readonly RuleDocument[],
  { purposes = PURPOSES, ...rest }: Partial<PolicyDocument> & { readonly purposes?: PurposesDocument } = {},
  fields: Readonly<Record<string, string>> = FIELDS,
) {
  const parts = { policies: [policyWith(fields, [rules], rest)], purposes };
  const [doc] = documents(parts).policies;
  return problemsOf(parts).flatMap(({ code, position, message }) => {
    if (!['personal-kept', 'sensitive-basis', 'sensitive-unasked'].includes(code)) return [];
    const rule = rules.findIndex(
      (_, index) => doc?.at(['outputs', 0, 'rules', index, 'select']).line === position.line,
    );
    return [{ code, rule, message }];
  });
}
const codes = (...args: Parameters<typeof found>): [string, number][] =>
  found(...args).map(({ code, rule }) => [code, rule]);

const keep = (select: string): RuleDocument => ({ select, action: 'keep' });

describe('personal data kept as it is', () => {
  it.each<[string, RuleDocument[], [string, number][]]>([
    ['by its category', [keep('user.contact.email')], [['personal-kept', 0]]],
    ['by its path', [keep('system'), keep('a.b')], [['personal-kept', 1]]],
    [
      'by an ancestor, beside what is closer',
      [keep('user'), { select: 'mail', action: 'drop' }],
      [
        ['personal-kept', 0],
        ['sensitive-basis', 0],
      ],
    ],
    [
      'not where closer rules decide about all of it',
      [keep('user'), ...['mail', 'a.b', 'blood'].map((select) => ({ select, action: 'redact' as const }))],
      [],
    ],
    ['not where nothing of a person is', [keep('system')], []],
    [
      'not where it is changed',
      [
        { select: 'user', action: 'pseudonymize' },
        { select: 'blood', action: 'nullify' },
      ],
      [],
    ],
  ])('%s', (_, rules, expected) => {
    expect(codes(rules)).toEqual(expected);
  });

  it('names some of the fields, and how many there are', () => {
    const fields = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, 'user.behavior']));
    expect(found([keep('user')], {}, fields)[0]?.message).toMatch(
      /^`a` \(user\.behavior\), `b`.*, `c`.* and 2 more is/,
    );
  });

  it('is told of headers too', () => {
    expect(codes([keep('user.contact.email')], { headers: { reply: 'user.contact.email' } }, {})).toEqual([
      ['personal-kept', 0],
    ]);
  });

  it('is foreseen of tags, where the schema is not at hand', () => {
    const from = { topic: 'raw.avro', format: 'avro' as const };
    const tags = { MAIL: 'user.contact.email', ID: 'system' };
    expect(codes([keep('user.contact'), keep('system'), keep('user.behavior')], { from, tags }, {})).toEqual([
      ['personal-kept', 0],
    ]);
  });
});

describe('sensitive data', () => {
  const purposes = (basis: Readonly<Record<string, Basis>>): PurposesDocument => ({
    purposes: { analytics: { basis, retention: { default: 'P1D' } } },
  });
  const mask: RuleDocument = { select: 'user.health', action: 'mask', mask: { first: 1 } };

  it.each<[string, Readonly<Record<string, Basis>>, RuleDocument, string[]]>([
    ['rests on consent everywhere', { default: 'consent' }, mask, []],
    ['rests on something else somewhere', { gdpr: 'consent', ccpa: 'opt_out' }, mask, ['sensitive-basis']],
    ['rests on an interest', { default: 'legitimate_interest' }, mask, ['sensitive-basis']],
    ['rests on a contract', { gdpr: 'consent', default: 'contract' }, mask, ['sensitive-basis']],
    ['is demanded by law', { gdpr: 'consent', ccpa: 'legal_obligation' }, mask, ['sensitive-unasked']],
    ['is both', { gdpr: 'opt_out', ccpa: 'legal_obligation' }, mask, ['sensitive-basis', 'sensitive-unasked']],
    ['does not leave', { default: 'opt_out' }, { select: 'user.health', action: 'drop' }, []],
    ['leaves as a null', { default: 'opt_out' }, { select: 'user.health', action: 'nullify' }, []],
    ['leaves as a constant', { default: 'opt_out' }, { select: 'user.health', action: 'redact' }, []],
    ['is not what the rule is about', { default: 'opt_out' }, { select: 'mail', action: 'redact' }, []],
  ])('%s', (_, basis, rule, expected) => {
    expect(found([rule], { purposes: purposes(basis) }).map(({ code }) => code)).toEqual(expected);
  });

  it('is told with the regimes it is about', () => {
    const [one] = found([mask], { purposes: purposes({ gdpr: 'consent', ccpa: 'opt_out' }) });
    expect(one?.message).toMatch(/`blood` \(user\.health\.blood\).*`ccpa` \(opt_out\)/);
    expect(one?.message).not.toContain('gdpr');
  });
});

describe('retention longer than what is above', () => {
  const about = (retention: Readonly<Record<string, string>>): string[] => {
    const purposes: PurposesDocument = { purposes: { analytics: { basis: { default: 'consent' }, retention } } };
    return problemsOf({ purposes, taxonomy: TAXONOMY }).map(({ code, position, message }) => {
      const lines = Object.keys(retention);
      const line = documents({ purposes }).purposes.at(['purposes', 'analytics', 'retention', lines[0] ?? '']).line;
      return `${code} ${lines[position.line - line]} ${/longer than `([^`]+)`/.exec(message)?.[1]}`;
    });
  };

  it.each<[string, Readonly<Record<string, string>>, string[]]>([
    ['than the default', { default: 'P30D', 'user.behavior': 'P31D' }, ['retention-longer user.behavior default']],
    [
      'than its parent',
      { default: 'P99D', user: 'P9D', 'user.behavior': 'P10D' },
      ['retention-longer user.behavior user'],
    ],
    [
      'than an ancestor further up',
      { default: 'P99D', user: 'P9D', 'user.behavior.purchase_history': 'P9DT1H' },
      ['retention-longer user.behavior.purchase_history user'],
    ],
    [
      'than the default, within its parent',
      { default: 'P30D', user: 'P50D', 'user.behavior': 'P40D' },
      ['retention-longer user default', 'retention-longer user.behavior default'],
    ],
    ['no: as long', { default: 'P30D', user: 'P30D', 'user.behavior': 'PT720H' }, []],
    ['no: shorter', { default: 'P30D', user: 'P20D', 'user.behavior': 'P19D' }, []],
    ['no: beside', { default: 'P30D', 'user.location': 'P1D', 'user.behavior': 'P20D' }, []],
  ])('%s', (_, retention, expected) => {
    expect(about(retention)).toEqual(expected);
  });
});

describe('sets that identify', () => {
  const categories = {
    ...TAXONOMY.categories,
    'user.demographic.gender': {},
    'user.demographic.income': {},
    'user.demographic.job': {},
    'user.demographic.children': {},
    'user.contact.address.postal_code': {},
    'user.contact.address.country': {},
  };
  const SET = {
    born: 'user.demographic.date_of_birth',
    zip: 'user.contact.address.postal_code',
    sex: 'user.demographic.gender',
  };
  const sets = (rules: readonly RuleDocument[], fields: Readonly<Record<string, string>> = SET): string[] => {
    const parts = { taxonomy: { categories }, policies: [policyWith(fields, [rules])] };
    return problemsOf(parts).flatMap(({ code, position, message }) =>
      code === 'identifying-set' && position.line === documents(parts).policies[0]?.at(['outputs', 0, 'topic']).line
        ? [message]
        : [],
    );
  };
  const birth = (rule: object): RuleDocument[] => [keep('user'), { select: 'born', ...rule } as RuleDocument];
  const zip = (rule: object): RuleDocument[] => [keep('user'), { select: 'zip', ...rule } as RuleDocument];
  const sex = (rule: object): RuleDocument[] => [keep('user'), { select: 'sex', ...rule } as RuleDocument];

  it.each<[string, RuleDocument[], boolean]>([
    ['all as they are', [keep('user')], true],
    ['a birth date to the day', birth({ action: 'generalize', to: 'day' }), true],
    ['a birth date to the month', birth({ action: 'generalize', to: 'month' }), false],
    ['a birth date to the year', birth({ action: 'generalize', to: 'year' }), false],
    ['a birth date in bands', birth({ action: 'generalize', bands: [1] }), false],
    ['a birth date whose year and month stay', birth({ action: 'mask', mask: { first: 7 } }), false],
    ['a birth date of which more stays', birth({ action: 'mask', mask: { first: 7, last: 1 } }), true],
    ['a birth date hashed', birth({ action: 'pseudonymize' }), false],
    ['a birth date masked as something else', birth({ action: 'mask', mask: 'phone' }), true],
    ['three digits of a postcode', zip({ action: 'mask', mask: { first: 3 } }), false],
    ['four of them', zip({ action: 'mask', mask: { first: 4 } }), true],
    ['no postcode', zip({ action: 'drop' }), false],
    ['a gender hashed, which hides nothing', sex({ action: 'pseudonymize' }), true],
    ['a gender redacted', sex({ action: 'redact' }), false],
    ['a gender as null', sex({ action: 'nullify' }), false],
    ['two of three', [keep('born'), keep('zip')], false],
  ])('%s', (_, rules, told) => {
    expect(sets(rules)).toHaveLength(told ? 1 : 0);
  });

  it.each<[string, Readonly<Record<string, string>>, boolean]>([
    ['named by paths under one category', { birthDate: 'user', 'home.city': 'user', 'profile.gender': 'user' }, true],
    ['with a coordinate for the place', { dob: 'user', latitude: 'user.location', sex: 'user' }, true],
    ['with a country for the place', { dob: 'user', c: 'user.contact.address.country', sex: 'user' }, false],
    ['with the country of birth for the date', { birth_country: 'user', zip: 'user', sex: 'user' }, false],
    ['of no person', { dob: 'system', zip: 'system', sex: 'system' }, false],
    ['of words that only contain them', { sexton: 'user', zipper: 'user', stillborn: 'user' }, false],
  ])('%s', (_, fields, told) => {
    expect(sets([keep('user'), keep('system')], fields)).toHaveLength(told ? 1 : 0);
  });

  it('count coordinates of one decimal for coarse', () => {
    const fields = { dob: 'user', latitude: 'user.location', sex: 'user' };
    const at = (decimals: number): RuleDocument[] => [
      keep('user'),
      { select: 'latitude', action: 'generalize', decimals },
    ];
    expect([sets(at(1), fields).length, sets(at(2), fields).length]).toEqual([0, 1]);
  });

  it('are four flagged categories of any kind too, however many fields they have', () => {
    const four = {
      a: 'user.demographic.income',
      b: 'user.demographic.job',
      c: 'user.demographic.children',
      d: 'user.demographic.gender',
    };
    expect(sets([keep('user')], four)).toEqual([expect.stringContaining('4 quasi-identifiers')]);
    expect(sets([keep('user'), { select: 'd', action: 'drop' }], four)).toEqual([]);
    expect(sets([keep('user')], { ...four, d: 'user.demographic.job' })).toEqual([]);
  });
});
