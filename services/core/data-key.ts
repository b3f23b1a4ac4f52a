/**
 * Data keys (DESIGN section 4, `encrypt`): one per subject, 32 random bytes, stored wrapped by a key-encryption key.
 * Whoever destroys a subject's data key erases every value encrypted under it, wherever copies of it lie.
 */

/** What is known of a subject's data key. Not in a store at all: there never was one. */
export type DataKeyState =
  | { readonly state: 'active'; readonly wrapped: string }
  /** Destroyed for ever: nothing ever takes its place. `at` in epoch milliseconds. */
  | { readonly state: 'shredded'; readonly at: number };

export type WrappedKey = { readonly token: string; readonly wrapped: string };

/** Where data keys are kept, by subject token. All throw `unavailable`. */
export type DataKeyStore = {
  readonly load: (tokens: readonly string[]) => Promise<ReadonlyMap<string, DataKeyState>>;
  /**
   * Stores a key for each subject that has none, each in one atomic step. Gives what is stored afterwards, in the same
   * order: another's key, or a shredded one, stays.
   */
  readonly mint: (keys: readonly WrappedKey[]) => Promise<readonly DataKeyState[]>;
  /**
   * Destroys the keys of subjects, each in one atomic step, and leaves a mark where there was none, so that a later event
   * mints none. A mark that is there stays as it is.
   *
   * @param at epoch milliseconds.
   */
  readonly shred: (tokens: readonly string[], at: number) => Promise<void>;
  /** Notes that the keys of subjects are to be destroyed at a time to come; of several times the earliest counts. */
  readonly shredAt: (entries: readonly { readonly token: string; readonly at: number }[]) => Promise<void>;
  /** Destroys the keys whose time has come. Gives how many. */
  readonly shredDue: (now: number) => Promise<number>;
  /** Puts a wrapped key in the place of another; false, and nothing is done, where another is stored by now. */
  readonly replace: (token: string, from: string, to: string) => Promise<boolean>;
  /** All active keys, in pieces of bounded size; a key may come more than once, one that is minted meanwhile may not. */
  readonly active: () => AsyncIterable<readonly WrappedKey[]>;
};

/**
 * What holds the key-encryption key: a file, or a service that never gives it away. A wrapped key is bound to its
 * subject's token. All throw `unavailable` where the service is out of reach; no message holds a key or a wrapped one.
 */
export type KeyWrapper = {
  /** The version that wraps now. */
  readonly version: () => Promise<number>;
  /** The version that a wrapped key needs; null where it is none of this wrapper. */
  readonly versionOf: (wrapped: string) => number | null;
  readonly wrap: (keys: readonly { readonly token: string; readonly key: Uint8Array }[]) => Promise<readonly string[]>;
  /** Null for a key that cannot be had: it was altered, is another subject's, or its version is gone. */
  readonly unwrap: (keys: readonly WrappedKey[]) => Promise<readonly (Uint8Array | null)[]>;
  /** The same keys, wrapped by the version that wraps now; null as in `unwrap`. */
  readonly rewrap: (keys: readonly WrappedKey[]) => Promise<readonly (string | null)[]>;
};

/** Where an encrypted value stands; it can be decrypted nowhere else. */
export type EncryptedPlace = {
  /** Of the output. */
  readonly topic: string;
  readonly purpose: string;
  /** As declared; `headers.NAME` for a record header. */
  readonly path: string;
};

/** Encrypts for one subject. */
export type SubjectCipher = {
  /** @param json the value's JSON text, numbers to the letter. */
  readonly encrypt: (place: EncryptedPlace, json: string) => string;
};

/** The cipher of a subject by id; `shredded` where its data key was destroyed. */
export type SubjectCiphers = (subject: string) => SubjectCipher | 'shredded';
