/** The port that remembers what a request with an Idempotency-Key came to (draft-ietf-httpapi-idempotency-key-header). */

export type IdempotencyEntry =
  /** Nobody used the key: it is taken for this request until `finish`, `abandon`, or some minutes from now. */
  | { readonly state: 'begun' }
  /** A request with the key is being worked on, or broke off moments ago. */
  | { readonly state: 'running'; readonly fingerprint: string }
  | { readonly state: 'done'; readonly fingerprint: string; readonly result: string };

export type IdempotencyStore = {
  /**
   * Takes a key, atomically. Throws `unavailable`.
   *
   * @param key a keyed hash: what the client sent may hold anything.
   * @param fingerprint a keyed hash of the request.
   * @param owner unique to this attempt.
   */
  readonly begin: (key: string, fingerprint: string, owner: string) => Promise<IdempotencyEntry>;
  /** Keeps the result for 24 hours. */
  readonly finish: (key: string, fingerprint: string, result: string) => Promise<void>;
  /** Gives the key free again where `owner` still has it. */
  readonly abandon: (key: string, fingerprint: string, owner: string) => Promise<void>;
};
