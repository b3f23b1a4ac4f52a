/**
 * A record codec reads raw records of one route and writes sanitized ones. Two exist: JSON as bytes (core/apply/json)
 * and Avro (adapters/avro). Both are held to one contract suite.
 *
 * Use, per batch: `begin(values)`, then `decode` each record, then any number of `apply` calls on what was decoded. A
 * `Decoded` is valid until the next `begin`.
 */
import type { SubjectCipher } from '../data-key.ts';
import type { Variant } from '../decide/variant.ts';
import type { Poison } from '../outcome.ts';
import type { OutputPlan, RoutePlan } from '../policy/plan.ts';

/** What is read of a record to decide about it. */
export type Decoded = {
  /** The subject id as text; never logged, never published. */
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly eventTime: number;
  /** Region code found in the record, or null. */
  readonly region: string | null;
  /** Opaque to everyone but the codec. */
  readonly body: number | object;
  /** The plan that governs this record: for Avro it depends on the record's writer schema. */
  readonly plan: RoutePlan;
};

export type DecodeResult =
  | { readonly ok: true; readonly record: Decoded }
  | { readonly ok: false; readonly poison: Poison };

export type Sanitized = {
  readonly ok: true;
  /** The encoded output value; backed by memory that is not reused. */
  readonly value: Uint8Array;
  /** Text of the released key leaf where the output's key is a leaf; null otherwise or where it is absent. */
  readonly keyText: string | null;
  /** How many scalars (nulls too) were released; 0: nothing but an empty container is left. */
  readonly released: number;
};

export type ApplyResult = Sanitized | { readonly ok: false; readonly poison: Poison };

export type RecordCodec = {
  /**
   * Gets ready for a batch of raw values (null: tombstone). Avro: makes sure that every writer schema named by the
   * values is known. Throws only for infrastructure (an `UnavailableError` of the registry).
   */
  readonly begin: (values: readonly (Uint8Array | null)[]) => Promise<void>;
  /**
   * Reads one record. Problems come in this order: `too_large`, `undecodable` or `schema_unknown`, `subject_missing`,
   * `time_invalid`, `action_failed` (a container where a scalar is declared).
   *
   * @param timestamp Kafka timestamp, epoch milliseconds: the event time of a policy without `time`.
   * @param now epoch milliseconds: a declared time over 24 h ahead of it is `time_invalid`.
   */
  readonly decode: (value: Uint8Array, timestamp: number, now: number) => DecodeResult;
  /**
   * Writes what one output releases of a record.
   *
   * @param tally by leaf id: incremented for each occurrence of the leaf in the record, released or not.
   * @param cipher of the record's subject; where it is null or left out, what is to be encrypted is `action_failed`.
   */
  readonly apply: (
    record: Decoded,
    output: OutputPlan,
    variant: Variant,
    tally: Uint32Array,
    cipher?: SubjectCipher | null,
  ) => ApplyResult;
};

/** Bounds on raw records (DESIGN section 12). */
export type DecodeLimits = {
  /** Bytes of a raw value; above: `too_large`. */
  readonly maxBytes: number;
  /** Containers within containers; above: `undecodable`. */
  readonly maxDepth: number;
};

export const DEFAULT_DECODE_LIMITS: DecodeLimits = { maxBytes: 10 * 1024 * 1024, maxDepth: 512 };
