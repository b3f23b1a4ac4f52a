/**
 * The port of traces: one span for each batch that a worker takes in hand. What can be told of a batch is fixed here, so
 * that nothing of a record can get into a trace: names from the configuration, offsets, counts and codes.
 */
import type { ErrorCode } from './errors.ts';
import type { TraceContext } from './trace-context.ts';

export type BatchStage = 'decode' | 'lookup' | 'decide' | 'apply' | 'encode' | 'publish' | 'commit';

/** How the work on a batch ended. `failed`: before there was anything to commit. */
export type BatchEnd = 'committed' | 'stale' | 'aborted' | 'fenced' | 'failed';

export type BatchStart = {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  /** Of its first and last record; equal where it has one, null where it has none. */
  readonly offsets: { readonly first: number; readonly last: number } | null;
  readonly links: readonly RecordLink[];
  /** Records with a context that came when there were as many links as may be, and were not looked at any more. */
  readonly unlinked: number;
};

/** The context that a record came with, and the first record that did. */
export type RecordLink = { readonly context: TraceContext; readonly offset: number };

export type BatchCounted = { readonly published: number; readonly withheld: number; readonly deadLettered: number };

/** None of its functions throws, or waits for anything. After `end` they do nothing. */
export type BatchSpan = {
  /** What is published of the batch carries it, so that whoever reads it can go on with the trace. */
  readonly traceparent: string;
  /** Told anew where the batch is decided about again. */
  readonly judged: (route: string, bundleDigest: string) => void;
  /** A stage ended just now, having taken so long. */
  readonly stage: (stage: BatchStage, seconds: number) => void;
  /** What was published, over all outputs; told once it is committed. */
  readonly counted: (counted: BatchCounted) => void;
  /** @param code why it did not end well; null for `committed` and `stale`. */
  readonly end: (how: BatchEnd, code: ErrorCode | null) => void;
};

export type Tracer = {
  readonly start: (batch: BatchStart) => BatchSpan;
  /** Sends what is not sent yet, for two seconds at most. Never rejects. */
  readonly close: () => Promise<void>;
};
