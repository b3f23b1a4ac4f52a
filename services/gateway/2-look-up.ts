/** Stage 2: the consents of the batch's distinct subjects, the active bundle and the watermark, in one round trip. */
import { type ConsentState, consentStateOfTokens } from '../core/decide/consent-state.ts';
import type { Keyring } from '../core/keyring.ts';
import type { ConsentSnapshot, ConsentStore } from '../core/ports.ts';
import type { DecodedRecord } from './1-decode.ts';

export type LookedUp = {
  readonly snapshot: ConsentSnapshot;
  /** All that was said by a subject of this batch. */
  readonly stateOf: (subject: string) => ConsentState;
};

export async function lookUp(
  records: readonly DecodedRecord[],
  keyring: Keyring,
  store: ConsentStore,
): Promise<LookedUp> {
  const tokensOf = new Map<string, readonly string[]>();
  for (const decoded of records) {
    if (decoded.kind !== 'record') continue;
    const { subject } = decoded.record;
    if (!tokensOf.has(subject)) tokensOf.set(subject, keyring.subjectTokens(subject));
  }
  const snapshot = await store.load([...tokensOf.values()].flat());
  const states = new Map<string, ConsentState>();
  return {
    snapshot,
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
