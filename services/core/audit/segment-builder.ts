import type { Variant } from '../decide/variant.ts';
import type { Decided, OutputDecision, RecordDecision } from '../engine.ts';
import { LetheError } from '../errors.ts';
import { type Poison, WITHHELD_REASONS, type WithheldReason } from '../outcome.ts';
import type { RoutePlan } from '../policy/plan.ts';
import type { ShadowVerdict } from '../shadow/divergence.ts';
import {
  type AuditSegment,
  type DecisionShape,
  type FieldEffect,
  type HashText,
  type OutputShape,
  recomputeHash,
  type Run,
} from './segment.ts';

export type SegmentHead = {
  readonly topic: string;
  readonly partition: number;
  /** Digest of the bundle. */
  readonly bundle: string;
  /** How far the consent view had been brought, as text, or null. */
  readonly watermark: string | null;
  /** Epoch milliseconds. */
  readonly decidedAt: number;
  /** Topics of the route's outputs, in the plan's order. */
  readonly outputs: readonly string[];
  /** Hash of the partition's previous segment, or `GENESIS`. */
  readonly previous: string;
  /** The first offset to answer for; by default that of the first record. */
  readonly firstOffset?: number;
};

export type SegmentBuilder = {
  /** Takes one record's decision. Offsets must ascend. Cheap where the decision is like one seen before. */
  readonly add: (offset: number, decision: RecordDecision) => void;
  /**
   * Closes the segment; nothing may be added after.
   *
   * @param hash SHA-256 as lower-case hex.
   * @param lastOffset the last offset to answer for; by default that of the last record.
   * @param shadow what a candidate would have come to for these records; null where there is none.
   */
  readonly finish: (hash: HashText, lastOffset?: number, shadow?: ShadowVerdict | null) => AuditSegment;
};

/** Where a row of decisions leads: the shape it makes, if any record made it yet, and where it may go on. */
type Place = { shape: number; readonly next: (Place | undefined)[] };

const REASON_CODE = Object.fromEntries(WITHHELD_REASONS.map((reason, i) => [reason, i])) as Readonly<
  Record<WithheldReason, number>
>;
const CODES = WITHHELD_REASONS.length + 1;

/**
 * Builds the audit segment of one batch (DESIGN section 7). Distinct shapes are stored once, and neighbours of one shape
 * as a run, so a batch of like records comes to a few hundred bytes however long it is.
 */
export function makeSegmentBuilder(head: SegmentHead): SegmentBuilder {
  const treatments = makeInterner<readonly FieldEffect[]>();
  const shapes = makeInterner<DecisionShape>();
  const treatmentOf = new Map<Variant, number>();
  const poisonOf = new Map<string, number>();
  const known: Place = { shape: -1, next: [] };
  const runs: Run[] = [];
  let first = head.firstOffset;
  let next = head.firstOffset ?? 0;
  let run = { skip: 0, count: 0, shape: -1 };

  return {
    add(offset, decision) {
      first ??= next = offset;
      const skip = offset - next;
      if (!Number.isSafeInteger(offset) || skip < 0) throw new LetheError('bug', 'audited offsets do not ascend');
      const shape = decision.kind === 'decided' ? decided(decision) : deadLetter(decision.poison);
      if (skip === 0 && shape === run.shape) {
        run.count++;
      } else {
        if (run.count > 0) runs.push(run);
        run = { skip, count: 1, shape };
      }
      next = offset + 1;
    },
    finish(hash, lastOffset, shadow = null) {
      if (run.count > 0) runs.push(run);
      const last = lastOffset ?? next - 1;
      if (first === undefined || last < next - 1 || last < first) {
        throw new LetheError('bug', 'an audit segment does not answer for its own records');
      }
      const { topic, partition, bundle, watermark, decidedAt, outputs, previous } = head;
      const content = {
        ...{ topic, partition, firstOffset: first, lastOffset: last, bundle, watermark, decidedAt, outputs },
        ...{
          treatments: treatments.all,
          shapes: shapes.all,
          records: runs,
          ...(shadow === null ? {} : { shadow }),
          previous,
        },
      };
      return { ...content, hash: recomputeHash(content, hash) };
    },
  };

  function deadLetter({ code, path }: Poison): number {
    const key = `${code} ${path ?? ''}`;
    let shape = poisonOf.get(key);
    if (shape === undefined) {
      const named = path === null ? null : path.toWellFormed();
      poisonOf.set(key, (shape = shapes.intern({ deadLetter: { code, path: named }, outputs: [] })));
    }
    return shape;
  }

  /** Follows one branch an output, so that a record like an earlier one costs a few steps and builds nothing. */
  function decided({ plan, outputs }: Decided): number {
    let place = known;
    for (const output of outputs) {
      const reason = output.reason === null ? WITHHELD_REASONS.length : REASON_CODE[output.reason];
      const treated = output.kind === 'withheld' ? 0 : 1 + treatment(plan, output.variant);
      place = place.next[treated * CODES + reason] ??= { shape: -1, next: [] };
    }
    if (place.shape < 0) place.shape = newShape(plan, outputs);
    return place.shape;
  }

  function newShape(plan: RoutePlan, outputs: readonly OutputDecision[]): number {
    checkOutputs(plan, outputs.length);
    return shapes.intern({
      deadLetter: null,
      outputs: outputs.map((output): OutputShape => {
        const treated = output.kind === 'withheld' ? 0 : treatment(plan, output.variant);
        return { outcome: output.kind, reason: output.reason, treatment: treated === 0 ? null : treated - 1 };
      }),
    });
  }

  /** 1 + the index of the treatment; 0 for a tombstone, which has none. */
  function treatment(plan: RoutePlan, variant: Variant | null): number {
    if (variant === null) return 0;
    let index = treatmentOf.get(variant);
    if (index === undefined) treatmentOf.set(variant, (index = treatments.intern(fieldsOf(plan, variant))));
    return index + 1;
  }

  function checkOutputs(plan: RoutePlan, decisions: number): void {
    const same = decisions === head.outputs.length && plan.outputs.every(({ topic }, i) => topic === head.outputs[i]);
    if (!same) throw new LetheError('bug', `outputs decided about are not those of the segment: ${plan.name}`);
  }
}

/** Declared fields and headers alone: a path that is only read is never released and says nothing. */
function fieldsOf(plan: RoutePlan, variant: Variant): FieldEffect[] {
  const fields: FieldEffect[] = [];
  for (const leaf of plan.leaves) {
    if (leaf.category === null) continue;
    // Half a surrogate pair would come back as another character from Avro, and the hash would no longer fit.
    fields.push({ path: leaf.path.toWellFormed(), effect: variant.effects[leaf.id] ?? 'drop' });
  }
  plan.headers.forEach(({ name }, i) => {
    fields.push({ path: `headers.${name.toWellFormed()}`, effect: variant.headerEffects[i] ?? 'drop' });
  });
  return fields;
}

/** Gives equal things equal numbers, from 0. */
function makeInterner<T>(): { readonly all: readonly T[]; readonly intern: (thing: T) => number } {
  const all: T[] = [];
  const known = new Map<string, number>();
  return {
    all,
    intern(thing) {
      const text = JSON.stringify(thing);
      let index = known.get(text);
      if (index === undefined) {
        index = all.push(thing) - 1;
        known.set(text, index);
      }
      return index;
    },
  };
}
