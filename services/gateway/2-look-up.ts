/** Stage 2: the consents of the batch's distinct subjects, the active bundle and the watermark, in one round trip. */
import { type ConsentState, consentStateOfTokens } from '../core/decide/consent-state.ts';
import type { Keyring } from '../core/keyring.ts';
import type { ConsentSnapshot, ConsentStore } from '../core/ports.ts';
import type { DecodedRecord } from './1-decode.ts';

export type LookedUp = {
  readonly snapshot: ConsentSnapshot;
  /** The tokens of a subject of this batch. */
  readonly tokensOf: (subject: string) => readonly string[];
  /** All that was said by a subject of this batch. */
  readonly stateOf: (subject: string) => ConsentState;
  /** Whether `stateOf` also knows the others that were asked for. */
  readonly othersKnown: boolean;
};

/**
 * @param others subjects that a candidate finds in the batch. They ride in the same round trip, and must never be what
 * it fails for: if it does, it is made again without them.
 *
 * @param dataKeys whether the data keys of the subjects are wanted too.
 */
export async function lookUp(
  records: readonly DecodedRecord[],
  keyring: Keyring,
  store: ConsentStore,
  others: readonly string[] = [],
  dataKeys = false,
): Promise<LookedUp> {
  const tokensOf = new Map<string, readonly string[]>();
  for (const decoded of records) {
    if (decoded.kind !== 'record') continue;
    const { subject } = decoded.record;
    if (!tokensOf.has(subject)) tokensOf.set(subject, keyring.subjectTokens(subject));
  }
  const own = [...tokensOf.values()].flat();
  for (const subject of others) if (!tokensOf.has(subject)) tokensOf.set(subject, keyring.subjectTokens(subject));
  const asked = [...tokensOf.values()].flat();
  let othersKnown = true;
  let snapshot: ConsentSnapshot;
  try {
    snapshot = await store.load(asked, { dataKeys });
  } catch (error) {
    if (asked.length === own.length) throw error;
    othersKnown = false;
    snapshot = await store.load(own, { dataKeys });
  }
  const states = new Map<string, ConsentState>();
  return {
    snapshot,
    othersKnown,
    tokensOf: (subject) => tokensOf.get(subject) ?? [],
    stateOf: (subject) => {
      let state = states.get(subject);
      if (state === undefined) {
        state = consentStateOfTokens(tokensOf.get(subject) ?? [], snapshot.events);
        states.set(subject, state);
      }
      return state;
    },
  };
}
