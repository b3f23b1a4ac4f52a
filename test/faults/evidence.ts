/** What the referee brings to the checker: the final state, as others than Lethe's own clients read it. */
import type { AuditSegment } from '../../services/core/audit/segment.ts';

/** What a raw record ought to become: decided about by its subject's consents, or a dead letter. */
export type RawRecord = {
  readonly partition: number;
  readonly offset: number;
  /** Null where the record is one that nobody can read, and so a dead letter. */
  readonly subject: string | null;
  /** It may be a dead letter as well: the fault decides. */
  readonly maybeDead?: boolean;
};

/** What a subject said, beside nothing. */
export type SubjectWord = {
  readonly analytics: 'granted' | 'nothing';
  readonly fraud: 'nothing' | 'objected';
  readonly withdrawal?: Withdrawal;
};

/** A withdrawal of everything, said while records flowed. */
export type Withdrawal = {
  /** Where it lies in the consent feed. */
  readonly feed: { readonly partition: number; readonly offset: number };
  /** By raw partition: the end of it when the withdrawal had been acknowledged. */
  readonly acknowledgedAt: readonly number[];
};

export type Published = { readonly partition: number; readonly offset: number; readonly source: string };

/** Bytes that somebody wrote who must not write a personal value. */
export type Sink = { readonly name: string; readonly bytes: Uint8Array };

/** Which output is published to on consent, and which unless objected to. */
export type OutputKind = 'analytics' | 'fraud';

export type Evidence = {
  readonly topic: string;
  readonly raw: readonly RawRecord[];
  /** Raw offsets that were deleted before they could be read, by partition: up to and without. */
  readonly deletedUpTo: readonly number[];
  readonly outputs: readonly {
    readonly topic: string;
    readonly kind: OutputKind;
    readonly records: readonly Published[];
  }[];
  /** All segments about the topic, in the order in which they were written. */
  readonly segments: readonly AuditSegment[];
  /** `lethe-source` of each dead letter of the topic. */
  readonly deadLetters: readonly string[];
  readonly subjects: ReadonlyMap<string, SubjectWord>;
  readonly sinks: Iterable<Sink>;
  /** Partitions, as `TOPIC/PARTITION`, in which a record that was appended at the end could not be read. */
  readonly unreadableSentinels: readonly string[];
  /** By partition: seconds from the end of the fault to the next commit; null where there was none. */
  readonly progress: readonly (number | null)[];
};
