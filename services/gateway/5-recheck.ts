/**
 * Stage 5: right before the commit, whether the consents that the batch rests on still stand (issue 5, withdrawal bound).
 *
 * Mostly it is one small round trip: the view says that nothing was added to it since the look-up. Where something was,
 * the subjects of whom something is about to be published are read again, and what was decided about those who said
 * something new is decided again. Only what takes something back counts: a grant of another purpose, or of somebody
 * whose records were withheld, holds nobody up, so that a stream of consents cannot starve the stream of records.
 */
import type { ConsentEvent } from '../core/consent-event.ts';
import { consentStateOfTokens } from '../core/decide/consent-state.ts';
import type { EngineBatch, RecordDecision } from '../core/engine.ts';
import type { ConsentSnapshot, ConsentStore, Watermark } from '../core/ports.ts';
import type { DecodedRecord } from './1-decode.ts';
import type { LookedUp } from './2-look-up.ts';

export type RecheckOptions = {
  readonly decoded: readonly DecodedRecord[];
  readonly decisions: readonly RecordDecision[];
  readonly found: Pick<LookedUp, 'snapshot' | 'tokensOf'>;
  readonly engine: Pick<EngineBatch, 'stands'>;
  readonly store: Pick<ConsentStore, 'load'>;
  /** The moment the batch was judged at, epoch milliseconds. */
  readonly decidedAt: number;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** Called before the view is asked; what it gives throws where the answer may not be relied on: too old, or gone back. */
  readonly asking: () => (watermark: Watermark | null, now: number) => void;
};

export type Recheck = {
  /** See `BatchResult.stillGood`; throws `unavailable`. */
  readonly stillGood: () => Promise<boolean>;
  /**
   * Up to when, at least, the last check knew of everything that was accepted, epoch milliseconds: the moment up to which
   * the view was said to be whole, or that of the check where no projector says such a thing.
   */
  readonly knownUntil: () => number;
};

type Events = ReadonlyMap<string, readonly ConsentEvent[]>;

/** Null where nothing is published that asks for anybody's consent: there is nothing to check. */
export function makeRecheck(options: RecheckOptions): Recheck | null {
  const { decoded, decisions, found, engine, store, decidedAt } = options;
  const places: number[] = [];
  for (const [place, decision] of decisions.entries())
    if (restsOnConsent(recordAt(place), decision)) places.push(place);
  if (places.length === 0) return null;
  let known: ConsentSnapshot = found.snapshot;
  let knownUntil = decidedAt;

  function recordAt(place: number): DecodedRecord {
    return decoded[place] as DecodedRecord;
  }

  function tokensUsed(): string[] {
    const tokens = new Set<string>();
    for (const place of places) {
      const one = recordAt(place);
      if (one.kind === 'record') for (const token of found.tokensOf(one.record.subject)) tokens.add(token);
    }
    return [...tokens];
  }

  /** Whether all stands, for the subjects of whom `news` tells. */
  function allStands(events: Events, news: (tokens: readonly string[]) => boolean, now: number): boolean {
    const told = new Map<string, boolean>();
    return places.every((place) => {
      const one = recordAt(place);
      if (one.kind !== 'record') return true;
      const { subject } = one.record;
      const tokens = found.tokensOf(subject);
      let asked = told.get(subject);
      if (asked === undefined) {
        asked = news(tokens);
        told.set(subject, asked);
      }
      if (!asked) return true;
      const decision = decisions[place] as RecordDecision;
      return engine.stands(one.record, decision, consentStateOfTokens(tokens, events), now);
    });
  }

  async function stillGood(): Promise<boolean> {
    const asked = options.now();
    const accept = options.asking();
    const before = known;
    let seen: ConsentSnapshot | null = null;
    if (before.stamp !== null) {
      seen = await store.load([]);
      accept(seen.watermark, asked);
    }
    if (seen === null || seen.stamp !== before.stamp) {
      known = await store.load(tokensUsed());
      accept(known.watermark, asked);
    }
    // A view that cannot be read at one moment may say that it is further than what was read of it.
    const mark = before.stamp === null ? before.watermark : known === before ? seen?.watermark : known.watermark;
    const now = options.now();
    const { events } = known;
    const turned = tokensThatTurned(events, decidedAt, now);
    if (known !== before || turned.size > 0) {
      const news = (tokens: readonly string[]): boolean =>
        tokens.some(
          (token) => turned.has(token) || (known !== before && !same(before.events.get(token), events.get(token))),
        );
      if (!allStands(events, news, now)) return false;
    }
    knownUntil = mark === null || mark === undefined ? asked : mark.at;
    return true;
  }

  return { stillGood, knownUntil: () => knownUntil };
}

/** A tombstone takes away and asks for no consent. */
function restsOnConsent(one: DecodedRecord, decision: RecordDecision): boolean {
  return (
    one.kind === 'record' && decision.kind === 'decided' && decision.outputs.some(({ kind }) => kind === 'published')
  );
}

/** Who said something earlier that took effect, or ran out, between two moments. */
function tokensThatTurned(events: Events, after: number, until: number): ReadonlySet<string> {
  const turned = new Set<string>();
  const between = (time: number | null): boolean => time !== null && time > after && time <= until;
  for (const [token, said] of events) {
    for (const { at, expires } of said) if (between(at) || between(expires)) turned.add(token);
  }
  return turned;
}

/** The view hands out the same list as long as nothing is added to it; another list may say the same all the same. */
function same(a: readonly ConsentEvent[] | undefined, b: readonly ConsentEvent[] | undefined): boolean {
  return a === b || (a?.length === b?.length && JSON.stringify(a) === JSON.stringify(b));
}
