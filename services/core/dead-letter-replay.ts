/**
 * What a replay of dead letters is made of: the ports between the command, the data path and the log, and the audit
 * chains that a replay keeps (services/DECISIONS.md has the rules by which `lethe verify` checks them).
 */
import type { RecordDecision } from './engine.ts';
import { DEAD_LETTER_TOPIC, REQUESTS_TOPIC } from './own-topics.ts';
import type { Watermark } from './ports.ts';
import type { PartitionBounds } from './topic-reader.ts';
import type { Publication, RawBatch } from './transport.ts';

/** What the next batch of a raw partition continues. */
export type ReplayPosition = {
  /** Head of the partition's chain of replays, or `GENESIS`. */
  readonly chain: string;
  /** The consent watermark that the partition was last decided under, or null. */
  readonly watermark: Watermark | null;
};

export type ReplayedBatch = ReplayPosition & {
  /** By index of the batch's records. What is dead-lettered here is in none of the publications. */
  readonly decisions: readonly RecordDecision[];
  /** Topics of the route's outputs, in the order of a decision's outputs. */
  readonly outputs: readonly string[];
  /** Outputs and audit of what was decided; empty where nothing was. */
  readonly publications: readonly Publication[];
};

/**
 * Plays raw records of one partition again under the bundle in force, as a worker would. Offsets ascend. Null where
 * that bundle has no route for the topic. Throws `unavailable` where a worker would wait.
 */
export type ReplayRecords = (batch: RawBatch, last: ReplayPosition) => Promise<ReplayedBatch | null>;

/** The one who may write replays: whoever opened it last. */
export type ReplayLog = {
  /**
   * Bounds of a topic that cover everything committed before this call: waits for transactions that were open then.
   * Throws `unavailable` where they stay open.
   */
  readonly settled: (topic: string) => Promise<readonly PartitionBounds[]>;
  /**
   * All of them or none. Throws `fenced` where another replay began, `unavailable` where the outcome is not known; nothing
   * may be committed after.
   */
  readonly commit: (publications: readonly Publication[]) => Promise<void>;
};

/** What audit segments of replays name as their topic: no topic of Kafka has a slash. */
export function replayChainTopic(rawTopic: string): string {
  return `${DEAD_LETTER_TOPIC}/${rawTopic}`;
}

/**
 * What audit segments of corrections (requests of rectification) name as their topic. Their partition is 0, and their
 * offsets are those of the requests on `lethe.requests`: a request corrects one record, once.
 */
export function correctionChainTopic(rawTopic: string): string {
  return `${REQUESTS_TOPIC}/${rawTopic}`;
}

/** Whether a segment is of corrections. */
export function isCorrection(segmentTopic: string): boolean {
  return segmentTopic.startsWith(`${REQUESTS_TOPIC}/`);
}

/** The raw topic of a segment of replays or corrections; null where the segment is a worker's. */
export function replayedTopic(segmentTopic: string): string | null {
  for (const own of [DEAD_LETTER_TOPIC, REQUESTS_TOPIC]) {
    if (segmentTopic.startsWith(`${own}/`)) return segmentTopic.slice(own.length + 1);
  }
  return null;
}
