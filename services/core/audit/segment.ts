import type { Effect } from '../decide/variant.ts';
import type { DeadLetterCode, WithheldReason } from '../outcome.ts';
import type { ShadowVerdict } from '../shadow/divergence.ts';

/** What was done to one declared field or header (`headers.NAME`). */
export type FieldEffect = { readonly path: string; readonly effect: Effect };

export type OutputShape = {
  readonly outcome: 'published' | 'withheld';
  /** Why withheld, why only part was published, or null. */
  readonly reason: WithheldReason | null;
  /** Index in `AuditSegment.treatments`; null where withheld, and for a tombstone. */
  readonly treatment: number | null;
};

/** One way a record can come out: at all, or for each output. */
export type DecisionShape = {
  readonly deadLetter: { readonly code: DeadLetterCode; readonly path: string | null } | null;
  /** By index of `AuditSegment.outputs`; empty for a dead letter. */
  readonly outputs: readonly OutputShape[];
};

/** `skip` offsets that hold no record for Lethe (compacted away, transaction markers), then `count` of one shape. */
export type Run = { readonly skip: number; readonly count: number; readonly shape: number };

/** What became of each raw record of one batch (DESIGN section 7; schemas/audit/segment.avsc). Holds no value. */
export type SegmentContent = {
  readonly topic: string;
  readonly partition: number;
  /** The first and last raw offset that the segment answers for. */
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Digest of the bundle. */
  readonly bundle: string;
  /** How far the consent view had been brought, as text; null where nobody says. */
  readonly watermark: string | null;
  /** Epoch milliseconds. */
  readonly decidedAt: number;
  /** Topics of the route's outputs, in the plan's order. */
  readonly outputs: readonly string[];
  readonly treatments: readonly (readonly FieldEffect[])[];
  readonly shapes: readonly DecisionShape[];
  readonly records: readonly Run[];
  /** Absent where no candidate bundle was in shadow. */
  readonly shadow?: ShadowVerdict;
  /** Hash of the partition's previous segment, or `GENESIS`. */
  readonly previous: string;
};

export type AuditSegment = SegmentContent & {
  /** Lower-case hex of 32 bytes. */
  readonly hash: string;
};

/** What the first segment of a partition names as its previous one. */
export const GENESIS = '0'.repeat(64);

/** SHA-256 of a text's UTF-8 as lower-case hex. */
export type HashText = (text: string) => string;

/**
 * The text that a segment's hash is taken over: JSON without white space, every field but `hash`, in the order of
 * schemas/audit/segment.avsc. Whatever a segment was read from (Avro, a JSON export), its text is the same. Without a
 * shadow there is no `shadow` in it: segments written before there was one still verify.
 */
export function canonicalText(segment: SegmentContent): string {
  return JSON.stringify(inOrder(segment));
}

/** A segment as one line of JSON: its canonical text with the hash at the end. */
export function segmentLine(segment: AuditSegment): string {
  return JSON.stringify({ ...inOrder(segment), hash: segment.hash });
}

/** The hash that a segment ought to carry; another one means that it was altered. */
export function recomputeHash(segment: SegmentContent, hash: HashText): string {
  return hash(canonicalText(segment));
}

function inOrder(segment: SegmentContent): SegmentContent {
  return {
    topic: segment.topic,
    partition: segment.partition,
    firstOffset: segment.firstOffset,
    lastOffset: segment.lastOffset,
    bundle: segment.bundle,
    watermark: segment.watermark,
    decidedAt: segment.decidedAt,
    outputs: segment.outputs,
    treatments: segment.treatments.map((fields) => fields.map(({ path, effect }) => ({ path, effect }))),
    shapes: segment.shapes.map(({ deadLetter, outputs }) => ({
      deadLetter: deadLetter === null ? null : { code: deadLetter.code, path: deadLetter.path },
      outputs: outputs.map(({ outcome, reason, treatment }) => ({ outcome, reason, treatment })),
    })),
    records: segment.records.map(({ skip, count, shape }) => ({ skip, count, shape })),
    ...shadowOf(segment),
    previous: segment.previous,
  };
}

/** A foreign export may say null for what is absent. */
function shadowOf({ shadow }: { readonly shadow?: ShadowVerdict | null }): Pick<SegmentContent, 'shadow'> {
  if (shadow === undefined || shadow === null) return {};
  const divergence = shadow.divergence.map(({ output, kind, count }) => ({ output, kind, count }));
  return { shadow: { bundle: shadow.bundle, divergence } };
}

/**
 * The shape of the decision about one offset; null where the segment answers for the offset but there was no record, or
 * where it does not answer for it.
 */
export function shapeAt(segment: SegmentContent, offset: number): DecisionShape | null {
  let next = segment.firstOffset;
  for (const { skip, count, shape } of segment.records) {
    next += skip;
    if (offset < next) return null;
    next += count;
    if (offset < next) return segment.shapes[shape] ?? null;
  }
  return null;
}
