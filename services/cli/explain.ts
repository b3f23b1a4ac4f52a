/** `lethe explain`: records of a file, or one of Kafka, explained one after another. */
import type { AuditSegment } from '../core/audit/segment.ts';
import type { AuditComparison } from '../core/explain/compare-audit.ts';
import type { RecordExplanation } from '../core/explain/explanation.ts';
import { rawLines } from './byte-lines.ts';

/** An explanation, and what it was made from. */
export type ShownExplanation = {
  /** `topic/partition/offset`, or null: the record comes from a file. */
  readonly source: string | null;
  /** Line of the input, from 1; null: it comes from Kafka, or is the whole input. */
  readonly line: number | null;
  readonly bundle: { readonly digest: string; readonly from: 'folder' | 'audit' | 'active' };
  readonly consentsFrom: 'file' | 'view' | 'nobody';
  readonly nowFrom: 'option' | 'audit' | 'present';
  readonly explanation: RecordExplanation;
  /** Null where there is nothing to compare with. */
  readonly audited: Audited | null;
};

export type Audited = {
  /** Null: nobody has decided about the record yet. */
  readonly segment: AuditSegment | null;
  /** How often it was decided about; the latest counts. */
  readonly decisions: number;
  readonly comparison: AuditComparison | null;
};

export type InputRecord = {
  /** Null: the whole input is one record. */
  readonly line: number | null;
  /** Null: longer than a record may be. */
  readonly bytes: Uint8Array | null;
};

/**
 * The records of an input: one JSON object a line, or a single one that spans lines (as `jq` prints it). Blank lines are
 * skipped but count. Memory does not grow with the number of lines.
 *
 * @param maxBytes the longest record.
 */
export async function* inputRecords(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<InputRecord> {
  let first = true;
  /** Lines from the first on, while it may yet be that together they are one record. */
  let held: InputRecord[] = [];
  let size = 0;
  for await (const { number, bytes } of rawLines(chunks, maxBytes + 1)) {
    if (bytes !== null && isBlank(bytes)) continue;
    const record = { line: number, bytes: bytes?.slice() ?? null };
    if (first && !isJson(record.bytes)) held = [record];
    else if (held.length > 0) held.push(record);
    else yield record;
    first = false;
    size += bytes?.length ?? maxBytes;
    if (held.length > 0 && size > maxBytes) {
      yield* held;
      held = [];
    }
  }
  const whole = held.length > 1 ? joined(held) : null;
  if (whole !== null && isJson(whole)) yield { line: null, bytes: whole };
  else yield* held;
}

function joined(lines: readonly InputRecord[]): Uint8Array | null {
  const parts = lines.map(({ bytes }) => bytes);
  return parts.some((part) => part === null)
    ? null
    : Buffer.concat(parts.flatMap((part) => [part!, Buffer.from('\n')]));
}

function isJson(bytes: Uint8Array | null): boolean {
  if (bytes === null) return false;
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/** JSON's white space alone. */
function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}
