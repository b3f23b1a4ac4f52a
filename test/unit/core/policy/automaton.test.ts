import { describe, expect, it } from 'vitest';
import type { RoutePlan } from '../../../../services/core/policy/plan.ts';
import { compiledRoute, policyWith } from './compiled.ts';
import { type Concrete, walk } from './walk.ts';

function planOf(fields: readonly string[], selects: readonly string[] = []): RoutePlan {
  const declared = Object.fromEntries(fields.map((field) => [field, 'system']));
  const rules = selects.map((select) => ({ select, action: 'keep' as const }));
  return compiledRoute({ policies: [policyWith(declared, [rules])] }).plan;
}

describe('a walk over the nodes', () => {
  it.each<[string[], Concrete, string]>([
    // Named keys.
    [['a.b'], ['a', 'b'], 'a.b'],
    [['a.b'], ['a'], 'undeclared'],
    [['a.b'], ['a', 'c'], 'undeclared'],
    [['a.b'], ['a', 'b', 'c'], 'stopped at a.b'],
    [['a.b'], ['a', 0, 'b'], 'undeclared'],
    [['a.b'], ['__proto__'], 'undeclared'],
    [['__proto__'], ['__proto__'], '__proto__'],
    [[String.raw`a\.b`], ['a.b'], String.raw`a\.b`],
    [[String.raw`a\.b`], ['a', 'b'], 'undeclared'],
    [[String.raw`a.\*`], ['a', 'x'], 'undeclared'],
    [[String.raw`a.\*`], ['a', '*'], String.raw`a.\*`],
    // Arrays.
    [['a[]'], ['a', 3], 'a[]'],
    [['a[]'], ['a', '0'], 'undeclared'],
    [['a[].b'], ['a', 0, 'b'], 'a[].b'],
    [['a[].b'], ['a', 'b'], 'undeclared'],
    [['a[][]'], ['a', 0, 1], 'a[][]'],
    [['a[][]'], ['a', 0], 'undeclared'],
    // Values of a map.
    [['a.*'], ['a', 'x'], 'a.*'],
    [['a.*'], ['a', 'x', 'y'], 'stopped at a.*'],
    [['a.*'], ['a', 0], 'undeclared'],
    [['*'], ['x'], '*'],
    [['*[]'], ['x', 0], '*[]'],
    // Everything beneath.
    [['a.**'], ['a'], 'undeclared'],
    [['a.**'], ['a', 'x'], 'a.**'],
    [['a.**'], ['a', 0], 'a.**'],
    [['a.**'], ['a', 'x', 0, 'y', 1], 'a.**'],
    [['**'], ['x', 'y'], '**'],
    [['a[].**'], ['a', 0], 'undeclared'],
    [['a[].**'], ['a', 0, 'x'], 'a[].**'],
    // The specific path wins over the wildcard, and wildcards apply beneath named keys.
    [['a.b', 'a.*'], ['a', 'b'], 'a.b'],
    [['a.b', 'a.*'], ['a', 'c'], 'a.*'],
    [['a.*.x', 'a.b.y'], ['a', 'b', 'x'], 'a.*.x'],
    [['a.*.x', 'a.b.y'], ['a', 'b', 'y'], 'a.b.y'],
    [['a.*.x', 'a.b.y'], ['a', 'c', 'y'], 'undeclared'],
    [['a.*.x', 'a.b.x'], ['a', 'b', 'x'], 'a.b.x'],
    [['*.b', 'a.*'], ['a', 'b'], 'a.*'],
    [['*.b', 'a.*'], ['c', 'b'], '*.b'],
    [['a.**', 'a.b[].c'], ['a', 'b', 0, 'c'], 'a.b[].c'],
    [['a.**', 'a.b[].c'], ['a', 'b', 0, 'd'], 'a.**'],
    [['a.**', 'a.b[].c'], ['a', 'b', 'c'], 'a.**'],
    [['a.**', 'a.*'], ['a', 'b'], 'a.*'],
    [['**', 'a.**'], ['a', 'b', 'c'], 'a.**'],
    [['**', 'a.b'], ['a', 'c'], '**'],
    // Scalar against container: the more specific declaration says what may stand there.
    [['a.*', 'a.b.c'], ['a', 'b'], 'undeclared'],
    [['a.*', 'a.b.c'], ['a', 'b', 'c'], 'a.b.c'],
    [['a.**', 'a.b.c'], ['a', 'b'], 'undeclared'],
    [['a.*', 'a.b[]'], ['a', 'b', 0], 'a.b[]'],
    [['a.b', '*.*.c'], ['a', 'b', 'c'], 'stopped at a.b'],
    [['a.b', '*.*.c'], ['a', 'x', 'c'], '*.*.c'],
    [['a.b', 'a.**'], ['a', 'b', 'c'], 'stopped at a.b'],
    [['a.*', 'a.**'], ['a', 'b', 'c'], 'stopped at a.*'],
    [['*.b', 'a.*.c'], ['a', 'b'], 'undeclared'],
    [['*.b', 'a.*.c'], ['a', 'b', 'c'], 'a.*.c'],
    [['*.b', 'a.*.c'], ['x', 'b', 'c'], 'stopped at *.b'],
    // `**` declares scalars beside the containers that a `*` leads to, not where a container is named.
    [['**', '*.b'], ['a'], '**'],
    [['**', '*.b'], ['a', 'b'], '*.b'],
    [['**', '*.b'], ['a', 'c'], '**'],
    [['**', '*.b.c'], ['a', 'b'], 'undeclared'],
    [['a.**', 'a[].b'], ['a', 0], 'undeclared'],
    [['a.**', 'a[].b'], ['a', 0, 'c'], 'a.**'],
  ])('of %j comes with %j to %s', (fields, place, expected) => {
    expect(walk(planOf(fields), place)).toBe(expected);
  });

  it('does not look for an array at the top: a record is an object', () => {
    expect(walk(planOf(['**']), [0])).toBe('undeclared');
    expect(walk(planOf(['**']), [0, 'a'])).toBe('undeclared');
  });

  it.each<[string[], string[], Concrete, string]>([
    // What rules select beneath a wildcard becomes a leaf of its own.
    [['a.*'], ['a.b'], ['a', 'b'], 'a.b'],
    [['a.*'], ['a.b'], ['a', 'c'], 'a.*'],
    [['a.**'], ['a.b.c'], ['a', 'b', 'c'], 'a.b.c'],
    [['a.**'], ['a.b.c'], ['a', 'b', 'd'], 'a.**'],
    [['a.**'], ['a.*'], ['a', 'b'], 'a.*'],
    [['a.**'], ['a.b.**'], ['a', 'b', 'c', 'd'], 'a.b.**'],
    [['**'], ['a.b'], ['a', 'b'], 'a.b'],
    // Two wildcards that cross meet in a leaf that both select.
    [['*.x'], ['a.*'], ['a', 'x'], 'a.x'],
    [['*.x'], ['a.*'], ['b', 'x'], '*.x'],
    [['**'], ['a.*', '*.x'], ['a', 'x'], 'a.x'],
    // A scalar that a rule names is a scalar: what it should do cannot be done to what lies beneath.
    [['a.**'], ['a.b'], ['a', 'b', 'c'], 'stopped at a.b'],
    [['a.**'], ['a.*', 'a.b.c'], ['a', 'b', 'c'], 'a.b.c'],
    [['a.**'], ['a.b.**'], ['a', 'b'], 'a.**'],
    // But a rule does not undo what a field says may stand somewhere.
    [['a.**'], ['a.b.c'], ['a', 'b'], 'a.**'],
    [['a.*', '*.*.c'], ['x.b.c'], ['a', 'b', 'c'], 'stopped at a.*'],
    [['*.b', '**'], ['a.b.c', '*.b'], ['a', 'b', 'c'], 'stopped at *.b'],
    [['*.c', '**'], ['a'], ['a', 'c'], 'stopped at a'],
    // A rule on a path that is declared as it stands adds nothing.
    [['a.b', 'a.c'], ['a.*'], ['a', 'b'], 'a.b'],
    [['a.b', 'a.c'], ['a.*'], ['a', 'd'], 'undeclared'],
  ])('of %j with rules for %j comes with %j to %s', (fields, selects, place, expected) => {
    expect(walk(planOf(fields, selects), place)).toBe(expected);
  });

  it('gives a value the category of the most specific field, whatever rules select', () => {
    const fields = { '**': 'system', 'a.*.c': 'user.health' };
    const rules = [{ select: 'a.b.*', action: 'keep' as const }];
    const { plan } = compiledRoute({ policies: [policyWith(fields, [rules])] });
    const categoryAt = (place: Concrete) => plan.leaves.find(({ path }) => path === walk(plan, place))?.category?.name;
    expect(categoryAt(['a', 'b', 'c'])).toBe('user.health');
    expect(categoryAt(['a', 'b', 'd'])).toBe('system');
  });

  it('gives it the category of that field even where a less specific one is refined to a more specific path', () => {
    const fields = { 'a.*.c': 'user.health', '*.b.*': 'system' };
    const { plan } = compiledRoute({ policies: [policyWith(fields, [[{ select: 'a.*.*', action: 'keep' }]])] });
    expect(plan.leaves.map(({ path }) => path)).toContain('a.b.*');
    expect(walk(plan, ['a', 'b', 'c'])).toBe('a.*.c');
    expect(walk(plan, ['a', 'b', 'd'])).toBe('a.b.*');
  });
});

describe('nodes', () => {
  it('know all leaves beneath them, themselves excluded but for `**`', () => {
    const { nodes, leaves } = planOf(['a.b', 'a.c[].d', 'a.c[].e', 'x.**']);
    const at = (...place: Concrete) => {
      let id = 0;
      for (const step of place) {
        id = (typeof step === 'number' ? nodes[id]?.items : (nodes[id]?.fields?.get(step) ?? nodes[id]?.rest)) ?? -1;
      }
      return nodes[id]?.beneath.map((leaf) => leaves[leaf]?.path);
    };
    expect(at()).toEqual(['a.b', 'a.c[].d', 'a.c[].e', 'x.**', '_subject']);
    expect(at('a')).toEqual(['a.b', 'a.c[].d', 'a.c[].e']);
    expect(at('a', 'c')).toEqual(['a.c[].d', 'a.c[].e']);
    expect(at('a', 'b')).toEqual([]);
    expect(at('x')).toEqual(['x.**']);
    expect(at('x', 'y', 'z')).toEqual(['x.**']);
  });

  it('are numbered by their index, the root first', () => {
    const { nodes } = planOf(['a.b', 'c[].*', 'd.**']);
    expect(nodes.map(({ id }) => id)).toEqual(nodes.map((_, index) => index));
  });

  it('of a `**` lead to themselves', () => {
    const { nodes } = planOf(['a.**']);
    const deep = nodes.find(({ leaf }) => leaf === 0);
    expect(deep).toMatchObject({ leafWins: false, fields: null, rest: deep?.id, items: deep?.id, beneath: [0] });
  });

  it('stay few for thousands of fields', () => {
    const fields = Array.from({ length: 5000 }, (_, i) => `group${i % 100}.part${i % 7}[].field${i}`);
    const selects = fields.filter((_, i) => i % 2 === 0);
    const { nodes, leaves } = planOf([...fields, 'meta.*', 'more.**'], selects);
    expect(leaves).toHaveLength(5003);
    expect(nodes.length).toBeLessThan(5000 + 100 * 15 + 10);
  });
});

describe('values that are read', () => {
  const fields = { 'customer.id': 'user.unique_id', 'attributes.*': 'user.behavior', 'meta.**': 'system' };
  const read = (subject: string, more: { time?: string; region?: string } = {}) =>
    compiledRoute({ policies: [policyWith(fields, [[{ select: 'user', action: 'keep' }]], { subject, ...more })] })
      .plan;

  it('are the declared leaf where they are declared', () => {
    const plan = read('customer.id');
    expect(plan.read).toEqual({ subject: 0, time: -1, region: -1 });
    expect(plan.leaves).toHaveLength(3);
  });

  it('are a leaf of their own with the category of the wildcard that declares them', () => {
    const plan = read('attributes.id', { time: 'meta.times.at' });
    expect(plan.leaves[plan.read.subject]).toMatchObject({
      path: 'attributes.id',
      category: { name: 'user.behavior', personal: true },
    });
    expect(plan.leaves[plan.read.time]).toMatchObject({ path: 'meta.times.at', category: { name: 'system' } });
    expect(walk(plan, ['attributes', 'id'])).toBe('attributes.id');
    expect(plan.outputs[0]?.leaves[plan.read.subject]?.action).toEqual({ kind: 'keep' });
  });

  it('are a leaf without category, never released, where they are not declared', () => {
    const plan = read('account.id', { region: 'account.country' });
    expect(plan.leaves[plan.read.subject]).toEqual({ id: plan.read.subject, path: 'account.id', category: null });
    expect(plan.leaves[plan.read.region]).toMatchObject({ path: 'account.country', category: null });
    expect(plan.outputs[0]?.leaves[plan.read.subject]).toEqual({
      action: { kind: 'drop' },
      rule: null,
      maxAgeMs: 365 * 86_400_000,
    });
    expect(walk(plan, ['account', 'country'])).toBe('account.country');
  });

  it('are found where a wildcard declares scalars above them', () => {
    const { plan } = compiledRoute({ policies: [policyWith({ '*': 'system' }, [[]], { subject: 'account.id' })] });
    expect(walk(plan, ['account', 'id'])).toBe('account.id');
    expect(walk(plan, ['account'])).toBe('undeclared');
  });
});
