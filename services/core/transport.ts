/**
 * The transport port: raw batches in; outputs, audit, dead letters and position out, in one transaction (DESIGN
 * section 6). kafkajs is the default adapter (adapters/kafka).
 */
import type { BatchSpan } from './batch-span.ts';

/** A raw record as consumed. Bytes are valid until the handler of its batch settles. */
export type RawRecord = {
  readonly offset: number;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  /** As the client library decoded them: read declared names only, with `headerValues`. */
  readonly headers: unknown;
  /** Set where the record cannot be read at all (a batch that does not decompress): its value is empty, and a dead letter. */
  readonly unreadable?: 'undecodable' | 'too_large';
};

/** Records of one partition, ascending by offset; offsets may have gaps (compaction, transaction markers). */
export type RawBatch = {
  readonly topic: string;
  readonly partition: number;
  /** The committed position that the batch continues: offsets from here to its first record hold nothing. */
  readonly startOffset: number;
  readonly records: readonly RawRecord[];
  /** What will be committed once the batch is done: the offset after its last record or marker. */
  readonly nextOffset: number;
  /** End of the partition when the batch was fetched. */
  readonly highWatermark: number;
};

/** One record to publish. */
export type Publication = {
  readonly topic: string;
  readonly partition: number;
  readonly key: string | null;
  readonly value: Uint8Array | null;
  /** Values are text or bytes. A null-prototype object or a fresh literal; names are Lethe's or declared ones. */
  readonly headers: Readonly<Record<string, string | Uint8Array | (string | Uint8Array)[]>>;
  /** Epoch milliseconds. */
  readonly timestamp: number;
};

export type TopicFacts = {
  readonly partitions: number;
  /** `max.message.bytes`: upper bound of an encoded record batch. */
  readonly maxMessageBytes: number;
  /** Whether it keeps only the newest record of each key; absent: no. */
  readonly compacted?: boolean;
};

/** What a batch comes to: published, and its position committed with `metadata`, atomically or not at all. */
export type BatchResult = {
  readonly publications: readonly Publication[];
  /** Text that travels in the committed offset and comes back to the partition's next owner. At most 3,000 bytes. */
  readonly metadata: string;
  /** Called once, after the commit and never after an abort: where counters move. */
  readonly committed: () => void;
  /**
   * Asked as late as can be, once all is sent and nothing but the commit is left; asked again where the commit is late.
   * False: what the batch rests on has changed. Nothing of it is published then, and the handler gets its records again
   * at once, maybe not as many. Throwing a retryable `LetheError` aborts and pauses.
   */
  readonly stillGood?: () => Promise<boolean>;
  /** Where batches are traced: told of `publish` and `commit`, and how it ended; the transport ends it in any case. */
  readonly span?: BatchSpan;
};

export type BatchContext = {
  /** `metadata` of the last commit of this partition, or null where it was never committed. */
  readonly metadata: string | null;
  /** Tells the group that this worker lives; call between stages. Throws where the partition is no longer ours. */
  readonly heartbeat: () => Promise<void>;
  /** Where batches are traced: to be told of what happens, and whose context goes with what is published. */
  readonly span?: BatchSpan;
};

/**
 * Decides about a batch. Throwing a `LetheError` with `retryable` pauses the partition, and the batch comes again later;
 * any other error is fatal for the worker.
 */
export type BatchHandler = (batch: RawBatch, context: BatchContext) => Promise<BatchResult>;

/** Moments worth measuring. */
export type TransportObserver = {
  readonly assigned: (partitions: ReadonlyMap<string, readonly number[]>) => void;
  readonly paused: (topic: string, cause: string, partitions: number) => void;
  readonly lag: (topic: string, partition: number, records: number) => void;
  /** The broker was lost; `assigned` or a committed transaction tells of its return. */
  readonly down: () => void;
  /** `stale`: aborted because `stillGood` said no. */
  readonly transaction: (result: 'committed' | 'aborted' | 'fenced' | 'stale') => void;
  readonly stage: (stage: 'publish' | 'commit', seconds: number) => void;
};

export type Transport = {
  /**
   * Consumes the topics until `stop`. Resolves after a clean stop; rejects where going on would be unsafe
   * (`data_lost`, `bug`). Outages are waited out.
   */
  readonly run: (topics: readonly string[], handler: BatchHandler) => Promise<void>;
  /** Finishes the batches in hand, commits, leaves the group. */
  readonly stop: () => Promise<void>;
  /** Partition count and size limit of a topic, cached for a while. Throws `unavailable` where it does not exist. */
  readonly topic: (name: string) => Promise<TopicFacts>;
};
