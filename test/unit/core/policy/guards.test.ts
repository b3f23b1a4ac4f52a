import { describe, expect, it } from 'vitest';
import { compile } from '../../../../services/core/policy/compile.ts';
import type { GuardDocument, PolicyDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import { breachesOf } from '../../../../services/core/policy/guard-breaches.ts';
import { guardText, matchesPattern } from '../../../../services/core/policy/guard.ts';
import type { CompiledBundle, RoutePlan } from '../../../../services/core/policy/plan.ts';
import { otherProblemsOf as problemsOf, policyWith } from './compiled.ts';
import { documents, located, type Parts } from './documents.ts';

const KEEP: RuleDocument[] = [{ select: 'user', action: 'keep' }];
const FIELDS = { email: 'user.contact.email', blood: 'user.health.blood', page: 'user.behavior' };

type Output = Partial<PolicyDocument['outputs'][number]>;

/** One output for analytics, without a key, whose rules are given. */
function policy(rules: readonly RuleDocument[], output: Output = {}, rest: Partial<PolicyDocument> = {}) {
  const made = policyWith(FIELDS, [rules], rest);
  return { ...made, outputs: made.outputs.map((one) => ({ ...one, key: 'none', ...output })) };
}

const codes = (parts: Parts): string[] => problemsOf(parts).map(({ code }) => code);

function findings(guard: GuardDocument, made: PolicyDocument): string[] {
  return problemsOf({ guards: [guard], policies: [made] })
    .filter(({ code }) => code === 'guard-broken')
    .map(({ message }) => message);
}

/** The bundle in which broken guards are no problem. */
function tolerated(parts: Parts): CompiledBundle {
  const result = compile(documents(parts), { brokenGuards: 'dropped' });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.bundle;
}

function planOf(parts: Parts): RoutePlan {
  const [route] = tolerated(parts).routes;
  if (route === undefined) throw new Error('no route');
  return route.plan;
}

const actions = (plan: RoutePlan): Record<string, string | undefined> =>
  Object.fromEntries(plan.leaves.map(({ id, path }) => [path, plan.outputs[0]?.leaves[id]?.action.kind]));

describe('a pattern of purposes', () => {
  it.each<[string, string, boolean]>([
    ['analytics', 'analytics', true],
    ['analytics', 'analytic', false],
    ['*', 'partner.acme', true],
    ['partner.*', 'partner.acme', true],
    ['partner.*', 'partner.acme.eu', true],
    ['partner.*', 'partner', false],
    ['partner.*', 'my.partner.acme', false],
    ['*.acme', 'partner.acme', true],
    ['p*a*e', 'partner.acme', true],
    ['p*a*e', 'pe', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*ab', 'ab', false],
    ['a.c', 'abc', false],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });
});

describe('what is wrong with a guard', () => {
  it.each<[string, GuardDocument, string, number]>([
    ['a category nobody listed', { category: 'user.helth', never_in: '*' }, 'category-unknown', 4],
    ['a purpose nobody listed', { category: 'user', never_in: 'analytic' }, 'purpose-unknown', 5],
    ['one of several', { category: 'user', only_as: ['mask'], in: ['analytics', 'x'] }, 'purpose-unknown', 9],
    ['nothing said', { category: 'user' }, 'guard-options', 4],
    ['both said', { category: 'user', never_in: '*', only_as: ['mask'] }, 'guard-options', 6],
    ['`in` where it does not belong', { category: 'user', never_in: '*', in: 'analytics' }, 'guard-options', 6],
  ])('%s', (_name, guard, code, line) => {
    const [problem, ...others] = problemsOf({ guards: [guard], policies: [policy(KEEP)] });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ code, severity: 'error', position: { file: 'guards.yaml', line } });
  });

  it('is a warning where a pattern matches no purpose', () => {
    const guards = [{ category: 'user.contact', never_in: ['nobody.*', 'fraud_*'] }];
    expect(problemsOf({ guards, policies: [policy(KEEP)] })).toMatchObject([
      { code: 'guard-matches-nothing', severity: 'warning', position: { file: 'guards.yaml', line: 6 } },
    ]);
  });

  it('does not hide what else is wrong, and takes an ancestor of what is listed', () => {
    const guards: GuardDocument[] = [
      { category: 'user.helth', never_in: 'x' },
      { category: 'user.device', never_in: '*' },
      { category: 'user.contact', never_in: 'analytics' },
    ];
    expect(codes({ guards, policies: [policy(KEEP)] })).toEqual([
      'category-unknown',
      'purpose-unknown',
      'guard-broken',
    ]);
  });
});

describe('a broken guard', () => {
  it('is an error at the rule, and names the guard, the field and the reason with their places', () => {
    const guard = { category: 'user.health', never_in: ['analytics'], name: 'no health', why: 'Art. 9' };
    const made = policy([{ select: 'user.health', action: 'keep' }]);
    const [problem, ...others] = problemsOf({ guards: [guard], policies: [made] });
    const doc = located('policies/one.yaml', made);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ code: 'guard-broken', severity: 'error' });
    expect(problem?.position).toEqual(doc.at(['outputs', 0, 'rules', 0, 'select']));
    expect(problem?.message).toContain(`\`blood\` (policies/one.yaml:${doc.at(['fields', 'blood']).line}:1)`);
    expect(problem?.message).toContain('the guard "no health" at guards.yaml:3:1');
    expect(problem?.message).toContain('`user.health.blood`');
    expect(problem?.message).toContain('`clean.0` (purpose `analytics`)');
    expect(problem?.message).toContain('user.health never in analytics (Art. 9)');
  });

  const never: GuardDocument = { category: 'user.health', never_in: 'analytics' };
  const only: GuardDocument = { category: 'user.contact', only_as: ['mask', 'pseudonymize'], in: 'analytics' };

  it.each<[string, GuardDocument, readonly RuleDocument[], Output, number]>([
    ['kept', never, KEEP, {}, 1],
    ['in any form', never, [{ select: 'user.health.blood', action: 'pseudonymize' }], {}, 1],
    ['as a constant', never, [{ select: 'blood', action: 'redact' }], {}, 1],
    ['as null', never, [{ select: 'blood', action: 'nullify' }], {}, 1],
    ['stripped where there is no consent: with consent it gets there', never, KEEP, { unconsented: 'strip' }, 1],
    ['dropped', never, [...KEEP, { select: 'user.health', action: 'drop' }], {}, 0],
    ['dropped by its path', never, [...KEEP, { select: 'blood', action: 'drop' }], {}, 0],
    ['selected by nothing', never, [{ select: 'user.contact', action: 'keep' }], {}, 0],
    ['for another purpose', never, KEEP, { purpose: 'partner.acme' }, 0],
    ['in a form that is allowed', only, [{ select: 'email', action: 'mask', mask: 'email' }], {}, 0],
    ['in one that is not', only, [{ select: 'email', action: 'redact' }], {}, 1],
    ['of a parent of the category', { category: 'user.health.blood', never_in: '*' }, KEEP, {}, 1],
    ['everywhere', { category: 'user', only_as: ['keep'] }, [{ select: 'email', action: 'redact' }], {}, 1],
  ])('%s', (_name, guard, rules, output, count) => {
    expect(findings(guard, policy(rules, output))).toHaveLength(count);
  });

  it('does not take a category for another whose name begins alike', () => {
    const taxonomy = { categories: { user: {}, 'user.heal': {}, 'user.health': {} } };
    const made = { ...policy(KEEP), fields: { a: 'user.health' } };
    const purposes = {
      purposes: { analytics: { basis: { default: 'consent' }, retention: { default: 'P1D' } } },
    } as const;
    const guards = [{ category: 'user.heal', never_in: '*' }];
    expect(codes({ taxonomy, purposes, guards, policies: [made] })).toEqual([]);
  });

  it('is one finding per guard and rule, however many fields the rule is for', () => {
    const fields = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`f${i}`, 'user.health']));
    const [message, ...others] = findings(never, { ...policy(KEEP), fields });
    expect(others).toEqual([]);
    expect(message).toContain('and 4 more');
  });

  it('is found through wildcards, and through a path of a rule that tells some of their values apart', () => {
    const made = (rules: readonly RuleDocument[]) => ({ ...policy(rules), fields: { 'm.**': 'user.health' } });
    expect(findings(never, made(KEEP))).toHaveLength(1);
    const part: RuleDocument[] = [
      { select: 'user.health', action: 'drop' },
      { select: 'm.a', action: 'keep' },
    ];
    expect(findings(never, made(part))).toEqual([expect.stringContaining('`m.a` (policies/one.yaml:')]);
  });

  it('is found in the keys of a map, which leave as they are beside values that are changed', () => {
    const rules: RuleDocument[] = [{ select: 'user.contact', action: 'pseudonymize' }];
    const made = (path: string) => ({ ...policy(rules), fields: { [path]: 'user.contact.email' } });
    expect(findings(only, made('m.*'))).toEqual([expect.stringContaining('keys of maps as they are')]);
    expect(findings(only, made('m.**'))).toHaveLength(1);
    expect(findings(only, made('m.*.x'))).toHaveLength(1);
    expect(findings(only, made('m[].x'))).toEqual([]);
    expect(findings({ ...only, only_as: ['pseudonymize', 'keep'] }, made('m.*'))).toEqual([]);
  });

  it('does not count what no value can reach', () => {
    // Every value of `m.*` that a rule could keep is declared otherwise by its name.
    const made = {
      ...policy([{ select: 'user', action: 'keep' }]),
      fields: { 'm.a': 'user.behavior', 'm.a.*': 'user.health' },
    };
    expect(codes({ guards: [never], policies: [made] })).not.toContain('guard-broken');
  });

  it.each<[string, readonly RuleDocument[], number]>([
    ['kept', KEEP, 1],
    ['dropped', [{ select: 'user.health', action: 'drop' }], 0],
    ['nullified: a header is never null, it is absent', [{ select: 'user', action: 'nullify' }], 0],
  ])('is found in headers: %s', (_name, rules, count) => {
    const made = { ...policy(rules), fields: {}, headers: { 'x-blood': 'user.health' } };
    const found = findings(never, made);
    expect(found).toHaveLength(count);
    if (count > 0) expect(found[0]).toContain('`headers.x-blood` (policies/one.yaml:');
  });

  it.each<[string, GuardDocument, string | undefined, number]>([
    ['the default key is a pseudonym', { category: 'user.unique_id', never_in: '*' }, undefined, 1],
    ['and so is the one asked for', { category: 'user.unique_id', never_in: '*' }, 'pseudonym', 1],
    ['of another category', { category: 'user.contact', never_in: '*' }, undefined, 0],
    ['without a key', { category: 'user.unique_id', never_in: '*' }, 'none', 0],
    ['as which it may leave', { category: 'user.unique_id', only_as: ['pseudonymize'] }, undefined, 0],
    ['as which it may not', { category: 'user.unique_id', only_as: ['mask'] }, undefined, 1],
  ])('is found in the record key: %s', (_name, guard, key, count) => {
    const { key: _, ...output } = policy([]).outputs[0] as PolicyDocument['outputs'][number];
    const keyed = key === undefined ? output : { ...output, key };
    const declared = { ...policy([]), fields: { _subject: 'user.unique_id' }, outputs: [keyed] };
    expect(findings(guard, declared)).toHaveLength(count);
    // What is not declared is taken for an identifier of the person that it is.
    expect(findings(guard, { ...declared, fields: {} })).toHaveLength(count);
    const health = { ...declared, fields: { _subject: 'user.health' } };
    expect(findings(guard, health)).toHaveLength(0);
  });

  it('is found in a key that is a field, once', () => {
    const made = policy([{ select: 'blood', action: 'keep' }], { key: 'blood' });
    expect(codes({ guards: [never], policies: [made] })).toEqual(['guard-broken']);
  });
});

describe('a plan', () => {
  const guards: GuardDocument[] = [{ category: 'user.health', never_in: 'analytics' }];

  it('never says that what breaks a guard is released', () => {
    const plan = planOf({ guards, policies: [policy(KEEP, { key: 'blood' })] });
    expect(actions(plan)).toEqual({ email: 'keep', blood: 'drop', page: 'keep', _subject: 'drop' });
    expect(plan.outputs[0]?.key).toEqual({ kind: 'none' });
    expect(breachesOf(plan)).toMatchObject([{ way: 'field', path: 'blood', action: { kind: 'keep' } }]);
  });

  it('has no key where the pseudonym of the subject breaks one', () => {
    const never = [{ category: 'user', never_in: '*' }];
    const plan = planOf({ guards: never, policies: [policy([], { key: 'pseudonym' })] });
    expect(plan.outputs[0]?.key).toEqual({ kind: 'none' });
    expect(breachesOf(plan)).toMatchObject([{ way: 'key', path: '_subject', category: 'user.unique_id' }]);
  });

  const avro: Partial<PolicyDocument> = {
    from: { topic: 'raw.clicks', format: 'avro' },
    tags: { HEALTH: 'user.health', ID: 'user.health.blood' },
  };

  it('with what a schema tags keeps to the guards too', () => {
    const made = { ...policy(KEEP, { key: 'pseudonym' }, avro), fields: { email: 'user.contact.email' } };
    expect(codes({ guards, policies: [made] })).toEqual([]);
    const [route] = tolerated({ guards, policies: [made] }).routes;
    const tagged = { secret: 'user.health', _subject: 'user.health.blood', other: 'user' };
    const plan = route?.planWith(new Map(Object.entries(tagged)));
    if (plan === undefined) throw new Error('no plan');
    expect(actions(plan)).toEqual({ email: 'keep', secret: 'drop', other: 'keep', _subject: 'drop' });
    expect(plan.outputs[0]?.key).toEqual({ kind: 'none' });
    expect(
      breachesOf(plan)
        .map(({ way, path }) => `${way} ${path}`)
        .toSorted(),
    ).toEqual(['field _subject', 'field secret', 'key _subject']);
  });

  it('is held against the schema at hand', () => {
    const schema = {
      type: 'record',
      name: 'R',
      fields: [{ name: 'secret', type: 'string', 'confluent:tags': ['HEALTH'] }],
    };
    const made = policy(
      KEEP,
      {},
      { ...avro, from: { topic: 'raw.clicks', format: 'avro', schema: 's.avsc' }, fields: {} },
    );
    const found = problemsOf({ guards, policies: [made], schemas: { 'policies/s.avsc': JSON.stringify(schema) } });
    expect(found).toMatchObject([
      { code: 'guard-broken', message: expect.stringContaining('`secret` (tagged in the schema)') },
    ]);
  });
});

it.each<[GuardDocument, string]>([
  [{ category: 'user.health', never_in: ['partner.*', 'analytics'] }, 'user.health never in partner.*, analytics'],
  [{ category: 'user', only_as: 'mask' }, 'user only as mask'],
  [{ category: 'user', only_as: ['mask', 'keep'], in: '*' }, 'user only as mask or keep in *'],
])('is told in words', (guard, text) => {
  const [compiled] = tolerated({ guards: [guard], policies: [policy([])] }).guards;
  expect(compiled === undefined ? '' : guardText(compiled)).toBe(text);
});
