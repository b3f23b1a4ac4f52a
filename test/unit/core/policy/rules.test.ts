import { describe, expect, it } from 'vitest';
import type { RuleDocument } from '../../../../services/core/policy/document.ts';
import type { Action } from '../../../../services/core/policy/plan.ts';
import { compiledRoute, policyWith } from './compiled.ts';
import { documents, located, POLICY } from './documents.ts';
import { type Concrete, ruleAt } from './walk.ts';

const keep = (select: string): RuleDocument => ({ select, action: 'keep' });

describe('the rule of a value', () => {
  it.each<[string, Record<string, string>, string[], Concrete, string | null]>([
    ['nothing, where nothing selects it', { a: 'user' }, ['system'], ['a'], null],
    ['its category', { a: 'user.location' }, ['user.location'], ['a'], 'user.location'],
    ['a category above its own', { a: 'user.location' }, ['user'], ['a'], 'user'],
    ['the longest category', { a: 'user.health.blood' }, ['user', 'user.health'], ['a'], 'user.health'],
    [
      'a category that only has listed ones beneath',
      { a: 'user.contact.email' },
      ['user.contact'],
      ['a'],
      'user.contact',
    ],
    ['no category that merely begins alike', { a: 'user.behavior' }, ['user.behavior.purchase_history'], ['a'], null],
    ['its path before its category', { a: 'user.location' }, ['user.location', 'a'], ['a'], 'a'],
    ['a wildcard before its category', { 'a.b': 'user.location' }, ['user.location', 'a.*'], ['a', 'b'], 'a.*'],
    ['its path before a wildcard', { 'a.b': 'user' }, ['a.*', 'a.b', '**'], ['a', 'b'], 'a.b'],
    ['the more specific wildcard', { 'a.b': 'user' }, ['**', 'a.**', 'a.*', '*.b'], ['a', 'b'], 'a.*'],
    [
      'the more specific wildcard, seen from the left',
      { 'a.b.c': 'user' },
      ['*.b.c', 'a.*.*'],
      ['a', 'b', 'c'],
      'a.*.*',
    ],
    ['its path, within arrays too', { 'a[].b': 'user' }, ['a[].*', 'a[].b'], ['a', 0, 'b'], 'a[].b'],
    ['a wildcard over arrays', { 'a[].b': 'user' }, ['a.**'], ['a', 0, 'b'], 'a.**'],
    ['no `*` for elements', { 'a.b': 'user', 'a.c[]': 'user' }, ['a.*', 'user'], ['a', 'c', 0], 'user'],
    ['the wildcard as declared', { 'a.*': 'user' }, ['a.*', 'a.b'], ['a', 'c'], 'a.*'],
    ['a path within a declared wildcard', { 'a.*': 'user' }, ['a.*', 'a.b'], ['a', 'b'], 'a.b'],
    ['the category beside a path within a wildcard', { 'a.*': 'user' }, ['user', 'a.b'], ['a', 'c'], 'user'],
    ['an escaped path', { [String.raw`a\.b`]: 'user' }, [String.raw`a\.b`], ['a.b'], String.raw`a\.b`],
  ])('is %s', (_, fields, selects, place, expected) => {
    const { plan } = compiledRoute({ policies: [policyWith(fields, [selects.map(keep)])] });
    const decided = ruleAt(plan, 0, place);
    expect(decided?.rule?.select ?? null).toBe(expected);
    expect(decided?.action.kind).toBe(expected === null ? 'drop' : 'keep');
  });

  it('does not depend on their order', () => {
    const selects = ['**', 'a.**', 'a.*', '*.b', 'user', 'a.b'];
    const decided = [selects, selects.toReversed()].map(
      (list) =>
        ruleAt(compiledRoute({ policies: [policyWith({ 'a.b': 'user' }, [list.map(keep)])] }).plan, 0, ['a', 'b'])?.rule
          ?.select,
    );
    expect(decided).toEqual(['a.b', 'a.b']);
  });

  it('is looked up in each output by itself', () => {
    const rules = [[keep('a.*'), keep('user')], [keep('*.x')], [keep('user')]];
    const { plan } = compiledRoute({ policies: [policyWith({ '**': 'user' }, rules)] });
    const decide = (place: Concrete) => rules.map((__, output) => ruleAt(plan, output, place)?.rule?.select ?? null);
    expect(decide(['a', 'x'])).toEqual(['a.*', '*.x', 'user']);
    expect(decide(['a', 'y'])).toEqual(['a.*', null, 'user']);
    expect(decide(['b', 'x'])).toEqual(['user', '*.x', 'user']);
    expect(decide(['b', 'y', 'z'])).toEqual(['user', null, 'user']);
  });

  it('names its position', () => {
    const policy = policyWith({ a: 'user' }, [[keep('system'), keep('a')]]);
    const { plan } = compiledRoute({ policies: [policy] });
    const position = located('policies/one.yaml', policy).at(['outputs', 0, 'rules', 1, 'select']);
    expect(ruleAt(plan, 0, ['a'])?.rule).toEqual({ select: 'a', position });
  });

  it('of a header is its longest category', () => {
    const headers = { traceparent: 'system', 'x-mail': 'user.contact.email', 'x-other': 'user.location' };
    const rules = [keep('system'), keep('user'), { select: 'user.contact.email', action: 'redact' as const }];
    const { plan } = compiledRoute({ policies: [policyWith({ a: 'user' }, [rules, [keep('a')]], { headers })] });
    expect(plan.headers.map(({ name, category }) => [name, category.name])).toEqual(Object.entries(headers));
    expect(plan.outputs[0]?.headers.map(({ rule }) => rule?.select)).toEqual(['system', 'user.contact.email', 'user']);
    expect(plan.outputs[1]?.headers.map(({ action }) => action.kind)).toEqual(['drop', 'drop', 'drop']);
  });
});

describe('an action', () => {
  it.each<[RuleDocument, Action]>([
    [{ select: 'a', action: 'keep' }, { kind: 'keep' }],
    [{ select: 'a', action: 'drop' }, { kind: 'drop' }],
    [{ select: 'a', action: 'nullify' }, { kind: 'nullify' }],
    [
      { select: 'a', action: 'redact' },
      { kind: 'redact', with: '[redacted]' },
    ],
    [
      { select: 'a', action: 'redact', with: 0 },
      { kind: 'redact', with: 0 },
    ],
    [
      { select: 'a', action: 'redact', with: '' },
      { kind: 'redact', with: '' },
    ],
    [
      { select: 'a', action: 'mask', mask: 'email' },
      { kind: 'mask', mask: { style: 'email' } },
    ],
    [
      { select: 'a', action: 'mask', mask: 'card' },
      { kind: 'mask', mask: { style: 'card' } },
    ],
    [
      { select: 'a', action: 'mask', mask: { first: 2 } },
      { kind: 'mask', mask: { style: 'ends', first: 2, last: 0, char: '*' } },
    ],
    [
      { select: 'a', action: 'mask', mask: { last: 4, char: '\u{1F600}' } },
      { kind: 'mask', mask: { style: 'ends', first: 0, last: 4, char: '\u{1F600}' } },
    ],
    [
      { select: 'a', action: 'pseudonymize' },
      { kind: 'pseudonymize', domain: 'analytics' },
    ],
    [
      { select: 'a', action: 'pseudonymize', domain: 'crm' },
      { kind: 'pseudonymize', domain: 'crm' },
    ],
    [
      { select: 'a', action: 'truncate_ip', ipv4: 0, ipv6: 128 },
      { kind: 'truncate_ip', ipv4: 0, ipv6: 128 },
    ],
    [
      { select: 'a', action: 'generalize', to: 'year' },
      { kind: 'generalize', by: { how: 'date', to: 'year' } },
    ],
    [
      { select: 'a', action: 'generalize', step: 5 },
      { kind: 'generalize', by: { how: 'step', step: '5' } },
    ],
    [
      { select: 'a', action: 'generalize', step: 0.1 },
      { kind: 'generalize', by: { how: 'step', step: '0.1' } },
    ],
    [
      { select: 'a', action: 'generalize', step: 1e-7 },
      { kind: 'generalize', by: { how: 'step', step: '0.0000001' } },
    ],
    [
      { select: 'a', action: 'generalize', step: 1e21 },
      { kind: 'generalize', by: { how: 'step', step: '1000000000000000000000' } },
    ],
    [
      { select: 'a', action: 'generalize', decimals: 0 },
      { kind: 'generalize', by: { how: 'decimals', decimals: 0 } },
    ],
    [
      { select: 'a', action: 'generalize', bands: [-1, 0.5, 18] },
      { kind: 'generalize', by: { how: 'bands', bands: [-1, 0.5, 18] } },
    ],
  ])('of %j is compiled', (rule, action) => {
    const { plan } = compiledRoute({ policies: [policyWith({ a: 'user' }, [[rule]])] });
    expect(ruleAt(plan, 0, ['a'])?.action).toEqual(action);
  });
});

describe('the key of an output', () => {
  const keyed = (key: string | undefined, rule: RuleDocument, fields: Record<string, string> = { 'a.b': 'user' }) => {
    const policy = policyWith(fields, [[rule]]);
    const outputs = policy.outputs.map((one) => (key === undefined ? one : { ...one, key }));
    const { plan } = compiledRoute({ policies: [{ ...policy, outputs }] });
    const found = plan.outputs[0]?.key;
    return found?.kind === 'leaf' ? plan.leaves[found.leaf]?.path : found?.kind;
  };

  it('is the subject’s pseudonym unless the policy says otherwise', () => {
    expect(keyed(undefined, keep('user'))).toBe('pseudonym');
    expect(keyed('pseudonym', keep('user'))).toBe('pseudonym');
    expect(keyed('none', keep('user'))).toBe('none');
  });

  it('may be a value that a rule releases, by path, wildcard or category', () => {
    expect(keyed('a.b', keep('a.b'))).toBe('a.b');
    expect(keyed('a.b', keep('user'))).toBe('a.b');
    expect(keyed('a.b', { select: 'a.*', action: 'pseudonymize' })).toBe('a.b');
  });

  it('may be one of the values of a declared wildcard', () => {
    expect(keyed('a.b', keep('a.**'), { 'a.**': 'user' })).toBe('a.b');
    expect(keyed('a.b', keep('user'), { 'a.*': 'user' })).toBe('a.b');
  });
});

it('takes documents without prototypes', () => {
  const bare = JSON.parse(JSON.stringify(POLICY), (_, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.assign(Object.create(null), value)
      : value,
  );
  expect(compiledRoute({ policies: [bare] }).plan).toEqual(compiledRoute({ policies: [POLICY] }).plan);
  expect(documents().policies).toHaveLength(1);
});
