/** The audit trail as an outsider reads it: chain, hashes, and what became of each raw offset. */
import { createHash } from 'node:crypto';
import { makeSegmentCodec } from '../../services/adapters/avro-single-object/audit-segments.ts';
import { type AuditSegment, type DecisionShape, GENESIS, recomputeHash } from '../../services/core/audit/segment.ts';
import { topicHolds } from './kcat.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** All segments about a raw topic, in the order in which they were written. */
export async function segmentsOf(brokers: string, rawTopic: string): Promise<AuditSegment[]> {
  const codec = makeSegmentCodec();
  const segments: AuditSegment[] = [];
  for (const { value } of await topicHolds(brokers, 'lethe.audit')) {
    const read = codec.decode(value ?? Buffer.alloc(0));
    if (!read.ok) throw new Error(`an audit segment cannot be read: ${read.problem}`);
    if (read.value.topic === rawTopic) segments.push(read.value);
  }
  return segments;
}

export type Trail = {
  /** By `topic/partition/offset`; each raw record once. */
  readonly decisions: ReadonlyMap<string, { readonly shape: DecisionShape; readonly outputs: readonly string[] }>;
  /** What is wrong with the chains; empty where nothing is. */
  readonly faults: readonly string[];
};

/** Walks the chain of each partition: links, hashes, no gap, no overlap, no record decided twice. */
export function walk(segments: readonly AuditSegment[]): Trail {
  const heads = new Map<number, { hash: string; next: number }>();
  const decisions = new Map<string, { shape: DecisionShape; outputs: readonly string[] }>();
  const faults: string[] = [];
  for (const segment of segments) {
    const name = `${segment.topic}/${segment.partition}/${segment.firstOffset}`;
    const head = heads.get(segment.partition) ?? { hash: GENESIS, next: 0 };
    if (segment.previous !== head.hash) faults.push(`${name}: its predecessor is not the one before`);
    if (segment.firstOffset !== head.next) faults.push(`${name}: begins after ${head.next}`);
    if (recomputeHash(segment, sha256) !== segment.hash) faults.push(`${name}: another hash than it carries`);
    let offset = segment.firstOffset;
    for (const { skip, count, shape } of segment.records) {
      offset += skip;
      for (let one = 0; one < count; one++, offset++) {
        const source = `${segment.topic}/${segment.partition}/${offset}`;
        if (decisions.has(source)) faults.push(`${source}: decided about twice`);
        const found = segment.shapes[shape];
        if (found === undefined) faults.push(`${source}: no shape`);
        else decisions.set(source, { shape: found, outputs: segment.outputs });
      }
    }
    if (offset > segment.lastOffset + 1) faults.push(`${name}: more records than offsets`);
    heads.set(segment.partition, { hash: segment.hash, next: segment.lastOffset + 1 });
  }
  return { decisions, faults };
}

/** The sources that the trail says were published to an output, withheld from it, or dead-lettered. */
export function fates(
  trail: Trail,
  output: string,
): { published: Set<string>; withheld: Set<string>; dead: Set<string> } {
  const published = new Set<string>();
  const withheld = new Set<string>();
  const dead = new Set<string>();
  for (const [source, { shape, outputs }] of trail.decisions) {
    if (shape.deadLetter !== null) dead.add(source);
    else (shape.outputs[outputs.indexOf(output)]?.outcome === 'published' ? published : withheld).add(source);
  }
  return { published, withheld, dead };
}
