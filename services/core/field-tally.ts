import type { Effect, Variant } from './decide/variant.ts';
import type { OutputPlan, RoutePlan } from './policy/plan.ts';

/** How often fields of a category met an effect in published outputs; for `lethe_fields_total`. */
export type FieldCount = {
  readonly route: string;
  readonly output: string;
  readonly category: string;
  readonly effect: Effect;
  readonly count: number;
};

type Entry = { readonly variant: Variant; readonly counts: Float64Array };

/**
 * What the fields of one batch came to. Counts by variant, and works out names only when asked; an aborted batch's tally
 * is simply forgotten.
 */
export class FieldTally {
  private readonly byOutput = new Map<OutputPlan, { readonly plan: RoutePlan; readonly byVariant: Entry[] }>();

  /** @param counts by leaf id, then by header index: occurrences in one published record. */
  add(plan: RoutePlan, output: OutputPlan, variant: Variant, counts: Uint32Array): void {
    let known = this.byOutput.get(output);
    if (known === undefined) this.byOutput.set(output, (known = { plan, byVariant: [] }));
    const entry = (known.byVariant[variant.id] ??= { variant, counts: new Float64Array(counts.length) });
    const sums = entry.counts;
    for (let i = 0; i < counts.length; i++) sums[i] = (sums[i] as number) + (counts[i] as number);
  }

  /** One entry per route, output, category and effect; paths that are only read (no category) are left out. */
  counts(): readonly FieldCount[] {
    const totals = new Map<string, FieldCount>();
    for (const [output, { plan, byVariant }] of this.byOutput) {
      for (const entry of byVariant) {
        if (entry === undefined) continue;
        plan.leaves.forEach((leaf, i) => {
          if (leaf.category === null) return;
          add(totals, plan, output, leaf.category.name, entry.variant.effects[i], entry.counts[i]);
        });
        plan.headers.forEach(({ category }, i) => {
          const count = entry.counts[plan.leaves.length + i];
          add(totals, plan, output, category.name, entry.variant.headerEffects[i], count);
        });
      }
    }
    return [...totals.values()];
  }
}

function add(
  totals: Map<string, FieldCount>,
  plan: RoutePlan,
  output: OutputPlan,
  category: string,
  effect: Effect = 'drop',
  count = 0,
): void {
  if (count === 0) return;
  const key = JSON.stringify([plan.name, output.topic, category, effect]);
  const before = totals.get(key)?.count ?? 0;
  totals.set(key, { route: plan.name, output: output.topic, category, effect, count: before + count });
}
