import { describe, expect, it } from 'vitest';
import type { PolicyDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import type { RoutePlan } from '../../../../services/core/policy/plan.ts';
import { compiledRoute, policyWith } from './compiled.ts';
import { type Concrete, ruleAt, walk } from './walk.ts';

const RULES: readonly RuleDocument[] = [
  { select: 'user', action: 'keep' },
  { select: 'system', action: 'keep' },
  { select: 'customer.phone', action: 'mask', mask: 'phone' },
];

function tagged(
  fields: Record<string, string>,
  tags: Record<string, string>,
  rest: Partial<PolicyDocument> = {},
): RoutePlan {
  const avro = { from: { topic: 'raw.avro', format: 'avro' as const }, tags: { PII: 'user' } };
  return compiledRoute({ policies: [policyWith(fields, [RULES], { ...avro, ...rest })] }).planWith(
    new Map(Object.entries(tags)),
  );
}

const categoryAt = (plan: RoutePlan, place: Concrete) => {
  const found = walk(plan, place);
  return plan.leaves.find(({ path }) => path === found)?.category?.name ?? null;
};

describe('a plan with tags', () => {
  it('declares what the tags say beside the fields', () => {
    const plan = tagged({ id: 'system' }, { 'customer.email': 'user.contact.email', 'items[].sku': 'user.behavior' });
    expect(categoryAt(plan, ['id'])).toBe('system');
    expect(categoryAt(plan, ['customer', 'email'])).toBe('user.contact.email');
    expect(categoryAt(plan, ['items', 0, 'sku'])).toBe('user.behavior');
    expect(categoryAt(plan, ['items', 0, 'name'])).toBeNull();
    expect(ruleAt(plan, 0, ['customer', 'email'])?.rule?.select).toBe('user');
  });

  it('applies rules to paths that only tags declare', () => {
    const plan = tagged({}, { 'customer.phone': 'user' });
    expect(ruleAt(plan, 0, ['customer', 'phone'])?.rule?.select).toBe('customer.phone');
  });

  it('lets fields win where they declare the same path', () => {
    const plan = tagged({ a: 'system' }, { a: 'user' });
    expect(categoryAt(plan, ['a'])).toBe('system');
    expect(plan.leaves.filter(({ path }) => path === 'a')).toHaveLength(1);
  });

  it('lets the more specific win, be it a field or a tag', () => {
    const plan = tagged({ 'a.*': 'system', 'b.c': 'system' }, { 'a.b': 'user', 'b.*': 'user.location' });
    expect(categoryAt(plan, ['a', 'b'])).toBe('user');
    expect(categoryAt(plan, ['a', 'x'])).toBe('system');
    expect(categoryAt(plan, ['b', 'c'])).toBe('system');
    expect(categoryAt(plan, ['b', 'x'])).toBe('user.location');
  });

  it('leaves out tags that contradict a field or a value that is read', () => {
    const plan = tagged(
      { 'a.b': 'system', c: 'system' },
      { a: 'user', 'c.d': 'user', 'acc.id.x': 'user', acc: 'user' },
      {
        subject: 'acc.id',
      },
    );
    expect(plan.leaves.map(({ path }) => path)).toEqual(['a.b', 'c', 'acc.id']);
  });

  it('releases none of two tags that contradict each other, not by a wildcard either', () => {
    const plan = tagged({ 'a.**': 'system' }, { 'a.b': 'user', 'a.b.c': 'user', 'a.b[]': 'user', 'a.d': 'user' });
    expect(categoryAt(plan, ['a', 'b'])).toBeNull();
    expect(walk(plan, ['a', 'b', 'c'])).toBe('stopped at a.b');
    expect(walk(plan, ['a', 'b', 0])).toBe('stopped at a.b');
    expect(ruleAt(plan, 0, ['a', 'b'])?.action.kind).toBe('drop');
    expect(categoryAt(plan, ['a', 'd'])).toBe('user');
    expect(categoryAt(plan, ['a', 'x'])).toBe('system');
  });

  it('releases nothing of a category that nobody listed', () => {
    const plan = tagged({ 'a.**': 'system' }, { 'a.b': 'user.nobody' });
    expect(walk(plan, ['a', 'b'])).toBe('a.b');
    expect(ruleAt(plan, 0, ['a', 'b'])).toMatchObject({ action: { kind: 'drop' }, rule: null });
  });

  it('ignores what cannot be a path', () => {
    expect(tagged({ a: 'system' }, { '[].x': 'user', '': 'user' }).leaves.map(({ path }) => path)).toEqual([
      'a',
      '_subject',
    ]);
  });

  it('knows the subject where tags declare it', () => {
    const plan = tagged({}, { _subject: 'user.unique_id' });
    expect(plan.leaves[plan.read.subject]).toMatchObject({ path: '_subject', category: { name: 'user.unique_id' } });
  });

  it('takes its key from a tagged path, once that is there', () => {
    const outputs = [{ topic: 'clean.0', purpose: 'analytics', key: 'customer.phone', rules: RULES }];
    expect(tagged({}, {}, { outputs }).outputs[0]?.key).toEqual({ kind: 'none' });
    const plan = tagged({}, { 'customer.phone': 'user' }, { outputs });
    expect(plan.outputs[0]?.key).toEqual({
      kind: 'leaf',
      leaf: plan.leaves.findIndex((l) => l.path === 'customer.phone'),
    });
  });

  it('does not depend on the order of tags', () => {
    const forth = tagged({}, { a: 'user', b: 'system' });
    expect(forth).toEqual(tagged({}, { b: 'system', a: 'user' }));
  });

  it('releases nothing where wildcards of tags multiply without end', () => {
    const wild = Array.from({ length: 18 }, (_, i) => [
      [...Array.from({ length: 18 }, (__, j) => (i === j ? 'x' : '*')), `leaf${i}`].join('.'),
      'user',
    ]);
    const plan = tagged({ a: 'system' }, Object.fromEntries(wild));
    expect(plan.leaves.map(({ path, category }) => [path, category])).toEqual([['_subject', null]]);
    expect(walk(plan, ['a'])).toBe('undeclared');
  });
});

it('a plan of the fields alone knows no tags', () => {
  const policy = policyWith({ id: 'system' }, [RULES], {
    from: { topic: 'raw.avro', format: 'avro' },
    tags: { PII: 'user', MAIL: 'user.contact.email' },
  });
  const route = compiledRoute({ policies: [policy] });
  expect([...(route.tags ?? [])]).toEqual([
    ['PII', 'user'],
    ['MAIL', 'user.contact.email'],
  ]);
  expect(route.plan.leaves.map(({ path }) => path)).toEqual(['id', '_subject']);
});
