/**
 * Holds what a candidate bundle makes of each record of a batch against what the active one makes of it. The candidate's
 * decision is looked at and forgotten: what stays of it are marks.
 */
import type { PublishedHeader } from '../apply/headers.ts';
import type { Decided, OutputDecision, PublishedOutput, RecordDecision } from '../engine.ts';
import { type Divergence, DIVERGENCE_KINDS, type DivergenceKind } from './divergence.ts';

export type ComparisonOptions = {
  /** Topics of the active route's outputs, in its plan's order. */
  readonly active: readonly string[];
  /** Topics of the candidate's for the same raw topic; empty where it has no route for it. */
  readonly candidate: readonly string[];
  /** How many records the batch has. */
  readonly records: number;
};

export type Comparison = {
  /**
   * @param index of the record in its batch, which was not looked at before.
   * @param then the candidate's decision; null where it has no route, and so would make nothing of any record.
   */
  readonly compare: (index: number, now: RecordDecision, then: RecordDecision | null) => void;
  /** The candidate could not be asked about the batch; what was found out is forgotten. */
  readonly fail: () => void;
  /** What the records from `from` up to `to` (without it) come to: by output, then kind. */
  readonly between: (from: number, to: number) => readonly Divergence[];
};

const BIT = Object.fromEntries(DIVERGENCE_KINDS.map((kind, i) => [kind, 1 << i])) as Readonly<
  Record<DivergenceKind, number>
>;

export function makeComparison({ active, candidate, records }: ComparisonOptions): Comparison {
  const topics = [...new Set([...active, ...candidate])];
  const width = topics.length;
  /** By topic: the output's index in either plan, or −1. */
  const places = topics.map((topic) => ({ nowAt: active.indexOf(topic), thenAt: candidate.indexOf(topic) }));
  /** A set of kinds for each record and topic. */
  const marks = new Uint16Array(records * width);

  return {
    compare(index, now, then) {
      for (let at = 0; at < width; at++) {
        const { nowAt, thenAt } = places[at]!;
        marks[index * width + at] =
          nowAt < 0 ? added(then, thenAt) : thenAt < 0 ? removed(now, nowAt) : changed(now, nowAt, then, thenAt);
      }
    },
    fail() {
      marks.fill(0);
      for (let index = 0; index < records; index++) {
        for (let at = 0; at < active.length; at++) marks[index * width + at] = BIT.failed;
      }
    },
    between(from, to) {
      const found: Divergence[] = [];
      for (let at = 0; at < width; at++) {
        const counts = DIVERGENCE_KINDS.map(() => 0);
        for (let index = from; index < to; index++) {
          for (let set = marks[index * width + at]!; set !== 0; set &= set - 1) counts[31 - Math.clz32(set & -set)]!++;
        }
        counts.forEach((count, kind) => {
          if (count > 0) found.push({ output: topics[at]!, kind: DIVERGENCE_KINDS[kind]!, count });
        });
      }
      return found;
    },
  };
}

function added(then: RecordDecision | null, at: number): number {
  return then?.kind === 'decided' && then.outputs[at]?.kind === 'published' ? BIT.output_added : 0;
}

function removed(now: RecordDecision, at: number): number {
  return now.kind === 'decided' && now.outputs[at]?.kind === 'published' ? BIT.output_removed : 0;
}

function changed(now: RecordDecision, nowAt: number, then: RecordDecision | null, thenAt: number): number {
  if (then === null) return 0;
  if (now.kind === 'dead_lettered') {
    if (then.kind === 'dead_lettered') return now.poison.code === then.poison.code ? 0 : BIT.reason_changed;
    // Whatever is released beyond today shows under one kind, where it comes from a dead letter too.
    const published = outputOf(then, thenAt).kind === 'published';
    return BIT.no_longer_dead_lettered | (published ? BIT.newly_published : 0);
  }
  if (then.kind === 'dead_lettered') return BIT.newly_dead_lettered;
  const [one, other] = [outputOf(now, nowAt), outputOf(then, thenAt)];
  if (one.kind === 'withheld') {
    if (other.kind === 'published') return BIT.newly_published;
    return one.reason === other.reason ? 0 : BIT.reason_changed;
  }
  if (other.kind === 'withheld') return BIT.newly_withheld;
  return publishedOtherwise(one, other);
}

function outputOf({ outputs }: Decided, at: number): OutputDecision {
  return outputs[at]!;
}

function publishedOtherwise(one: PublishedOutput, other: PublishedOutput): number {
  return (
    (one.reason === other.reason ? 0 : BIT.reason_changed) |
    (sameBytes(one.value, other.value) ? 0 : BIT.value_changed) |
    (one.key === other.key ? 0 : BIT.key_changed) |
    (sameHeaders(one.headers, other.headers) ? 0 : BIT.headers_changed)
  );
}

function sameBytes(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other;
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/** Names are declared once each; their order is that of the policy and says nothing. */
function sameHeaders(some: readonly PublishedHeader[], others: readonly PublishedHeader[]): boolean {
  if (some.length !== others.length) return false;
  return some.every(({ name, values }) => {
    const other = others.find((one) => one.name === name);
    return other?.values.length === values.length && values.every((value, i) => sameBytes(value, other.values[i]!));
  });
}
