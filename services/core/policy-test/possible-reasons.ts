import { WITHHELD_REASONS, type WithheldReason } from '../outcome.ts';
import type { Basis, Leaf, LeafRule, OutputPlan, RoutePlan } from '../policy/plan.ts';

const BY_BASIS: Readonly<Record<Basis, readonly WithheldReason[]>> = {
  consent: ['consent_missing', 'consent_denied', 'consent_withdrawn', 'consent_expired', 'objected'],
  opt_out: ['opted_out', 'objected'],
  legitimate_interest: ['objected'],
  contract: [],
  legal_obligation: [],
};

/**
 * The reasons for which something can be withheld of an output, in the order of the vocabulary: those of the legal bases
 * that its purpose has in any region (DESIGN section 5), and what follows from its fields.
 */
export function possibleReasons(plan: RoutePlan, output: OutputPlan): readonly WithheldReason[] {
  const { purpose, key } = output;
  const bases = new Set<Basis>([purpose.defaultBasis, ...purpose.basisByRegion.values()]);
  const possible = new Set<WithheldReason>(['retention_expired', ...[...bases].flatMap((basis) => BY_BASIS[basis])]);
  if (bases.has('consent') && purpose.recipient !== null) possible.add('recipient_not_named');
  if ([...bases].some((basis) => basis !== 'legal_obligation')) {
    possible.add('erased');
    if (mayLackExplicit(plan, output)) possible.add('consent_not_explicit');
  }
  // Outputs keyed by the subject pass tombstones on.
  if (key.kind !== 'pseudonym') possible.add('tombstone');
  return WITHHELD_REASONS.filter((reason) => possible.has(reason));
}

/** Whether a record can come down to nothing but fields that need explicit consent. */
function mayLackExplicit(plan: RoutePlan, output: OutputPlan): boolean {
  const parts = plan.leaves.map((leaf) => ({ leaf, rule: output.leaves[leaf.id] }));
  if (!parts.some(({ leaf, rule }) => released(leaf, rule) && leaf.category?.sensitive === true)) return false;
  // No record is without a subject, nor without the time that the policy declares.
  const always = [plan.read.subject, plan.read.time];
  return !parts.some(
    ({ leaf, rule }) =>
      always.includes(leaf.id) &&
      released(leaf, rule) &&
      leaf.category?.sensitive === false &&
      (rule?.maxAgeMs ?? 0) >= output.purpose.retentionMs,
  );
}

function released({ category }: Leaf, rule: LeafRule | undefined): boolean {
  return category !== null && rule !== undefined && rule.action.kind !== 'drop';
}
