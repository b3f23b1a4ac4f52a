/**
 * The port of commands that look at topics without taking part in anything: no group is joined, no position is kept,
 * nothing is written. Adapters: adapters/kafka/topic-reader.ts, adapters/memory/topic-reader.ts.
 */
import type { RawBatch } from './transport.ts';

export type PartitionBounds = {
  readonly partition: number;
  /** The first offset that the partition still holds. */
  readonly low: number;
  /** The offset after the last one that a reader of committed records may see; transactions in flight lie behind it. */
  readonly end: number;
};

export type ReadRange = {
  readonly topic: string;
  readonly partition: number;
  /** The first offset to read. */
  readonly from: number;
  /** The offset after the last one to read; above the partition's end: up to there. */
  readonly to: number;
};

export type TopicReader = {
  /** By partition, ascending. Throws `unavailable` where the topic does not exist. */
  readonly bounds: (topic: string) => Promise<readonly PartitionBounds[]>;
  /**
   * By partition, the first offset whose record is not older than a time; the partition's end where there is none.
   *
   * @param time epoch milliseconds.
   */
  readonly offsetsAt: (topic: string, time: number) => Promise<ReadonlyMap<number, number>>;
  /**
   * Committed records of a range, ascending, in batches whose memory does not grow with the range. Batches join: each
   * starts where the one before it ended, the first at `from`, and the last ends at `to`; offsets that hold nothing
   * (compacted away, transaction markers, aborted) are passed, in batches without records too. Stopping early is fine.
   *
   * Throws `data_lost` where `from` lies before what the partition holds, `unavailable` for outages.
   */
  readonly read: (range: ReadRange) => AsyncIterable<RawBatch>;
  readonly close: () => Promise<void>;
};
