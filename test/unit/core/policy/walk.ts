import type { LeafRule, RoutePlan } from '../../../../services/core/policy/plan.ts';

/** A concrete place in a record: keys of objects, indexes of arrays. */
export type Concrete = readonly (string | number)[];

/** Where a walk over the plan's nodes ends: a leaf's path, `undeclared`, or `stopped at` a leaf above. */
export function walk(plan: RoutePlan, place: Concrete): string {
  let node = plan.nodes[0];
  for (const step of place) {
    if (node === undefined) return 'undeclared';
    if (node.leafWins) return `stopped at ${plan.leaves[node.leaf]?.path}`;
    const next: number = typeof step === 'number' ? node.items : (node.fields?.get(step) ?? node.rest);
    if (next < 0) return 'undeclared';
    node = plan.nodes[next];
  }
  return (node !== undefined && plan.leaves[node.leaf]?.path) || 'undeclared';
}

/** What an output does with the scalar at a place; null where no leaf is there. */
export function ruleAt(plan: RoutePlan, output: number, place: Concrete): LeafRule | null {
  const found = walk(plan, place);
  const leaf = plan.leaves.find(({ path }) => path === found);
  return leaf === undefined ? null : (plan.outputs[output]?.leaves[leaf.id] ?? null);
}
