import { type ConsentState, consentStateOfTokens } from '../core/decide/consent-state.ts';
import type { Keyring } from '../core/keyring.ts';
import type { ConsentStore } from '../core/ports.ts';

/** Where a command has consents from: a file, or the view that the workers read. */
export type ConsentSource = {
  /**
   * The states of some subjects (a subject that nobody told about has an empty one). Throws `unavailable`.
   *
   * @param subjects ids as they stand in the records, in any number; a subject may occur twice.
   */
  readonly load: (subjects: readonly string[]) => Promise<(subject: string) => ConsentState>;
  readonly close: () => Promise<void>;
};

/** Consents as read from a file (`readReplayConsents`), or nobody's: `() => consentStateOf([])`. */
export function consentsOfFile(stateOf: (subject: string) => ConsentState): ConsentSource {
  return { load: () => Promise.resolve(stateOf), close: () => Promise.resolve() };
}

/** The workers' view, in one round trip a call. */
export function consentsOfView(
  view: Pick<ConsentStore, 'load'>,
  keyring: Pick<Keyring, 'subjectTokens'>,
  close: () => Promise<void>,
): ConsentSource {
  return {
    load: async (subjects) => {
      const tokensOf = new Map<string, readonly string[]>();
      for (const subject of subjects) {
        if (!tokensOf.has(subject)) tokensOf.set(subject, keyring.subjectTokens(subject));
      }
      const { events } = await view.load([...tokensOf.values()].flat());
      const states = new Map<string, ConsentState>();
      return (subject) => {
        let state = states.get(subject);
        if (state === undefined) {
          state = consentStateOfTokens(tokensOf.get(subject) ?? [], events);
          states.set(subject, state);
        }
        return state;
      };
    },
    close,
  };
}
