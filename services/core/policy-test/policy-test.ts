/** Policy tests (DESIGN section 4): records with what must become of them, beside the policy they are about. */
import type { ConsentEvent } from '../consent-event.ts';
import type { DeadLetterCode, WithheldReason } from '../outcome.ts';
import type { SourcePosition } from '../policy/plan.ts';
import type { Exact } from './exact.ts';

/** Stands in an expectation for any pseudonym that was made while the record was decided about. */
export const ANY_PSEUDONYM = '<pseudonym>';
/** Stands in an expectation for any value that was encrypted while the record was decided about. */
export const ANY_ENCRYPTED = '<encrypted>';

export type ExpectedOutput =
  | {
      readonly kind: 'published';
      readonly value: Exact;
      /** Undefined: whatever it is. Null: none. */
      readonly key: string | null | undefined;
      /** By name, every value in order. What is not among them must not be published. */
      readonly headers: ReadonlyMap<string, readonly string[]>;
    }
  | { readonly kind: 'withheld'; readonly reason: WithheldReason };

export type Expectation =
  /** By topic. Of an output that is not among them nothing is asked, but for `--strict`: it must publish nothing. */
  | { readonly kind: 'outputs'; readonly outputs: ReadonlyMap<string, ExpectedOutput> }
  | { readonly kind: 'dead_letter'; readonly code: DeadLetterCode };

export type PolicyTest = {
  readonly name: string;
  readonly position: SourcePosition;
  /** Epoch milliseconds; null: the latest moment that the test itself names (`runPolicyTest`). */
  readonly now: number | null;
  /** Kafka timestamp, epoch milliseconds; null: now. */
  readonly timestamp: number | null;
  /** What the subject said. */
  readonly consent: readonly ConsentEvent[];
  /** The raw value as text; null: a tombstone. */
  readonly input: string | null;
  /** The raw key, which tombstones alone are known by. */
  readonly key: string | null;
  /** Of the raw record: by name, every value in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly expect: Expectation;
};

/** A rule as somebody wrote it, whether or not any field meets it. */
export type AuthoredRule = { readonly select: string; readonly action: string; readonly position: SourcePosition };

/** The tests of one policy. */
export type PolicyTestSuite = {
  readonly route: string;
  /** The test file, relative to the configuration folder. */
  readonly file: string;
  readonly tests: readonly PolicyTest[];
};
