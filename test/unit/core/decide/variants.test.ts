import { describe, expect, it } from 'vitest';
import { makeVariants, type Variants } from '../../../../services/core/decide/variants.ts';
import type { RoutePlan } from '../../../../services/core/policy/plan.ts';
import { CATEGORY, DAY, planOf } from '../engine-fixture.ts';

function variantsOf(plan: RoutePlan): Variants {
  const output = plan.outputs[0];
  if (output === undefined) throw new Error('no output');
  return makeVariants(plan, output);
}

const plan = planOf(
  {
    id: { category: CATEGORY.system },
    mail: { category: CATEGORY.contact, action: { kind: 'mask', mask: { style: 'email' } } },
    health: { category: CATEGORY.health },
    secret: { category: CATEGORY.secret, action: { kind: 'nullify' } },
    place: { category: CATEGORY.contact, maxAgeMs: 30 * DAY },
    track: { category: CATEGORY.health, maxAgeMs: 10 * DAY },
    unruled: { category: CATEGORY.contact, action: { kind: 'drop' } },
    read: { category: null, action: { kind: 'keep' } },
  },
  [{}],
  {
    trace: { category: CATEGORY.system },
    agent: { category: CATEGORY.contact, maxAgeMs: 30 * DAY },
    blank: { category: CATEGORY.system, action: { kind: 'nullify' } },
  },
);

describe('variants', () => {
  it.each([
    {
      name: 'all allowed',
      pick: [true, false, 0],
      effects: ['keep', 'mask', 'keep', 'nullify', 'keep', 'keep', 'drop', 'drop'],
      headers: ['keep', 'keep', 'drop'],
      lacks: [false, false],
    },
    {
      name: 'no explicit consent',
      pick: [false, false, 0],
      effects: ['keep', 'mask', 'drop_not_explicit', 'drop_not_explicit', 'keep', 'drop_not_explicit', 'drop', 'drop'],
      headers: ['keep', 'keep', 'drop'],
      lacks: [true, false],
    },
    {
      name: 'exactly at a limit',
      pick: [true, false, 10 * DAY],
      effects: ['keep', 'mask', 'keep', 'nullify', 'keep', 'keep', 'drop', 'drop'],
      headers: ['keep', 'keep', 'drop'],
      lacks: [false, false],
    },
    {
      name: 'past one limit',
      pick: [true, false, 10 * DAY + 1],
      effects: ['keep', 'mask', 'keep', 'nullify', 'keep', 'drop_retention', 'drop', 'drop'],
      headers: ['keep', 'keep', 'drop'],
      lacks: [false, true],
    },
    {
      name: 'past two limits, no explicit consent',
      pick: [false, false, 40 * DAY],
      effects: [
        'keep',
        'mask',
        'drop_not_explicit',
        'drop_not_explicit',
        'drop_retention',
        'drop_not_explicit',
        'drop',
        'drop',
      ],
      headers: ['keep', 'drop_retention', 'drop'],
      lacks: [true, true],
    },
    {
      name: 'stripped',
      pick: [false, true, 0],
      effects: [
        'keep',
        'drop_stripped',
        'drop_stripped',
        'drop_not_explicit',
        'drop_stripped',
        'drop_stripped',
        'drop',
        'drop',
      ],
      headers: ['keep', 'drop_stripped', 'drop'],
      lacks: [true, false],
    },
  ] as const)('$name', ({ pick: [explicit, stripped, age], effects, headers, lacks }) => {
    const variant = variantsOf(plan).pick(explicit, stripped, age);
    expect(variant.effects).toEqual(effects);
    expect(variant.headerEffects).toEqual(headers);
    expect([...variant.released]).toEqual(effects.map((effect) => (effect.startsWith('drop') ? 0 : 1)));
    expect([variant.lacksExplicit, variant.lacksRetention]).toEqual(lacks);
    expect(variant.stripped).toBe(stripped);
  });

  it('are shared, numbered within bounds and told apart', () => {
    const variants = variantsOf(plan);
    expect(variants.asksExplicit).toBe(true);
    expect(variants.pick(true, false, 5)).toBe(variants.pick(true, false, 9 * DAY));
    const ids = new Set<number>();
    for (const explicit of [true, false]) {
      for (const stripped of [true, false]) {
        for (const age of [0, 11 * DAY, 31 * DAY, 300 * DAY]) ids.add(variants.pick(explicit, stripped, age).id);
      }
    }
    expect(ids.size).toBe(12);
    expect(Math.max(...ids)).toBeLessThan(variants.size);
    expect(variants.size).toBe(12);
  });

  it('do not ask for explicit consent where nothing sensitive is released', () => {
    const dropped = planOf({
      health: { category: CATEGORY.health, action: { kind: 'drop' } },
      id: { category: CATEGORY.system },
    });
    const variants = variantsOf(dropped);
    expect(variants.asksExplicit).toBe(false);
    expect(variants.pick(false, false, 0)).toBe(variants.pick(true, false, 0));
  });
});
