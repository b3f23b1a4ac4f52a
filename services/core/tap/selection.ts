/** Which decisions of a segment `lethe tap` shows. */
import type { AuditSegment, DecisionShape } from '../audit/segment.ts';
import { replayedTopic } from '../dead-letter-replay.ts';
import type { DeadLetterCode, WithheldReason } from '../outcome.ts';

export type Outcome = 'published' | 'withheld' | 'dead_lettered';

/** Null: any. */
export type Selection = {
  /** Raw topic. */
  readonly topic: string;
  /** Output topic. Dead letters have none. */
  readonly output: string | null;
  readonly outcome: Outcome | null;
  readonly reason: WithheldReason | DeadLetterCode | null;
};

/** A record of which something is to be shown. */
export type Hit = {
  readonly segment: AuditSegment;
  readonly offset: number;
  readonly shape: DecisionShape;
  /** Indexes of outputs that are selected; empty for a dead letter. */
  readonly outputs: readonly number[];
};

/**
 * The records of a segment of which something is selected, ascending. What is not selected costs nothing, however many
 * records it is.
 *
 * @param segment one without a `contentProblem`.
 */
export function* hitsOf(segment: AuditSegment, selection: Selection): Generator<Hit> {
  if ((replayedTopic(segment.topic) ?? segment.topic) !== selection.topic) return;
  const selected = segment.shapes.map((shape) => outputsOf(segment, shape, selection));
  if (selected.every((outputs) => outputs === null)) return;
  let next = segment.firstOffset;
  for (const run of segment.records) {
    next += run.skip;
    const outputs = selected[run.shape] ?? null;
    const shape = segment.shapes[run.shape];
    for (const end = next + run.count; outputs !== null && shape !== undefined && next < end; next++) {
      yield { segment, offset: next, shape, outputs };
    }
    if (outputs === null) next += run.count;
  }
}

/** Null: nothing of a record of this shape. */
function outputsOf(
  { outputs: topics }: AuditSegment,
  { deadLetter, outputs }: DecisionShape,
  { output, outcome, reason }: Selection,
): readonly number[] | null {
  if (deadLetter !== null) {
    const fits =
      output === null &&
      (outcome === null || outcome === 'dead_lettered') &&
      (reason === null || reason === deadLetter.code);
    return fits ? [] : null;
  }
  const fitting = outputs.flatMap((one, index) =>
    (output === null || topics[index] === output) &&
    (outcome === null || one.outcome === outcome) &&
    (reason === null || one.reason === reason)
      ? [index]
      : [],
  );
  return fitting.length === 0 ? null : fitting;
}
