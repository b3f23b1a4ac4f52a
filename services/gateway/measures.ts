/** What a worker counts, by the names of DESIGN section 10; main.ts joins it to Prometheus. */
import type { BatchStage } from '../core/batch-span.ts';
import type { FieldCount } from '../core/field-tally.ts';
import type { Divergence } from '../core/shadow/divergence.ts';

export type Stage = BatchStage;

export type BatchCounts = {
  readonly route: string;
  readonly consumed: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** By output topic, outcome and reason; reason is empty where nothing was held back. */
  readonly decisions: readonly {
    readonly output: string;
    readonly outcome: 'published' | 'withheld';
    readonly reason: string;
    readonly count: number;
  }[];
  /** By code. */
  readonly deadLetters: ReadonlyMap<string, number>;
  readonly fields: readonly FieldCount[];
  /** Where the candidate in shadow would have come to something else. */
  readonly divergence: readonly Divergence[];
  /** Seconds between event time (the Kafka timestamp for what could not be read) and decision, of each record. */
  readonly ages: readonly number[];
};

export type Measures = {
  readonly stage: (stage: Stage, seconds: number) => void;
  /** Called after the commit, never for what was aborted. */
  readonly batch: (counts: BatchCounts) => void;
  readonly viewAge: (seconds: number) => void;
  /**
   * Of a commit that published something of a person: how long before its acknowledgement, at most, a withdrawal can have
   * been accepted that it did not heed.
   */
  readonly propagation: (seconds: number) => void;
};
