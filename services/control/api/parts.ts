/** What the routes of consents need of the outside. */
import type { UnplacedConsentEvent } from '../../core/consent-file.ts';
import type { IdempotencyStore } from '../../core/api/idempotency.ts';
import type { Keyring } from '../../core/keyring.ts';
import type { ConsentLog, ConsentStore } from '../../core/ports.ts';

/** A place in `lethe.consent-events`. */
export type FeedPlace = { readonly partition: number; readonly offset: number };

export type FedEvent = {
  readonly token: string;
  readonly event: UnplacedConsentEvent;
  /** When it was appended, epoch milliseconds. */
  readonly appendedAt: number;
};

export type ConsentParts = {
  readonly keyring: Pick<Keyring, 'subjectTokens' | 'pseudonym'>;
  readonly log: ConsentLog;
  /** The partition of the feed that holds a subject's events. */
  readonly partitionOf: (token: string) => Promise<number>;
  /** Null where there is none. */
  readonly eventAt: (place: FeedPlace) => Promise<FedEvent | null>;
  readonly view: Pick<ConsentStore, 'load'>;
  /** Purposes of the active bundle; null where there is none, or nobody can tell. */
  readonly purposes: () => Promise<ReadonlySet<string> | null>;
  /** Resolves to whether workers see the events at these places; false where that takes too long. */
  readonly effective: (places: readonly FeedPlace[]) => Promise<boolean>;
  readonly idempotency: IdempotencyStore;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** Unique each time. */
  readonly newId: () => string;
};
