/** What became of every record, as the audit topic tells it. */
import type { Kafka } from 'kafkajs';
import { makeSegmentCodec } from '../../services/adapters/avro-single-object/audit-segments.ts';
import { type AuditSegment, shapeAt } from '../../services/core/audit/segment.ts';
import { readAll } from './topics.ts';

export async function readAudit(kafka: Kafka): Promise<AuditSegment[]> {
  const codec = makeSegmentCodec();
  const segments: AuditSegment[] = [];
  await readAll(kafka, ['lethe.audit'], ({ value }) => {
    const result = codec.decode(value ?? Buffer.alloc(0));
    if (!result.ok) throw new Error(`an audit segment cannot be read: ${result.problem}`);
    segments.push(result.value);
  });
  return segments;
}

/** One kind of decision, with how often it was made and a record that it was made about. */
export type Outcome = {
  /** The output's topic; empty for dead letters, which have no output. */
  readonly output: string;
  readonly outcome: 'published' | 'withheld' | 'dead letter';
  readonly reason: string;
  count: number;
  /** `topic/partition/offset`. */
  readonly example: string;
};

/**
 * Counts decisions by output (in the order given), outcome and reason; published ones with something held back are told
 * apart.
 */
export function countOutcomes(
  segments: readonly AuditSegment[],
  outputs: readonly string[],
): { records: number; outcomes: Outcome[] } {
  const outcomes = new Map<string, Outcome>();
  let records = 0;
  const add = (output: string, outcome: Outcome['outcome'], reason: string, example: string): void => {
    const key = `${output} ${outcome} ${reason}`;
    const known = outcomes.get(key);
    if (known === undefined) outcomes.set(key, { output, outcome, reason, count: 1, example });
    else known.count++;
  };
  for (const segment of segments) {
    for (let offset = segment.firstOffset; offset <= segment.lastOffset; offset++) {
      const shape = shapeAt(segment, offset);
      if (shape === null) continue;
      records++;
      const source = `${segment.topic}/${segment.partition}/${offset}`;
      if (shape.deadLetter !== null) {
        add('', 'dead letter', shape.deadLetter.code, source);
        continue;
      }
      shape.outputs.forEach(({ outcome, reason }, index) => {
        add(segment.outputs[index] ?? '', outcome, reason ?? '', source);
      });
    }
  }
  return { records, outcomes: [...outcomes.values()].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)) };

  function sortKey({ output, outcome, reason }: Outcome): string {
    return `${output === '' ? outputs.length : outputs.indexOf(output)} ${outcome} ${reason}`;
  }
}
