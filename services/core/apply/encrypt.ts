/** The action `encrypt`: whose key it is under is known only record by record, so codecs are told with each. */
import type { EncryptedPlace, SubjectCipher, SubjectCiphers } from '../data-key.ts';
import type { Keyring } from '../keyring.ts';
import type { OutputPlan, RoutePlan } from '../policy/plan.ts';
import type { Scalar, Transform } from './action.ts';

/** Holds the cipher of the record in hand; null: none is there, and what is to be encrypted fails. */
export type CipherSlot = { cipher: SubjectCipher | null };

/** What the transformer of an `encrypt` needs besides the action. */
export type Encrypting = { readonly place: EncryptedPlace; readonly slot: CipherSlot };

/** Text that every stand-in begins with. No key opens one. */
export const STAND_IN = 'lethe:v0:';

/** A value becomes the text of an envelope that holds its JSON text: `decrypt` gives back number or text to the letter. */
export function makeEncrypt({ place, slot }: Encrypting): Transform {
  return (value) => {
    const { cipher } = slot;
    return cipher === null ? null : { kind: 'string', text: cipher.encrypt(place, jsonOf(value)) };
  };
}

function jsonOf({ kind, text }: Scalar): string {
  return kind === 'string' ? JSON.stringify(text) : text;
}

export function placeOf({ topic, purpose }: OutputPlan, path: string): EncryptedPlace {
  return { topic, purpose: purpose.name, path };
}

const known = new WeakMap<RoutePlan, boolean>();

/** Whether any output of a plan encrypts: only then data keys are asked for. */
export function encrypts(plan: RoutePlan): boolean {
  let answer = known.get(plan);
  if (answer === undefined) {
    answer = plan.outputs.some(({ leaves, headers }) =>
      [...leaves, ...headers].some(({ action }) => action.kind === 'encrypt'),
    );
    known.set(plan, answer);
  }
  return answer;
}

/**
 * Ciphers for where nothing is published (`replay`, `test`, `explain`, `diff`): no data key is asked for or made. The
 * same value of a subject at the same place gives the same text under the same keys, and nothing gives the value back.
 */
export function standInCiphers(keyring: Keyring): SubjectCiphers {
  return (subject) => ({
    encrypt: ({ topic, purpose, path }, json) =>
      STAND_IN + keyring.pseudonym('lethe/encrypt/stand-in', JSON.stringify([subject, topic, purpose, path, json])),
  });
}
