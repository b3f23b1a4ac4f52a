import type { CompiledRoute } from '../policy/plan.ts';

/** Members of a plan that say why it is so and where that stands; no decision depends on them. */
const FOR_PEOPLE: ReadonlySet<string> = new Set(['rule', 'keyPosition', 'guarded', 'guardedKey']);

/**
 * Whether two compiled routes come to the same for every record: then the candidate's need not be asked, and costs
 * nothing. True only where that is sure. A policy with `tags` gets its plan from each writer schema, so that nothing is
 * sure of it.
 */
export function isSameRoute(one: CompiledRoute, other: CompiledRoute): boolean {
  if (one.tags !== null || other.tags !== null) return false;
  return textOf(one) === textOf(other);
}

function textOf({ topic, format, plan }: CompiledRoute): string {
  return JSON.stringify({ topic, format, plan }, (key, value: unknown) => {
    if (FOR_PEOPLE.has(key)) return value === null;
    return value instanceof Map ? [...value] : value;
  });
}
