import { WITHHELD_REASONS, type WithheldReason } from '../outcome.ts';
import type { Basis, OutputPlan, PurposePlan } from '../policy/plan.ts';
import type { ConsentState } from './consent-state.ts';
import type { Variant } from './variant.ts';
import type { Variants } from './variants.ts';

/** What of a record a decision depends on. A `Decoded` is one. */
export type RecordFacts = {
  /** Epoch milliseconds. */
  readonly eventTime: number;
  /** Region code found in the record, or null. */
  readonly region: string | null;
};

export type Withhold = { readonly kind: 'withhold'; readonly reason: WithheldReason };

export type Verdict =
  /** `reason`: why only non-personal fields are published; null where all that the rules release is. */
  { readonly kind: 'publish'; readonly variant: Variant; readonly reason: WithheldReason | null } | Withhold;

/** One shared verdict a reason: nothing is allocated to withhold. */
const WITHHOLD = Object.fromEntries(
  WITHHELD_REASONS.map((reason) => [reason, Object.freeze({ kind: 'withhold', reason })]),
) as Readonly<Record<WithheldReason, Withhold>>;

/**
 * The legal basis of a purpose for a record (DESIGN sections 5 and 12): the region of the record, else of the latest
 * consent event in force, else the default. Only an exact match counts, and a region nobody listed has the default
 * regime: it is not looked for elsewhere.
 */
export function basisOf(purpose: PurposePlan, region: string | null, state: ConsentState, now: number): Basis {
  const code = region ?? state.region(now);
  return code === null ? purpose.defaultBasis : (purpose.basisByRegion.get(code) ?? purpose.defaultBasis);
}

/**
 * Decides what one output gets of a record. Of several reasons the first of: erased, consent, retention. Pure.
 *
 * Where the output asks for consent at the event's time too, whatever refuses then refuses now (issue 5): after the
 * reasons of now, and before retention. An event dated ahead of now is asked about now: what is to come is not in force.
 *
 * @param now epoch milliseconds.
 * @param variants those of this output (`makeVariants`).
 * @param shredded whether the subject's data key was destroyed; asked only where the output encrypts. An erased subject
 * gets none, whether it was destroyed already or not.
 */
export function decide(
  facts: RecordFacts,
  state: ConsentState,
  output: OutputPlan,
  now: number,
  variants: Variants,
  shredded: () => boolean = () => false,
): Verdict {
  const { purpose } = output;
  const basis = basisOf(purpose, facts.region, state, now);
  const lawful = basis === 'legal_obligation';
  if (!lawful && state.erased(facts.eventTime, now)) return WITHHOLD.erased;

  let refusal = state.refusal(basis, purpose, now);
  if (refusal !== null && output.unconsented === 'withhold') return WITHHOLD[refusal];
  let explicit = lawful || (variants.asksExplicit && refusal === null && state.explicit(purpose, now));
  if (!lawful && output.consentAt === 'event_and_decision') {
    const then = Math.min(facts.eventTime, now);
    if (state.isErasedNow(then)) return WITHHOLD.erased;
    refusal ??= state.refusal(basis, purpose, then);
    if (refusal !== null && output.unconsented === 'withhold') return WITHHOLD[refusal];
    explicit &&= refusal === null && state.explicit(purpose, then);
  }

  const age = now - facts.eventTime;
  // Written so that an age that is no number is too old.
  if (!(age <= purpose.retentionMs)) return WITHHOLD.retention_expired;

  const keyless = variants.encrypts && (state.erased(facts.eventTime, now) || shredded());
  return { kind: 'publish', variant: variants.pick(explicit, refusal !== null, age, keyless), reason: refusal };
}

/**
 * The last word, once it is known how much of the record was left: where nothing was and something was held back, the
 * output is withheld for the first reason that held something back; where there was nothing to release in the first
 * place, an empty record is published.
 *
 * @param released scalars that were released of the record (`Sanitized.released`).
 * @returns null where the output is published.
 */
export function settle(variant: Variant, reason: WithheldReason | null, released: number): WithheldReason | null {
  if (released > 0) return null;
  if (reason !== null) return reason;
  if (variant.lacksExplicit) return 'consent_not_explicit';
  if (variant.lacksRetention) return 'retention_expired';
  return variant.lacksKey ? 'erased' : null;
}
