/** One decision as `lethe tap` tells it. The JSON of a line is version 1 of this. */
import type { FieldEffect } from '../audit/segment.ts';
import { sourceOf } from '../dead-letter.ts';
import { isCorrection, replayedTopic } from '../dead-letter-replay.ts';
import type { Hit, Outcome } from './selection.ts';

export type TapDecision = {
  /** When it was decided, epoch milliseconds. */
  readonly decidedAt: number;
  /** The raw record; for a correction, the request on `lethe.requests` that asked for it. */
  readonly source: string;
  readonly by: 'worker' | 'replay' | 'correction';
  /** Digest of the bundle. */
  readonly bundle: string;
  /** Topic; null for a dead letter. */
  readonly output: string | null;
  readonly outcome: Outcome;
  /** Why withheld, why only part was published, or the code of a dead letter. */
  readonly reason: string | null;
  /** Where in a dead letter it went wrong: a declared path. */
  readonly path: string | null;
  /** What was done to each declared path of what was published. */
  readonly forms: readonly FieldEffect[];
};

/** In the order of the outputs. */
export function decisionsOf({ segment, offset, shape, outputs }: Hit): readonly TapDecision[] {
  const { topic, partition, decidedAt, bundle } = segment;
  const by = isCorrection(topic) ? 'correction' : replayedTopic(topic) !== null ? 'replay' : 'worker';
  // What segments of corrections count are the requests, whose coordinates they are.
  const chain = by === 'correction' ? (topic.split('/')[0] ?? topic) : (replayedTopic(topic) ?? topic);
  const about = { decidedAt, source: sourceOf(chain, partition, offset), by, bundle } as const;
  if (shape.deadLetter !== null) {
    const { code, path } = shape.deadLetter;
    return [{ ...about, output: null, outcome: 'dead_lettered', reason: code, path, forms: [] }];
  }
  return outputs.flatMap((index): readonly TapDecision[] => {
    const one = shape.outputs[index];
    if (one === undefined) return [];
    const forms = one.treatment === null ? [] : (segment.treatments[one.treatment] ?? []);
    const { outcome, reason } = one;
    return [{ ...about, output: segment.outputs[index] ?? null, outcome, reason, path: null, forms }];
  });
}
