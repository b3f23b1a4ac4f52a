/** What one output gets of a record, and why. */
import { decide, type RecordFacts } from '../decide/decide.ts';
import type { ConsentState } from '../decide/consent-state.ts';
import type { Variant } from '../decide/variant.ts';
import { makeVariants } from '../decide/variants.ts';
import type { OutputDecision } from '../engine.ts';
import { LetheError } from '../errors.ts';
import type { ConsentEvent } from '../consent-event.ts';
import type { Basis, OutputPlan, RoutePlan } from '../policy/plan.ts';
import { instantText } from './literal.ts';
import { matchOutput } from './after.ts';
import type { Authored } from './authored.ts';
import {
  explainBasis,
  type Refusal,
  shownEvent,
  whatToChange,
  whyNotExplicit,
  whyPermitted,
  whyRefused,
} from './consent-reasons.ts';
import { explainFields, explainHeaders, type FieldsContext } from './explain-fields.ts';
import type { OutputExplanation } from './explanation.ts';
import type { Occurrences } from './occurrences.ts';
import type { Tree } from './tree.ts';

export type OutputInput = {
  readonly plan: RoutePlan;
  readonly output: OutputPlan;
  /** The engine's. */
  readonly decision: OutputDecision;
  readonly facts: RecordFacts;
  readonly state: ConsentState;
  readonly now: number;
  readonly headers: unknown;
  readonly raw: Tree;
  readonly occurrences: Occurrences;
  readonly readOutput: (value: Uint8Array) => Tree | null;
  readonly authored: Authored;
};

export function explainOutput(input: OutputInput): OutputExplanation {
  const { plan, output, decision, facts, state, now, authored } = input;
  const { purpose } = output;
  const age = now - facts.eventTime;
  const basis = explainBasis(purpose, facts, state, now, authored);
  const variant = variantOf(input);
  const { reason } = decision;
  const asked = askedAt(input, basis.basis);
  const event = decidingEvent(input, basis.basis, asked);
  const then = asked === now ? null : asked;
  const refusal: Refusal | null = reason === null ? null : { reason, purpose, event, age };
  const why =
    refusal === null
      ? `${whyPermitted(basis.basis, event)}${alsoThen(output, basis.basis)}`
      : `${decision.kind === 'published' ? 'only what is not personal: ' : ''}${whyRefused(refusal)}${atThat(then)}`;
  const context: FieldsContext = {
    ...{ plan, output, reason, age },
    effects: variant?.effects ?? null,
    headerEffects: variant?.headerEffects ?? null,
    withheld: decision.kind === 'withheld',
    maySensitive: basis.basis === 'legal_obligation' ? 'legal_obligation asks for no consent' : 'consent is explicit',
    notExplicit: () => {
      const moment = explicitAskedAt(input);
      return `${whyNotExplicit(purpose, state, moment)}${atThat(moment === now ? null : moment)}`;
    },
    limit: (category) => {
      const found = authored.retentionOf(purpose.name, category);
      if (found === null) return `${purpose.name} allows`;
      return `${found.text} allowed for ${found.category ?? 'everything'} by ${purpose.name}`;
    },
  };
  return {
    ...{ topic: output.topic, purpose: purpose.name, recipient: purpose.recipient },
    ...{ outcome: decision.kind, reason, why, basis },
    change: refusal === null ? null : then === null ? whatToChange(refusal, state.isErasedNow(now)) : WHAT_IS_PAST,
    consent: event === null ? null : shownEvent(event),
    key: explainKey(input),
    fields: explainFields(context, input.occurrences, afterOf(input)),
    headers: explainHeaders(context, input.headers, decision.kind === 'published' ? decision : null),
  };
}

const WHAT_IS_PAST =
  'Nothing that is said from now on: consent must have been in force when the event happened (consent_at: event_and_decision).';

/** Said of a permission that was asked for twice. */
function alsoThen({ consentAt }: OutputPlan, basis: Basis): string {
  const asks = consentAt === 'event_and_decision' && basis !== 'contract' && basis !== 'legal_obligation';
  return asks ? ", and nothing stood against it at the event's time" : '';
}

function atThat(then: number | null): string {
  return then === null ? '' : `, at the event's time ${instantText(then)} (consent_at: event_and_decision)`;
}

/** The event's time as `decide` asks about it; null where it does not. */
function eventMoment({ output, facts, now }: OutputInput): number | null {
  return output.consentAt === 'decision' ? null : Math.min(facts.eventTime, now);
}

/** The moment whose consents decided: now, unless now permits and the event's time does not (decide/decide.ts). */
function askedAt(input: OutputInput, basis: Basis): number {
  const { output, decision, facts, state, now } = input;
  const then = eventMoment(input);
  if (then === null) return now;
  switch (decision.reason) {
    case null:
    case 'retention_expired':
    case 'tombstone':
      return now;
    case 'erased':
      return state.erased(facts.eventTime, now) || !state.isErasedNow(then) ? now : then;
    case 'consent_not_explicit':
      return explicitAskedAt(input);
    default:
      return state.refusal(basis, output.purpose, now) === null ? then : now;
  }
}

/** As `askedAt`, of whether consent is explicit. */
function explicitAskedAt(input: OutputInput): number {
  const { output, state, now } = input;
  return state.explicit(output.purpose, now) ? (eventMoment(input) ?? now) : now;
}

/** The consent event that the outcome rests on; none where the age of the record alone decided. */
function decidingEvent(
  { output, decision, facts, state, now }: OutputInput,
  basis: Basis,
  asked: number,
): ConsentEvent | null {
  switch (decision.reason) {
    case 'erased':
      return state.erasure(asked === now ? facts.eventTime : asked, asked);
    case 'consent_not_explicit':
      return state.deciding('consent', output.purpose, asked);
    case 'retention_expired':
      return null;
    default:
      return state.deciding(basis, output.purpose, asked);
  }
}

/** How the engine treated each field: for what is published its own variant, else the one it set out with. */
function variantOf({ plan, output, decision, facts, state, now }: OutputInput): Variant | null {
  const verdict = decide(facts, state, output, now, makeVariants(plan, output));
  if (decision.kind === 'withheld') return verdict.kind === 'publish' ? verdict.variant : null;
  const { variant } = decision;
  const same =
    verdict.kind === 'publish' && verdict.reason === decision.reason && sameEffects(verdict.variant, variant);
  if (!same) throw new LetheError('bug', `the explanation of ${output.topic} is not the engine's decision`);
  return variant;
}

function sameEffects(a: Variant, b: Variant | null): boolean {
  return b !== null && a.effects.every((effect, leaf) => effect === b.effects[leaf]);
}

function afterOf({ plan, decision, raw, readOutput }: OutputInput): ReturnType<typeof matchOutput> | null {
  if (decision.kind === 'withheld' || decision.value === null || decision.variant === null) return null;
  const published = readOutput(decision.value);
  if (published === null) throw new LetheError('bug', 'what was published cannot be read again');
  return matchOutput(raw, published, plan, decision.variant.released);
}

function explainKey({ plan, output, decision }: OutputInput): OutputExplanation['key'] {
  if (decision.kind === 'withheld') return { value: null, why: 'nothing is published' };
  const value = decision.key;
  switch (output.key.kind) {
    case 'none':
      return { value, why: 'the output has no key' };
    case 'pseudonym':
      return {
        value,
        why:
          value === null
            ? 'a record without what is personal has no key of its subject'
            : `the subject's pseudonym for ${output.purpose.name}`,
      };
    case 'leaf': {
      const path = plan.leaves[output.key.leaf]?.path ?? '';
      return {
        value,
        why: value === null ? `${path} is not released, or not in the record` : `what is released of ${path}`,
      };
    }
  }
}

/** A tombstone has no fields and asks for no consent. */
export function explainTombstoneOutput(output: OutputPlan, decision: OutputDecision): OutputExplanation {
  const passed = decision.kind === 'published';
  return {
    ...{ topic: output.topic, purpose: output.purpose.name, recipient: output.purpose.recipient },
    ...{ outcome: decision.kind, reason: decision.reason, basis: null, consent: null, fields: [], headers: [] },
    why: passed
      ? 'a tombstone is passed on, so that compaction erases downstream too'
      : 'a tombstone has nothing to say to an output that is not keyed by the subject',
    change: passed ? null : 'The output would have to be keyed by the subject (key: pseudonym).',
    key: {
      value: passed ? decision.key : null,
      why: passed ? `the subject's pseudonym for ${output.purpose.name}` : 'nothing is published',
    },
  };
}
