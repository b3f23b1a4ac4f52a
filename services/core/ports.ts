/**
 * The ports: what Lethe needs of the outside, by need and batch-shaped. Adapters implement them; the in-memory set
 * (adapters/memory) and the real ones are held to the same contract suites (test/contract).
 */
import type { ConsentEvent } from './consent-event.ts';
import type { DataKeyState } from './data-key.ts';

/** How far the consent view has been brought by a projector. */
export type Watermark = {
  /** Epoch milliseconds of the projector's last beat. */
  readonly at: number;
  /** By partition of `lethe.consent-events`: the next offset to project, as decimal text. */
  readonly offsets: Readonly<Record<string, string>>;
};

/** What one round trip reads for a batch. */
export type ConsentSnapshot = {
  /** By token; a subject nobody has told us about is absent. Events in no particular order. */
  readonly events: ReadonlyMap<string, readonly ConsentEvent[]>;
  /** Digest of the active bundle, or null before the first `lethe push`. */
  readonly activeDigest: string | null;
  /** Digest of the candidate that is to be judged beside it (issue 4, shadow), or null. */
  readonly shadowDigest: string | null;
  /** Null where no projector ever wrote one. */
  readonly watermark: Watermark | null;
  /**
   * Another text whenever consents were added, and not read before `events` were; so while it stays the same, they do.
   * Null where the view cannot tell (a cluster, which does not read all at one moment).
   */
  readonly stamp: string | null;
  /** Only where they were asked for: data keys by token; one who never had any is absent. */
  readonly dataKeys?: ReadonlyMap<string, DataKeyState>;
};

/** `dataKeys`: whether the data keys of the subjects are wanted too, in the same round trip. */
export type LoadOptions = { readonly dataKeys?: boolean };

export type ConsentStore = {
  /** One round trip, whatever the number of tokens. Throws `unavailable`; a reply that names another subject too. */
  readonly load: (tokens: readonly string[], options?: LoadOptions) => Promise<ConsentSnapshot>;
  /**
   * Adds events to the view, each idempotent by its version, each subject in one atomic step: an older or repeated
   * update never undoes a newer one.
   */
  readonly add: (entries: readonly { readonly token: string; readonly event: ConsentEvent }[]) => Promise<void>;
};

/** An event on its way into the feed, which gives it its version. */
export type ConsentLogEntry = { readonly token: string; readonly event: Omit<ConsentEvent, 'version'> };

/** The feed of consent events: the truth, of which the view is made (DESIGN section 5). */
export type ConsentLog = {
  /**
   * Appends events and returns the version of each, in the same order. Versions are comparable for one token alone: they
   * are offsets in the token's partition. Throws `unavailable`; then some of the events may be in the feed all the same,
   * and appending them again does no harm.
   */
  readonly append: (entries: readonly ConsentLogEntry[]) => Promise<readonly number[]>;
};

/** A bundle as stored: the authored files by path, self-contained, and the digest of exactly that. */
export type Bundle = {
  /** Lower-case hex SHA-256. */
  readonly digest: string;
  /** Path relative to the configuration folder (with `/`) → text. */
  readonly files: Readonly<Record<string, string>>;
};

export type BundleStore = {
  /** Null where unknown. Throws `unavailable`, and `invalid_config` where the content does not match the digest. */
  readonly read: (digest: string) => Promise<Bundle | null>;
  readonly activeDigest: () => Promise<string | null>;
  /** Stores the bundle and makes it the active one in one atomic step. A candidate that is made active is none any more. */
  readonly activate: (bundle: Bundle) => Promise<void>;
  readonly shadowDigest: () => Promise<string | null>;
  /** Stores the bundle and makes it the candidate beside the active one, in place of an earlier one. */
  readonly shadow: (bundle: Bundle) => Promise<void>;
  /** Ends the shadow; gives the digest of the candidate, or null where there was none. */
  readonly endShadow: () => Promise<string | null>;
};

export type RegisteredSchema = { readonly id: number; readonly schema: string };

export type SchemaRegistry = {
  /**
   * The Avro schema of an id, references resolved into one self-contained schema text, tags kept. Null where the
   * registry says there is none. Throws `unavailable`.
   */
  readonly schemaById: (id: number) => Promise<string | null>;
  /** Every version registered under a subject, oldest first; empty where the subject is unknown. */
  readonly versions: (subject: string) => Promise<readonly RegisteredSchema[]>;
  /** Null where compatible with what is registered; otherwise the registry's reasons. */
  readonly incompatibility: (subject: string, schema: string) => Promise<string | null>;
  /** Registers (or finds) a schema and returns its id. */
  readonly register: (subject: string, schema: string) => Promise<number>;
};

/** Encrypts what no person downstream may read (dead letters). */
export type Sealer = {
  /** AES-256-GCM under the current `dead_letter` key with a fresh nonce; key version and nonce ride in front. */
  readonly seal: (plaintext: Uint8Array, associatedData: string) => Uint8Array;
};
