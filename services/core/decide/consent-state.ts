import type { ConsentDecision, ConsentEvent } from '../consent-event.ts';
import type { WithheldReason } from '../outcome.ts';
import type { Basis, PurposePlan } from '../policy/plan.ts';

/** Of events at the same place in the order the one that refuses more wins; only two feeds can produce such a tie. */
const SEVERITY: Readonly<Record<ConsentDecision, number>> = {
  granted: 0,
  reinstated: 1,
  denied: 2,
  withdrawn: 3,
  objected: 4,
  erased: 5,
};

function inOrder(a: ConsentEvent, b: ConsentEvent): number {
  return a.at - b.at || a.version - b.version || SEVERITY[a.decision] - SEVERITY[b.decision];
}

/** Versions under different tokens are offsets of different partitions: which came later they do not tell. */
function refusingLast(a: ConsentEvent, b: ConsentEvent): number {
  return a.at - b.at || SEVERITY[a.decision] - SEVERITY[b.decision] || a.version - b.version;
}

type Order = (a: ConsentEvent, b: ConsentEvent) => number;

function sorted(events: readonly ConsentEvent[], order: Order): readonly ConsentEvent[] {
  for (let i = 1; i < events.length; i++) {
    if (order(events[i - 1] as ConsentEvent, events[i] as ConsentEvent) > 0) return [...events].sort(order);
  }
  return events;
}

/**
 * All that one subject ever said, asked at a moment (DESIGN sections 5 and 12). Only events that have taken effect by
 * then count, in order of effective time and then version; the order of arrival means nothing. Cheap to make; it sorts
 * when first asked and remembers what it found for the last `now`.
 *
 * Every `now` is in epoch milliseconds.
 */
export class ConsentState {
  private readonly given: readonly ConsentEvent[];
  private readonly order: Order;
  private events: readonly ConsentEvent[] | null = null;
  /** The moment the fields below were worked out for. */
  private now = Number.NaN;
  /** How many events are in force. */
  private end = 0;
  /** An erasure is in force that no later reinstatement lifted. */
  private isErased = false;
  /** Effective time of the latest erasure in force: what happened before it is gone for ever. */
  private erasedUntil = Number.NEGATIVE_INFINITY;
  /** Grants before this place were voided by an erasure that was lifted later. */
  private grantsFrom = 0;
  /** The latest erasure in force, lifted or not. */
  private lastErasure: ConsentEvent | null = null;
  /** The erasure that voided the grants before `grantsFrom`. */
  private voiding: ConsentEvent | null = null;

  /** @param order of the events; by default that of one feed. */
  constructor(events: readonly ConsentEvent[], order: Order = inOrder) {
    this.given = events;
    this.order = order;
  }

  /** Whether a record with this event time is withheld for an erasure, reinstated or not (GDPR Art. 17). */
  erased(eventTime: number, now: number): boolean {
    this.settleAt(now);
    return this.isErased || eventTime < this.erasedUntil;
  }

  /** The erasure for which a record with this event time is withheld, or null where `erased` says that it is not. */
  erasure(eventTime: number, now: number): ConsentEvent | null {
    return this.erased(eventTime, now) ? this.lastErasure : null;
  }

  /** Whether the erasure is in force still: no reinstatement came after it. */
  isErasedNow(now: number): boolean {
    this.settleAt(now);
    return this.isErased;
  }

  /** The region that the latest event in force names, or null. */
  region(now: number): string | null {
    return this.latestOfAll(now)?.region ?? null;
  }

  /** The latest event in force, for whatever purpose: the one whose region counts; null where there is none. */
  latestOfAll(now: number): ConsentEvent | null {
    const events = this.settleAt(now);
    return this.end === 0 ? null : (events[this.end - 1] as ConsentEvent);
  }

  /** Why a purpose may not be served on this basis, or null where it may. Erasure is asked separately. */
  refusal(basis: Basis, purpose: PurposePlan, now: number): WithheldReason | null {
    switch (basis) {
      case 'consent':
        return this.refusalByConsent(purpose, now);
      case 'opt_out':
        return this.refusalByOptOut(purpose.name, now);
      case 'legitimate_interest':
        return this.objectionStands(purpose.name, now) ? 'objected' : null;
      case 'contract':
      case 'legal_obligation':
        return null;
    }
  }

  /** Whether explicit consent for the purpose is in force (GDPR Art. 9(2)(a)), naming its recipient if it has one. */
  explicit(purpose: PurposePlan, now: number): boolean {
    const latest = this.latest(purpose.name, now);
    return (
      latest !== null &&
      latest.decision === 'granted' &&
      latest.method === 'explicit' &&
      !expired(latest, now) &&
      names(latest, purpose.recipient)
    );
  }

  /**
   * The event that `refusal` rests on, for whoever has to explain it: the one that refuses, the grant that permits, the
   * grant that no longer does (expired, or without the recipient), or the erasure that voided what was granted. Null where
   * it rests on none: nothing was said that counts, nobody refused, or the basis asks nobody.
   */
  deciding(basis: Basis, purpose: PurposePlan, now: number): ConsentEvent | null {
    switch (basis) {
      case 'consent':
        return this.latest(purpose.name, now) ?? this.voidingErasure(purpose.name);
      case 'opt_out':
        return this.refusedOrLifted(purpose.name, now, () => true);
      case 'legitimate_interest':
        return this.refusedOrLifted(purpose.name, now, (event) => event.decision === 'objected');
      case 'contract':
      case 'legal_obligation':
        return null;
    }
  }

  /** The latest refusal, or the grant in force that came after it; null where nothing was refused. */
  private refusedOrLifted(
    purpose: string,
    now: number,
    refuses: (event: ConsentEvent) => boolean,
  ): ConsentEvent | null {
    const events = this.settleAt(now);
    let lifted: ConsentEvent | null = null;
    for (let i = this.end - 1; i >= 0; i--) {
      const event = events[i] as ConsentEvent;
      if (!this.speaksOf(event, i, purpose)) continue;
      if (event.decision === 'granted') {
        if (!expired(event, now)) lifted ??= event;
      } else if (refuses(event)) {
        return lifted ?? event;
      }
    }
    return null;
  }

  /** The erasure but for which a grant for the purpose would still count; null where there is no such grant. */
  private voidingErasure(purpose: string): ConsentEvent | null {
    const events = this.events ?? [];
    const voided = events.some(
      (event, place) =>
        place < this.grantsFrom && event.decision === 'granted' && (event.purpose === purpose || event.purpose === '*'),
    );
    return voided ? this.voiding : null;
  }

  private refusalByConsent(purpose: PurposePlan, now: number): WithheldReason | null {
    const latest = this.latest(purpose.name, now);
    if (latest === null) return 'consent_missing';
    switch (latest.decision) {
      case 'denied':
        return 'consent_denied';
      case 'withdrawn':
        return 'consent_withdrawn';
      case 'objected':
        return 'objected';
      case 'granted':
        if (expired(latest, now)) return 'consent_expired';
        return names(latest, purpose.recipient) ? null : 'recipient_not_named';
      case 'erased':
      case 'reinstated':
        return 'consent_missing';
    }
  }

  private refusalByOptOut(purpose: string, now: number): WithheldReason | null {
    const events = this.settleAt(now);
    for (let i = this.end - 1; i >= 0; i--) {
      const event = events[i] as ConsentEvent;
      if (!this.speaksOf(event, i, purpose)) continue;
      if (event.decision === 'objected') return 'objected';
      if (event.decision !== 'granted') return 'opted_out';
      // A grant that ran out lifts nothing any more: look at what stood before it.
      if (!expired(event, now)) return null;
    }
    return null;
  }

  private objectionStands(purpose: string, now: number): boolean {
    const events = this.settleAt(now);
    for (let i = this.end - 1; i >= 0; i--) {
      const event = events[i] as ConsentEvent;
      if (!this.speaksOf(event, i, purpose)) continue;
      if (event.decision === 'objected') return true;
      if (event.decision === 'granted' && !expired(event, now)) return false;
    }
    return false;
  }

  /**
   * The latest event in force that says something about a purpose (of `*`: about all of them), expired or not; null where
   * nothing was ever said, or nothing that survived an erasure.
   */
  latest(purpose: string, now: number): ConsentEvent | null {
    const events = this.settleAt(now);
    for (let i = this.end - 1; i >= 0; i--) {
      const event = events[i] as ConsentEvent;
      if (this.speaksOf(event, i, purpose)) return event;
    }
    return null;
  }

  /** Whether an event in force says something about a purpose. `partner` says nothing about `partner.acme`. */
  private speaksOf(event: ConsentEvent, place: number, purpose: string): boolean {
    if (event.purpose !== purpose && event.purpose !== '*') return false;
    if (event.decision === 'granted') return place >= this.grantsFrom;
    return event.decision !== 'erased' && event.decision !== 'reinstated';
  }

  private settleAt(now: number): readonly ConsentEvent[] {
    const events = (this.events ??= sorted(this.given, this.order));
    if (now === this.now) return events;
    this.now = now;
    this.end = 0;
    this.isErased = false;
    this.erasedUntil = Number.NEGATIVE_INFINITY;
    this.grantsFrom = 0;
    this.lastErasure = null;
    this.voiding = null;
    for (const event of events) {
      // Written so that a time that is no number is never in force.
      if (!(event.at <= now)) break;
      this.end++;
      if (event.decision === 'erased') {
        this.isErased = true;
        this.erasedUntil = event.at;
        this.lastErasure = event;
      } else if (event.decision === 'reinstated' && this.isErased) {
        this.isErased = false;
        this.grantsFrom = this.end;
        this.voiding = this.lastErasure;
      }
    }
    return events;
  }
}

function expired(grant: ConsentEvent, now: number): boolean {
  return grant.expires !== null && grant.expires <= now;
}

function names(grant: ConsentEvent, recipient: string | null): boolean {
  return recipient === null || grant.recipients.includes(recipient);
}

const NOTHING_SAID = new ConsentState([]);

/**
 * The state of a subject.
 *
 * @param events in any order; an event that occurs twice counts once.
 */
export function consentStateOf(events: readonly ConsentEvent[]): ConsentState {
  return events.length === 0 ? NOTHING_SAID : new ConsentState(events);
}

/**
 * The state of a subject that may be known under several tokens (while a rotated `subject` key is still read): what was
 * said under any of them counts, and of events of one moment the one that refuses more.
 */
export function consentStateOfTokens(
  tokens: readonly string[],
  events: ReadonlyMap<string, readonly ConsentEvent[]>,
): ConsentState {
  let first: readonly ConsentEvent[] | undefined;
  let all: ConsentEvent[] | undefined;
  for (const token of tokens) {
    const found = events.get(token);
    if (found === undefined) continue;
    if (first === undefined) first = found;
    else all = [...(all ?? first), ...found];
  }
  if (all !== undefined) return new ConsentState(all, refusingLast);
  return first === undefined ? NOTHING_SAID : consentStateOf(first);
}
