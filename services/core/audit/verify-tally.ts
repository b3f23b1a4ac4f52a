/** What the verified segments of a partition say became of its records: counts by output, reason and code. */
import type { AuditSegment } from './segment.ts';

export type OutputCounts = { published: number; readonly withheld: Record<string, number> };

export type Tally = {
  records: number;
  /** By topic of the output. */
  readonly outputs: Record<string, OutputCounts>;
  readonly deadLetters: Record<string, number>;
};

export function makeTally(): Tally {
  return { records: 0, outputs: named(), deadLetters: named() };
}

/** Counts a segment that is consistent (`contentProblem`). */
export function tallySegment(tally: Tally, segment: AuditSegment): number {
  const counts = new Float64Array(segment.shapes.length);
  let records = 0;
  for (const { count, shape } of segment.records) {
    counts[shape]! += count;
    records += count;
  }
  tally.records += records;
  for (const topic of segment.outputs) tally.outputs[topic] ??= { published: 0, withheld: named() };
  segment.shapes.forEach(({ deadLetter, outputs }, shape) => {
    const count = counts[shape]!;
    if (count === 0) return;
    if (deadLetter !== null) add(tally.deadLetters, deadLetter.code, count);
    outputs.forEach(({ outcome, reason }, index) => {
      const output = tally.outputs[segment.outputs[index]!]!;
      if (outcome === 'published') output.published += count;
      else add(output.withheld, reason ?? 'unknown', count);
    });
  });
  return records;
}

function add(counts: Record<string, number>, name: string, count: number): void {
  counts[name] = (counts[name] ?? 0) + count;
}

/** Without a prototype: topics may have any name. */
function named<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}
