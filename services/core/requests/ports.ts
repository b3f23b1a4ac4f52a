/** What carrying out requests of subjects needs of the outside. All throw `unavailable` for outages. */
import type { ConsentLogEntry } from '../ports.ts';
import type { PartitionBounds } from '../topic-reader.ts';
import type { PlacedRequestEvent, RequestEvent, RequestOutput, SubjectRequest } from './request.ts';

/** `lethe.requests`: the truth about requests. */
export type RequestLog = {
  /** Resolves to where the event lies once it is kept. */
  readonly append: (event: RequestEvent) => Promise<string>;
  /** All events, in order. */
  readonly read: () => Promise<readonly PlacedRequestEvent[]>;
};

/** The consent feed and its view. */
export type RequestConsents = {
  /** Appends to the feed and brings the events into the view; gives their coordinates in the feed. */
  readonly append: (entries: readonly ConsentLogEntry[]) => Promise<readonly string[]>;
  /** Whether the view holds what lies at these coordinates of the feed, all of it of a subject of these tokens. */
  readonly reached: (coordinates: readonly string[], tokens: readonly string[]) => Promise<boolean>;
  /**
   * Whether the view says, now, that records of a subject known under these tokens are withheld as erased where they
   * happened before a moment, reinstated since or not.
   *
   * @param before epoch milliseconds.
   */
  readonly erased: (tokens: readonly string[], before: number) => Promise<boolean>;
};

/** The committed position of a raw partition. */
export type WorkerPosition = {
  readonly partition: number;
  /** The next raw offset to decide about; null where the group never committed one. */
  readonly offset: number | null;
  /** By partition of the feed: what the last batch was decided under; null where nobody says. */
  readonly feed: Readonly<Record<string, string>> | null;
};

export type RequestWorkers = {
  /** As a worker sees them: committed records alone. Empty where there is no such topic. */
  readonly ends: (rawTopic: string) => Promise<readonly PartitionBounds[]>;
  /** Whether a range of a raw partition holds any record: transaction markers are none. */
  readonly holdsRecords: (rawTopic: string, partition: number, from: number, to: number) => Promise<boolean>;
  readonly positions: (rawTopic: string) => Promise<readonly WorkerPosition[]>;
  /** Whether the group has no member. */
  readonly absent: () => Promise<boolean>;
  /** Ends whatever transaction is open for a raw partition, and shuts out for ever whoever opened it. */
  readonly fence: (rawTopic: string, partition: number) => Promise<void>;
  /** The same for a replay of dead letters, which can be started again. */
  readonly fenceReplays: () => Promise<void>;
};

export type Tombstone = { readonly topic: string; readonly partition: number; readonly key: string };

export type TopicCleanup = {
  /** 0 where there is no such topic. */
  readonly partitions: number;
  readonly compacted: boolean;
  /** Milliseconds after which Kafka deletes by age; null: never. */
  readonly retentionMs: number | null;
};

export type OutputRecord = {
  readonly key: string | null;
  readonly tombstone: boolean;
  /** The header `lethe-source`; null without one. */
  readonly source: string | null;
  readonly offset: number;
  /** Epoch milliseconds. */
  readonly timestamp: number;
};

export type RequestOutputs = {
  /** Of the bundle that is active now; null where none is. */
  readonly active: () => Promise<{
    readonly sources: readonly string[];
    readonly outputs: readonly RequestOutput[];
  } | null>;
  readonly cleanup: (topic: string) => Promise<TopicCleanup>;
  /** Where records of a subject lie in outputs that are keyed by a path, as the index says. */
  readonly indexed: (tokens: readonly string[]) => Promise<readonly Tombstone[]>;
  /** Empties the index of a subject. */
  readonly forget: (tokens: readonly string[]) => Promise<void>;
  /**
   * Writes tombstones, each under its key in its partition, with the header `lethe-source`; gives their coordinates in
   * the same order.
   */
  readonly bury: (tombstones: readonly Tombstone[], source: string) => Promise<readonly string[]>;
  /** What a partition holds from an offset to its end. */
  readonly recordsFrom: (topic: string, partition: number, from: number) => AsyncIterable<OutputRecord>;
};

export type RequestDataKeys = {
  /** Destroys them for ever, and marks that none is to be made again; `none_kept` where no data keys are kept at all. */
  readonly shred: (tokens: readonly string[], at: number) => Promise<'shredded' | 'none_kept'>;
  readonly shredded: (tokens: readonly string[]) => Promise<boolean>;
};

export type RequestPorts = {
  readonly log: RequestLog;
  readonly consents: RequestConsents;
  readonly workers: RequestWorkers;
  readonly outputs: RequestOutputs;
  readonly dataKeys: RequestDataKeys;
  /** What the report of an access request comes to, without keeping it: its digest and what it counts. */
  readonly gather: (request: SubjectRequest) => Promise<string>;
  readonly sign: { readonly key: string; readonly sign: (text: string) => string };
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** How long a step waits for the view or for workers before the request is left to be driven again. Milliseconds. */
  readonly patienceMs: number;
};
