/** What was in force when: the intervals of a subject's purpose (issue 5, interval semantics). */
import type { ConsentEvent } from '../consent-event.ts';
import type { WithheldReason } from '../outcome.ts';
import type { PurposePlan } from '../policy/plan.ts';
import type { ConsentState } from './consent-state.ts';

/** The bases that ask the subject; the others are never refused. */
export const ASKING_BASES = ['consent', 'opt_out', 'legitimate_interest'] as const;
export type AskingBasis = (typeof ASKING_BASES)[number];

export type Interval = {
  /** Epoch milliseconds, inclusive; null: always before `until`. */
  readonly from: number | null;
  /** Epoch milliseconds, exclusive; null: nothing that was said ends it. */
  readonly until: number | null;
  /** The last word on the purpose; null where there is none that counts. */
  readonly event: ConsentEvent | null;
  /** The last word is a grant that ran out. */
  readonly expired: boolean;
  /** An erasure is in force: withheld whatever the bases say, but for legal obligations. */
  readonly erased: boolean;
  /** By basis: why the purpose may not be served, null where it may. Erasure is asked separately, as in `decide`. */
  readonly refusals: Readonly<Record<AskingBasis, WithheldReason | null>>;
  /** A grant in force is explicit. */
  readonly explicit: boolean;
};

/**
 * The intervals of one purpose, first to last, without a gap from the beginning to the end of time. The moments at which
 * anything can change are those at which an event takes effect or a grant runs out; in between, `ConsentState` says the
 * same all along, and it is what is asked.
 *
 * @param events those that `state` was made of, of all purposes.
 * @param purpose with its recipient, or null where recipients are not to count: then only the event tells them.
 */
export function consentIntervals(
  state: ConsentState,
  events: readonly ConsentEvent[],
  purpose: Pick<PurposePlan, 'name' | 'recipient'>,
): readonly Interval[] {
  const asked: PurposePlan = { ...purpose, basisByRegion: new Map(), defaultBasis: 'consent', retentionMs: 0 };
  const moments = new Set<number>();
  for (const { at, expires } of events) {
    moments.add(at);
    if (expires !== null) moments.add(expires);
  }
  const intervals: Interval[] = [];
  let open = intervalAt(state, asked, null);
  for (const moment of [...moments].sort((a, b) => a - b)) {
    const next = intervalAt(state, asked, moment);
    if (sameWord(open, next)) continue;
    intervals.push({ ...open, until: moment });
    open = next;
  }
  return [...intervals, open];
}

/** Before everything that was said. */
const BEFORE_ALL = Number.NEGATIVE_INFINITY;

function intervalAt(state: ConsentState, purpose: PurposePlan, from: number | null): Interval {
  const moment = from ?? BEFORE_ALL;
  const event = state.latest(purpose.name, moment);
  return {
    from,
    until: null,
    event,
    expired: event !== null && event.decision === 'granted' && event.expires !== null && event.expires <= moment,
    erased: state.isErasedNow(moment),
    refusals: {
      consent: state.refusal('consent', purpose, moment),
      opt_out: state.refusal('opt_out', purpose, moment),
      legitimate_interest: state.refusal('legitimate_interest', purpose, moment),
    },
    explicit: state.explicit(purpose, moment),
  };
}

function sameWord(a: Interval, b: Interval): boolean {
  return (
    a.event === b.event &&
    a.expired === b.expired &&
    a.erased === b.erased &&
    a.explicit === b.explicit &&
    ASKING_BASES.every((basis) => a.refusals[basis] === b.refusals[basis])
  );
}
