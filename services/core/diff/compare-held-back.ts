/**
 * A record of which nothing is left is withheld where something was held back, for want of consent (`strip`) or of
 * explicit consent, for its age or for want of a data key, and published empty where there was nothing to release in the
 * first place (core/decide, `settle`). So an output that releases less may publish records that it withheld before:
 * without a value, but with their key and headers.
 */
import { releases } from '../policy/assemble.ts';
import type { OutputPlan, RoutePlan } from '../policy/plan.ts';
import { lets, ofHeader, type Treated } from './compare-fields.ts';
import type { Said } from './finding.ts';

/** What may be held back of an output's records. */
type HeldBack = {
  /** Some field asks for explicit consent. */
  readonly explicit: boolean;
  /** Age from which some field is dropped, milliseconds; infinite where none is. */
  readonly ageMs: number;
  /** Some field is absent where the subject's data key was destroyed. */
  readonly encrypts: boolean;
  /** Personal fields are absent where there is no consent. */
  readonly strips: boolean;
};

/**
 * Tells where records that were withheld, for nothing of them was left, can be published.
 *
 * @param releasesMore some field leaves that did not, or on fewer conditions; then what it leaves with can be new as well.
 */
export function compareHeldBack(
  before: { readonly plan: RoutePlan; readonly output: OutputPlan },
  after: { readonly plan: RoutePlan; readonly output: OutputPlan },
  releasesMore: boolean,
  add: (said: Said) => void,
): void {
  const old = heldBack(before.plan, before.output);
  const holdsNothing = !old.explicit && !old.encrypts && !old.strips && old.ageMs === Number.POSITIVE_INFINITY;
  if (holdsNothing || alwaysLeft(before.plan, before.output)) return;
  const fresh = heldBack(after.plan, after.output);
  const holdsLess = (old.explicit && !fresh.explicit) || (old.encrypts && !fresh.encrypts) || fresh.ageMs > old.ageMs;
  if (!holdsLess && !releasesMore) return;
  const headers = after.plan.headers.some(({ category }, at) => {
    const rule = after.output.headers[at];
    return rule !== undefined && letsOut(ofHeader(category, rule));
  });
  // A bare key is worth knowing, yet no field: hiding the last sensitive field of an output should not look like exposure.
  if (headers) add({ kind: 'empty_records', consequence: 'exposes' });
  else if (after.output.key.kind === 'pseudonym') add({ kind: 'empty_records', consequence: 'none' });
}

function heldBack({ leaves }: RoutePlan, output: OutputPlan): HeldBack {
  let explicit = false;
  let encrypts = false;
  let ageMs = Number.POSITIVE_INFINITY;
  for (const { id, category } of leaves) {
    const rule = output.leaves[id];
    if (category === null || rule === undefined || !lets(rule)) continue;
    explicit ||= category.sensitive;
    encrypts ||= rule.action.kind === 'encrypt';
    if (rule.maxAgeMs < output.purpose.retentionMs) ageMs = Math.min(ageMs, rule.maxAgeMs);
  }
  return { explicit, encrypts, ageMs, strips: output.unconsented === 'strip' };
}

/** Whether something is left of every record: its subject or its time, of which none has none, and under no condition. */
function alwaysLeft({ leaves, read }: RoutePlan, output: OutputPlan): boolean {
  return [read.subject, read.time].some((id) => {
    const [category, rule] = [leaves[id]?.category ?? null, output.leaves[id]];
    if (category === null || category.sensitive || rule === undefined) return false;
    if (category.personal && output.unconsented === 'strip') return false;
    return releases(rule) && rule.action.kind !== 'encrypt' && rule.maxAgeMs >= output.purpose.retentionMs;
  });
}

function letsOut(treated: Treated): boolean {
  return treated !== null && lets(treated.rule);
}
