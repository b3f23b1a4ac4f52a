/**
 * The data keys of a batch. Those that exist were read with the consents; one that is missing is made here, tried out on
 * the batch, and stored only where something encrypted under it is really going to be published: whoever publishes
 * nothing of a subject leaves no key behind. Where another worker's key was first, the batch is decided again under that.
 */
import { encrypts } from '../core/apply/encrypt.ts';
import type { DataKeyState, DataKeyStore, KeyWrapper, SubjectCipher, SubjectCiphers } from '../core/data-key.ts';
import type { RecordDecision } from '../core/engine.ts';
import { LetheError } from '../core/errors.ts';
import type { DecodedRecord } from './1-decode.ts';
import type { LookedUp } from './2-look-up.ts';

export type DataKeysOptions = {
  readonly store: Pick<DataKeyStore, 'mint'>;
  /** Null where no key-encryption key is set: what encrypts then waits. */
  readonly wrapper: KeyWrapper | null;
  readonly newKey: () => Uint8Array;
  readonly makeCipher: (token: string, key: Uint8Array) => SubjectCipher;
  /** Subjects whose opened keys are remembered at least while in use. Default 10,000. */
  readonly remembered?: number;
};

export type BatchKeys = {
  readonly ciphers: SubjectCiphers;
  /** For a candidate: what was encrypted of a record comes out as it did, so that only real differences show. */
  readonly candidates: SubjectCiphers;
  /**
   * Stores the new keys of what is published, in one round trip, none where there are none. False: another key was there
   * first, or a subject was erased meanwhile; the batch has to be decided again.
   */
  readonly store: (decoded: readonly DecodedRecord[], decisions: readonly RecordDecision[]) => Promise<boolean>;
};

export type DataKeys = {
  /** Throws `unavailable` where a key cannot be opened. @param remember whether a candidate is judged beside it. */
  readonly open: (found: Pick<LookedUp, 'snapshot' | 'tokensOf'>, remember: boolean) => Promise<BatchKeys>;
};

/** Each time some key is another's by now, which then stays: more than this in a row is no coincidence. */
const MAX_ROUNDS = 5;

export function needsDataKeys(decoded: readonly DecodedRecord[]): boolean {
  return decoded.some((one) => one.kind === 'record' && encrypts(one.record.plan));
}

/** Decides about a batch until the keys it was encrypted under are those that are stored. */
export async function decideUnder<T extends { readonly decisions: readonly RecordDecision[] }>(
  keys: BatchKeys | null,
  decoded: readonly DecodedRecord[],
  decide: () => T,
): Promise<T> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const decided = decide();
    if (keys === null || (await keys.store(decoded, decided.decisions))) return decided;
  }
  throw new LetheError('unavailable', 'Data keys change faster than a batch can be encrypted', {
    dependency: 'data_keys',
  });
}

export function makeDataKeys(options: DataKeysOptions): DataKeys {
  const ciphers = makeRecentCiphers(options.remembered ?? 10_000);

  return {
    open: async ({ snapshot, tokensOf }, remember) => {
      const { wrapper } = options;
      if (wrapper === null) throw noWrapper();
      const states = new Map<string, DataKeyState>(snapshot.dataKeys);
      const opened = new Map<string, SubjectCipher>();
      const fresh = new Map<string, Fresh>();
      const said = new Map<string, string[]>();
      await openAll(wrapper);

      async function openAll(by: KeyWrapper): Promise<void> {
        const closed: { readonly token: string; readonly wrapped: string }[] = [];
        for (const [token, state] of states) {
          if (state.state !== 'active' || opened.has(token)) continue;
          const cipher = ciphers.get(token, state.wrapped);
          if (cipher === null) closed.push({ token, wrapped: state.wrapped });
          else opened.set(token, cipher);
        }
        if (closed.length === 0) return;
        const keys = await by.unwrap(closed);
        for (const [index, { token, wrapped }] of closed.entries()) {
          const key = keys[index] ?? null;
          if (key === null) throw notOpened(by.versionOf(wrapped));
          const cipher = options.makeCipher(token, key);
          opened.set(token, cipher);
          ciphers.set(token, wrapped, cipher);
        }
      }

      const cipherOf = (subject: string): SubjectCipher | Fresh | 'shredded' => {
        const tokens = tokensOf(subject);
        if (tokens.some((token) => states.get(token)?.state === 'shredded')) return 'shredded';
        for (const token of tokens) {
          const cipher = opened.get(token);
          if (cipher !== undefined) return cipher;
        }
        const [token = ''] = tokens;
        let made = fresh.get(token);
        if (made === undefined) {
          const key = options.newKey();
          const cipher = options.makeCipher(token, key);
          const one: Fresh = {
            ...{ key, cipher, used: false },
            encrypt: (place, json) => {
              one.used = true;
              return cipher.encrypt(place, json);
            },
          };
          made = one;
          fresh.set(token, made);
        }
        return made;
      };

      return {
        ciphers: (subject) => {
          const cipher = cipherOf(subject);
          if (cipher === 'shredded' || !remember) return cipher;
          return {
            encrypt: (place, json) => {
              const text = cipher.encrypt(place, json);
              const key = JSON.stringify([subject, place, json]);
              const texts = said.get(key);
              if (texts === undefined) said.set(key, [text]);
              else texts.push(text);
              return text;
            },
          };
        },
        candidates: (subject) => {
          const cipher = cipherOf(subject);
          if (cipher === 'shredded') return cipher;
          return {
            encrypt: (place, json) =>
              said.get(JSON.stringify([subject, place, json]))?.shift() ?? cipher.encrypt(place, json),
          };
        },
        store: async (decoded, decisions) => {
          const wanted = new Map<string, Fresh>();
          for (const [index, decision] of decisions.entries()) {
            const one = decoded[index];
            if (one?.kind !== 'record' || !publishesEncrypted(decision)) continue;
            const [token = ''] = tokensOf(one.record.subject);
            const made = fresh.get(token);
            if (made?.used === true) wanted.set(token, made);
          }
          if (wanted.size === 0) return true;
          const made = [...wanted].map(([token, { key }]) => ({ token, key }));
          const wrapped = await wrapper.wrap(made);
          const keys = made.map(({ token }, index) => ({ token, wrapped: wrapped[index] as string }));
          const stored = await options.store.mint(keys);
          let own = true;
          for (const [index, { token, wrapped: mine }] of keys.entries()) {
            const state = stored[index] as DataKeyState;
            states.set(token, state);
            if (state.state === 'active' && state.wrapped === mine) {
              const { cipher } = wanted.get(token) as Fresh;
              opened.set(token, cipher);
              ciphers.set(token, mine, cipher);
            } else own = false;
            fresh.delete(token);
          }
          if (own) return true;
          said.clear();
          await openAll(wrapper);
          return false;
        },
      };
    },
  };
}

/** A key that is not stored yet. */
type Fresh = SubjectCipher & { readonly key: Uint8Array; readonly cipher: SubjectCipher; used: boolean };

function publishesEncrypted(decision: RecordDecision): boolean {
  if (decision.kind !== 'decided') return false;
  return decision.outputs.some(
    (output) =>
      output.kind === 'published' &&
      output.variant !== null &&
      (output.variant.effects.includes('encrypt') || output.variant.headerEffects.includes('encrypt')),
  );
}

/**
 * Opened keys by wrapped text: one that was destroyed is never found again, since nobody reads its text from the store any
 * more. Two generations, so that what is not in use is forgotten.
 */
function makeRecentCiphers(size: number): {
  readonly get: (token: string, wrapped: string) => SubjectCipher | null;
  readonly set: (token: string, wrapped: string, cipher: SubjectCipher) => void;
} {
  let young = new Map<string, SubjectCipher>();
  let old = new Map<string, SubjectCipher>();
  const set = (token: string, wrapped: string, cipher: SubjectCipher): void => {
    if (young.size >= size) {
      old = young;
      young = new Map();
    }
    young.set(`${token} ${wrapped}`, cipher);
  };
  return {
    get: (token, wrapped) => {
      const key = `${token} ${wrapped}`;
      const recent = young.get(key);
      if (recent !== undefined) return recent;
      const found = old.get(key) ?? null;
      if (found !== null) set(token, wrapped, found);
      return found;
    },
    set,
  };
}

function noWrapper(): LetheError {
  return new LetheError('unavailable', 'Data keys: the bundle encrypts, and no key wraps the data keys', {
    dependency: 'data_keys',
    fix: 'Add "data_key" and "data_key_ref" to the keys file (lethe keys generate makes them), or set LETHE_VAULT_ADDR, and start the worker again.',
  });
}

function notOpened(version: number | null): LetheError {
  return new LetheError(
    'unavailable',
    `Data keys: one cannot be opened${version === null ? '' : ` by version ${version} of the key that wraps it`}`,
    {
      dependency: 'data_keys',
      fix: 'Keep every version of the wrapping key until "lethe keys rewrap" says that it is free.',
    },
  );
}
