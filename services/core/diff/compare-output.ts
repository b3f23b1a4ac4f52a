/** Two versions of one output, or an output that is there in one of two plans alone. */
import type { Cleanup, ConsentAt, OutputPlan, PurposePlan, RoutePlan } from '../policy/plan.ts';
import { compareBasis, type RegimeNames } from './compare-basis.ts';
import { compareField, lets, ofHeader, type OutputPair, type Treated } from './compare-fields.ts';
import { compareHeldBack } from './compare-held-back.ts';
import { type Consequence, isExposure, type Said } from './finding.ts';
import type { PlacePair } from './place-pairs.ts';
import { durationText } from '../policy/duration.ts';
import { keyText } from './words.ts';

/** Of a purpose that says nothing about time in topics. */
const UNBOUNDED = Number.POSITIVE_INFINITY;

export type PlanPair = {
  readonly before: RoutePlan;
  readonly after: RoutePlan;
  readonly places: readonly PlacePair[];
};

/** Tells how an output of the two plans differs. Every finding names it. */
export function compareOutput(
  plans: PlanPair,
  outputs: OutputPair,
  names: RegimeNames,
  add: (said: Said) => void,
): void {
  const topic = outputs.after?.topic ?? outputs.before?.topic ?? null;
  const say = (said: Said): void => add({ ...said, output: topic });
  const { before, after } = outputs;
  if (before === null || after === null) {
    say({
      kind: before === null ? 'output_added' : 'output_removed',
      consequence: before === null ? 'exposes' : 'hides',
      before: before === null ? null : purposeText(before.purpose),
      after: after === null ? null : purposeText(after.purpose),
    });
  } else {
    comparePurpose(before.purpose, after.purpose, names, say);
    compareCleanup(before.cleanup ?? 'delete', after.cleanup ?? 'delete', say);
    compareUnconsented(plans, before, after, say);
    compareConsentAt(before.consentAt, after.consentAt, say);
    compareKey(plans, before, after, say);
  }
  let releasesMore = false;
  const sayOfField = (said: Said): void => {
    // Also on fewer conditions: what asked for explicit consent, or was too old, is then left of the record.
    releasesMore ||= isExposure(said);
    say(said);
  };
  for (const place of plans.places) {
    const treatedBefore = treated(plans.before, before, place.before);
    const treatedAfter = treated(plans.after, after, place.after);
    compareField({ path: place.path, before: treatedBefore, after: treatedAfter }, outputs, sayOfField);
  }
  if (before !== null && after !== null) {
    const old = { plan: plans.before, output: before };
    compareHeldBack(old, { plan: plans.after, output: after }, releasesMore, say);
  }
  const headers = new Set([...plans.before.headers, ...plans.after.headers].map(({ name }) => name));
  for (const name of headers) {
    const treatedBefore = treatedHeader(plans.before, before, name);
    const treatedAfter = treatedHeader(plans.after, after, name);
    compareField({ path: `headers.${name}`, before: treatedBefore, after: treatedAfter }, outputs, say);
  }
}

function purposeText({ name, recipient }: PurposePlan): string {
  return recipient === null ? name : `${name} for ${recipient}`;
}

function comparePurpose(before: PurposePlan, after: PurposePlan, names: RegimeNames, say: (said: Said) => void): void {
  // Other consents count then, and pseudonyms join with others.
  if (before.name !== after.name) {
    say({ kind: 'purpose', consequence: 'unclear', before: before.name, after: after.name });
  }
  if (before.recipient !== after.recipient) {
    say({ kind: 'recipient', consequence: 'unclear', before: before.recipient, after: after.recipient });
  }
  compareBasis(before, after, names, say);
  if (before.retentionMs !== after.retentionMs) {
    say({
      kind: 'retention',
      consequence: after.retentionMs > before.retentionMs ? 'exposes' : 'hides',
      before: durationText(before.retentionMs),
      after: durationText(after.retentionMs),
    });
  }
  const [old, fresh] = [before.publishedMs ?? UNBOUNDED, after.publishedMs ?? UNBOUNDED];
  if (old !== fresh) {
    say({
      kind: 'published',
      consequence: fresh > old ? 'exposes' : 'hides',
      before: old === UNBOUNDED ? 'unbounded' : durationText(old),
      after: fresh === UNBOUNDED ? 'unbounded' : durationText(fresh),
    });
  }
}

/** Kafka deletes by time, keeps the last record of each key for ever, or does both: only then is less kept than by one. */
function compareCleanup(before: Cleanup, after: Cleanup, say: (said: Said) => void): void {
  if (before === after) return;
  const consequence = after === 'compact,delete' ? 'hides' : before === 'compact,delete' ? 'exposes' : 'unclear';
  say({ kind: 'cleanup', consequence, before, after });
}

function compareUnconsented(plans: PlanPair, before: OutputPlan, after: OutputPlan, say: (said: Said) => void): void {
  if (before.unconsented === after.unconsented) return;
  const strips = after.unconsented === 'strip';
  const anything = strips ? letsNonPersonal(plans.after, after) : letsNonPersonal(plans.before, before);
  say({
    kind: 'unconsented',
    consequence: !anything ? 'none' : strips ? 'exposes' : 'hides',
    before: before.unconsented,
    after: after.unconsented,
  });
}

function compareConsentAt(before: ConsentAt, after: ConsentAt, say: (said: Said) => void): void {
  if (before === after) return;
  say({ kind: 'consent_at', consequence: after === 'decision' ? 'exposes' : 'hides', before, after });
}

/** Of a record without consent nothing is published where the output has nothing else to release. */
function letsNonPersonal({ leaves }: RoutePlan, output: OutputPlan): boolean {
  return leaves.some(({ category }, id) => {
    const rule = output.leaves[id];
    return category !== null && !category.personal && rule !== undefined && lets(rule);
  });
}

function compareKey(plans: PlanPair, before: OutputPlan, after: OutputPlan, say: (said: Said) => void): void {
  const [old, fresh] = [keyText(before.key, plans.before), keyText(after.key, plans.after)];
  if (before.key.kind === after.key.kind && old === fresh) return;
  const consequence: Consequence =
    before.key.kind === 'none' ? 'exposes' : after.key.kind === 'none' ? 'hides' : 'unclear';
  say({ kind: 'key', consequence, before: old, after: fresh });
}

function treated(plan: RoutePlan, output: OutputPlan | null, leaf: number): Treated {
  const rule = output?.leaves[leaf];
  return rule === undefined ? null : { category: plan.leaves[leaf]?.category ?? null, rule };
}

function treatedHeader({ headers }: RoutePlan, output: OutputPlan | null, name: string): Treated {
  const at = headers.findIndex((header) => header.name === name);
  const [header, rule] = [headers[at], output?.headers[at]];
  return header === undefined || rule === undefined ? null : ofHeader(header.category, rule);
}
