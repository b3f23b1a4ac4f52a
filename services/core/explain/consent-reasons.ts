/** Why a purpose may or may not be served, in words: legal basis, consent, and what would have to change. */
import type { ConsentEvent } from '../consent-event.ts';
import { basisOf, type RecordFacts } from '../decide/decide.ts';
import type { ConsentState } from '../decide/consent-state.ts';
import type { WithheldReason } from '../outcome.ts';
import type { Basis, PurposePlan } from '../policy/plan.ts';
import type { Authored } from './authored.ts';
import type { BasisExplanation, ShownEvent } from './explanation.ts';
import { durationText } from '../policy/duration.ts';
import { ageText, instantText } from './literal.ts';

export function shownEvent(event: ConsentEvent): ShownEvent {
  const { purpose, decision, method, notice, source, region, recipients, version } = event;
  return {
    ...{ purpose, decision, at: instantText(event.at), method, notice, source, region, recipients },
    expires: event.expires === null ? null : instantText(event.expires),
    version,
  };
}

/** Which law applies, and what it asks for (DESIGN section 12: region of the record, else of the latest event). */
export function explainBasis(
  purpose: PurposePlan,
  { region: found }: RecordFacts,
  state: ConsentState,
  now: number,
  authored: Authored,
): BasisExplanation {
  const latest = state.latestOfAll(now);
  const region = found ?? latest?.region ?? null;
  const regionFrom = found !== null ? 'record' : region !== null ? 'consent_event' : 'none';
  const basis = basisOf(purpose, found, state, now);
  const { regime, listed } = authored.regimeOf(region);
  const whence =
    regionFrom === 'record'
      ? `region ${region} of the record`
      : regionFrom === 'consent_event'
        ? `region ${region} of the latest consent event (${instantText(latest?.at ?? 0)})`
        : 'no region known';
  const which = listed ? regime : `${regionFrom === 'none' ? '' : 'not listed, so '}the default regime ${regime}`;
  return { basis, regime, region, regionFrom, why: `${whence} → ${which} → ${basis}` };
}

const on = (event: ConsentEvent): string => `of ${instantText(event.at)}`;

/** What an event is called. `*` is said, since a reader looks for the purpose's own name. */
function named(event: ConsentEvent): string {
  const noun: Readonly<Record<ConsentEvent['decision'], string>> = {
    granted: 'grant',
    denied: 'denial',
    withdrawn: 'withdrawal',
    objected: 'objection',
    erased: 'erasure',
    reinstated: 'reinstatement',
  };
  const all = event.purpose === '*' ? ' (for all purposes)' : '';
  return `the ${noun[event.decision]} ${on(event)}${all}`;
}

/** Why a purpose is served: what the permission rests on. */
export function whyPermitted(basis: Basis, event: ConsentEvent | null): string {
  switch (basis) {
    case 'consent':
      return event === null ? 'consent is given' : `${named(event)} is in force`;
    case 'opt_out':
      return event === null ? 'nobody opted out' : `${named(event)} lifts an earlier refusal`;
    case 'legitimate_interest':
      return event === null ? 'nobody objected' : `${named(event)} lifts an objection`;
    case 'contract':
    case 'legal_obligation':
      return `${basis} asks for no consent`;
  }
}

export type Refusal = {
  readonly reason: WithheldReason;
  readonly purpose: PurposePlan;
  /** The event that decided, or null. */
  readonly event: ConsentEvent | null;
  /** Milliseconds. */
  readonly age: number;
};

/** Why an output got nothing, or only what is not personal. */
export function whyRefused({ reason, purpose, event, age }: Refusal): string {
  const whose = event === null ? 'an event' : named(event);
  switch (reason) {
    case 'erased':
      return event === null ? 'the subject was erased' : `${whose} covers this record`;
    case 'consent_missing':
      return event === null
        ? `nobody granted ${purpose.name}, and without a grant there is no consent`
        : `${whose} voided what was granted before; nothing was granted since`;
    case 'consent_denied':
    case 'consent_withdrawn':
    case 'opted_out':
    case 'objected':
      return `${whose} is the last word`;
    case 'consent_expired':
      return `${whose} ran out on ${instantText(event?.expires ?? 0)}`;
    case 'consent_not_explicit':
      return 'all that its rules release is sensitive, and consent is not explicit';
    case 'recipient_not_named':
      return `${whose} does not name the recipient ${purpose.recipient}`;
    case 'retention_expired':
      return age > purpose.retentionMs
        ? `the record is ${ageText(age)}; ${purpose.name} keeps ${durationText(purpose.retentionMs)}`
        : 'all that its rules release is older than its category may be';
    case 'tombstone':
      return 'a tombstone has nothing to say to an output that is not keyed by the subject';
  }
}

/** What would have to change for the output to be published. Null: nothing can. */
export function whatToChange({ reason, purpose, event }: Refusal, erasedNow: boolean): string {
  const naming = purpose.recipient === null ? '' : ` that names the recipient ${purpose.recipient}`;
  const grant = `a granted event for ${purpose.name} (or *)${naming}`;
  switch (reason) {
    case 'erased':
      return erasedNow
        ? `A reinstated event later than the erasure${event === null ? '' : ` ${on(event)}`}, and consent given anew; records from before the erasure stay withheld for ever.`
        : 'Nothing: records from before an erasure stay withheld for ever.';
    case 'consent_missing':
    case 'consent_denied':
    case 'consent_withdrawn':
    case 'consent_expired':
    case 'recipient_not_named':
      return `It takes ${grant}, in force when the record is decided about.`;
    case 'opted_out':
    case 'objected':
      return `It takes ${grant}, later than that event.`;
    case 'consent_not_explicit':
      return `It takes ${grant} with the method explicit.`;
    case 'retention_expired':
      return 'Only a longer retention in purposes.yaml would let it through, and only before it is decided about.';
    case 'tombstone':
      return 'The output would have to be keyed by the subject (key: pseudonym).';
  }
}

/** Why consent for a purpose is not explicit, as sensitive fields need it. */
export function whyNotExplicit(purpose: PurposePlan, state: ConsentState, now: number): string {
  const event = state.deciding('consent', purpose, now);
  if (event === null) return 'none was given';
  if (event.decision === 'erased') return `${named(event)} voided it`;
  if (event.decision !== 'granted') return `${named(event)} is the last word`;
  if (event.expires !== null && event.expires <= now) return `${named(event)} ran out`;
  if (purpose.recipient !== null && !event.recipients.includes(purpose.recipient)) {
    return `${named(event)} does not name the recipient ${purpose.recipient}`;
  }
  return `${named(event)} is ${event.method ?? 'of no stated method'}`;
}
