/**
 * An explanation: why each value of a record was released or not (DESIGN section 8, `lethe explain`). It holds values,
 * so it is for the person who asked and nobody else: never logged, never in an error.
 */
import type { ConsentDecision } from '../consent-event.ts';
import type { Effect } from '../decide/variant.ts';
import type { DeadLetterCode, WithheldReason } from '../outcome.ts';
import type { Action, Basis, Category, SourcePosition } from '../policy/plan.ts';
import type { Place } from './occurrences.ts';

/** A value as JSON text, to the letter; null: there is none. */
export type Literal = string | null;

/** One value before and after. `path` is where it stands in the record, keys of maps and indexes included. */
export type ShownValue = {
  readonly path: string;
  readonly before: Literal;
  readonly after: Literal;
  /** The value was published, but which one of an array's it is cannot be told any more. */
  readonly unclear?: true;
};

/** A list that was cut: `count` is how many there are. */
export type Capped<T> = { readonly count: number; readonly shown: readonly T[] };

export type RuleReference = { readonly select: string } & SourcePosition;

/** `withheld`: the whole output is. */
export type FieldEffect = Effect | 'withheld';

export type FieldExplanation = {
  /** As declared; a header is `headers.NAME`; a null where a container is declared: where it stands. */
  readonly path: string;
  /** Null: it is read to decide (subject, time, region) or is a container, and not declared as a value. */
  readonly category: Category | null;
  /** The rule that decides; null: none does, and the value is dropped. */
  readonly rule: RuleReference | null;
  readonly action: Action | null;
  readonly effect: FieldEffect;
  readonly why: string;
  readonly values: Capped<ShownValue>;
};

/** A consent event with its times in RFC 3339. It names no subject. */
export type ShownEvent = {
  readonly purpose: string;
  readonly decision: ConsentDecision;
  readonly at: string;
  readonly method: string | null;
  readonly notice: string | null;
  readonly source: string | null;
  readonly region: string | null;
  readonly recipients: readonly string[];
  readonly expires: string | null;
  /** Its place in the feed. */
  readonly version: number;
};

export type BasisExplanation = {
  readonly basis: Basis;
  readonly regime: string;
  readonly region: string | null;
  readonly regionFrom: 'record' | 'consent_event' | 'none';
  readonly why: string;
};

export type OutputExplanation = {
  readonly topic: string;
  readonly purpose: string;
  readonly recipient: string | null;
  readonly outcome: 'published' | 'withheld';
  /** Why withheld, why only part was published, or null. */
  readonly reason: WithheldReason | null;
  readonly why: string;
  /** What would have to change for (all of) it to be published; null where nothing is held back. */
  readonly change: string | null;
  /** Null for a tombstone: it asks for no consent. */
  readonly basis: BasisExplanation | null;
  /** The event that the decision rests on; null: none. */
  readonly consent: ShownEvent | null;
  readonly key: { readonly value: string | null; readonly why: string };
  readonly fields: readonly FieldExplanation[];
  readonly headers: readonly FieldExplanation[];
};

export type DeadLetterExplanation = {
  readonly code: DeadLetterCode;
  /** Declared path, or null. */
  readonly path: string | null;
  readonly why: string;
  /** What to do. */
  readonly fix: string;
  /** What stands at the path. */
  readonly values: Capped<{ readonly path: string; readonly before: Literal; readonly kind: Place['kind'] }>;
  /** The outputs that would have published the value at the path, and the rules they would have applied. */
  readonly outputs: readonly { readonly topic: string; readonly rule: RuleReference | null; readonly action: Action }[];
};

export type RecordExplanation = {
  readonly route: string;
  /** The raw topic. */
  readonly topic: string;
  readonly outcome: 'decided' | 'dead_lettered';
  /** The moment it is judged at. */
  readonly now: string;
  /** Null where it was not read. */
  readonly eventTime: string | null;
  /** Where it comes from: the record itself, or Kafka's timestamp where the policy has no `time`. */
  readonly eventTimeFrom: 'record' | 'timestamp' | null;
  /** Region code found in the record. */
  readonly region: string | null;
  readonly tombstone: boolean;
  readonly deadLetter: DeadLetterExplanation | null;
  readonly outputs: readonly OutputExplanation[];
  /** What no path of the policy names: it never leaves. */
  readonly undeclared: Capped<Place>;
  /** Names of the record's headers that are not declared: they never leave. */
  readonly undeclaredHeaders: readonly string[];
  /** The raw record's key: it never leaves as it is. */
  readonly rawKey: Literal;
};
