/** What a segment must be like besides carrying the right hash, and segments out of JSON lines. */
import { DEAD_LETTER_CODES, WITHHELD_REASONS } from '../outcome.ts';
import { type AuditSegment, canonicalText, type DecisionShape, type SegmentContent } from './segment.ts';

/**
 * Says where a segment contradicts itself: offsets and runs that do not add up, an index that leads nowhere, an outcome
 * without a reason. Null where all is well. Holds numbers alone.
 */
export function contentProblem(segment: SegmentContent): string | null {
  const { partition, firstOffset, lastOffset, outputs, treatments, shapes, records } = segment;
  if (!isCount(partition) || !isCount(firstOffset) || !isCount(lastOffset))
    return 'a partition or offset is no number from 0';
  if (lastOffset < firstOffset) return `its last offset ${lastOffset} lies before its first, ${firstOffset}`;
  for (const [index, shape] of shapes.entries()) {
    const problem = shapeProblem(shape, outputs.length, treatments.length);
    if (problem !== null) return `shape ${index} ${problem}`;
  }
  let next = firstOffset;
  for (let index = 0; index < records.length; index++) {
    const { skip, count, shape } = records[index]!;
    if (!isCount(skip) || !isCount(count) || count === 0) return `run ${index} has no count`;
    if (!isCount(shape) || shape >= shapes.length) return `run ${index} names a shape that is not there`;
    next += skip + count;
  }
  if (next > lastOffset + 1) return `its runs end at offset ${next - 1}, beyond its last, ${lastOffset}`;
  return null;
}

function shapeProblem(
  { deadLetter, outputs }: DecisionShape,
  outputCount: number,
  treatmentCount: number,
): string | null {
  if (deadLetter !== null) {
    if (!DEAD_LETTER_CODES.includes(deadLetter.code)) return 'has an unknown dead-letter code';
    return outputs.length === 0 ? null : 'is a dead letter and has outputs';
  }
  if (outputs.length !== outputCount) return `decides about ${outputs.length} outputs of ${outputCount}`;
  for (const { outcome, reason, treatment } of outputs) {
    if (outcome !== 'published' && outcome !== 'withheld') return 'has an unknown outcome';
    if (reason !== null && !WITHHELD_REASONS.includes(reason)) return 'has an unknown reason';
    if (treatment !== null && (!isCount(treatment) || treatment >= treatmentCount)) {
      return 'names a treatment that is not there';
    }
    if (outcome === 'withheld' && (reason === null || treatment !== null))
      return 'withholds without a reason, or treats';
    // A tombstone is all that is published without a treatment.
    if (outcome === 'published' && treatment === null && reason !== 'tombstone') return 'publishes without a treatment';
  }
  return null;
}

export type SegmentLine = {
  readonly segment: AuditSegment;
  /** Its canonical text, which then need not be made again. */
  readonly text: string;
  /**
   * The line is what `segmentLine` writes, to the letter. Else there is something in it that no hash covers: white space,
   * another order, an unknown or repeated member.
   */
  readonly exact: boolean;
};

/** Reads a line of an exported audit; null where it is no segment. */
export function parseSegmentLine(line: string): SegmentLine | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isSegment(value)) return null;
  const text = canonicalText(value);
  return { segment: value, text, exact: `${text.slice(0, -1)},"hash":${JSON.stringify(value.hash)}}` === line };
}

/** Members and their types, as far as anything here relies on them; what is beyond is held against the text. */
function isSegment(value: unknown): value is AuditSegment {
  if (!isObject(value)) return false;
  const { topic, bundle, watermark, decidedAt, outputs, treatments, shapes, records, previous, hash } = value;
  return (
    typeof topic === 'string' &&
    typeof bundle === 'string' &&
    (watermark === null || typeof watermark === 'string') &&
    typeof value['partition'] === 'number' &&
    typeof value['firstOffset'] === 'number' &&
    typeof value['lastOffset'] === 'number' &&
    typeof decidedAt === 'number' &&
    isHash(previous) &&
    isHash(hash) &&
    isListOf(outputs, (output) => typeof output === 'string') &&
    isListOf(treatments, (fields) => isListOf(fields, isObject)) &&
    isListOf(shapes, isShape) &&
    isListOf(records, isRun) &&
    (value['shadow'] === undefined || value['shadow'] === null || isShadow(value['shadow']))
  );
}

function isShape(value: unknown): boolean {
  if (!isObject(value)) return false;
  return (value['deadLetter'] === null || isObject(value['deadLetter'])) && isListOf(value['outputs'], isObject);
}

function isRun(value: unknown): boolean {
  if (!isObject(value)) return false;
  return typeof value['skip'] === 'number' && typeof value['count'] === 'number' && typeof value['shape'] === 'number';
}

function isShadow(value: unknown): boolean {
  return isObject(value) && isListOf(value['divergence'], isObject);
}

function isListOf(value: unknown, holds: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(holds);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
