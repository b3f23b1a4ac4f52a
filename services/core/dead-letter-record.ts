/**
 * What lies on `lethe.dead-letters`: letters, as workers write them (dead-letter.ts), and marks, which say that some of
 * them were replayed. A mark lies in the partition of its letters, behind them, and was committed together with what
 * the replay published: who has read a partition to its end knows what is still open.
 */
import { headerValues } from './apply/header-values.ts';
import { textOf } from './apply/headers.ts';
import type { Coordinate } from './coordinate.ts';
import { parseCoordinate } from './coordinate.ts';
import { DEAD_LETTER_CODES, type DeadLetterCode } from './outcome.ts';
import type { RawRecord } from './transport.ts';

export type DeadLetter = {
  /** Offset on `lethe.dead-letters`. */
  readonly offset: number;
  /** When it was dead-lettered: epoch milliseconds, by the worker's clock. */
  readonly timestamp: number;
  readonly code: DeadLetterCode;
  /** The raw record's coordinate, as text and taken apart. */
  readonly source: string;
  readonly raw: Coordinate;
  /** A declared path, or null. */
  readonly path: string | null;
  /** The sealed record in base64; null where it was too large to be kept, or could not be read at all. */
  readonly sealed: string | null;
};

/** From and to, both inclusive. */
export type OffsetRange = readonly [from: number, to: number];

export type ReplayMark = {
  /** Letters of the mark's own partition, ascending. */
  readonly replayed: readonly OffsetRange[];
  /** RFC 3339. */
  readonly at: string;
  /** By `RAWTOPIC/RAWPARTITION`: the head of the audit chain of its replays after this mark. */
  readonly chains: Readonly<Record<string, string>>;
};

export type DeadLetterRecord =
  | { readonly kind: 'letter'; readonly letter: DeadLetter }
  | { readonly kind: 'mark'; readonly mark: ReplayMark }
  /** Neither. `mark`: it calls itself a mark, so what was replayed is no longer known. */
  | { readonly kind: 'unreadable'; readonly offset: number; readonly mark: boolean };

/** The header by which a mark is told from a letter without reading it, and its value. */
export const MARK_HEADER = 'lethe-mark';
export const MARK_REPLAYED = 'replayed';

/** Reads a record of `lethe.dead-letters`. What is no letter of Lethe is a value, not an exception. */
export function readDeadLetterRecord(record: RawRecord): DeadLetterRecord {
  const mark = headerValues(record.headers, MARK_HEADER).length > 0;
  const value = parsed(record);
  if (mark) {
    const read = markOf(value, record.offset);
    return read === null ? { kind: 'unreadable', offset: record.offset, mark } : { kind: 'mark', mark: read };
  }
  const letter = letterOf(record, value);
  return letter === null ? { kind: 'unreadable', offset: record.offset, mark } : { kind: 'letter', letter };
}

/** The value of a mark. */
export function markText({ replayed, at, chains }: ReplayMark): string {
  return JSON.stringify({ replayed, at, chains });
}

/** Ascending offsets as ranges. */
export function rangesOf(offsets: readonly number[]): OffsetRange[] {
  const ranges: [number, number][] = [];
  for (const offset of offsets) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 === offset) last[1] = offset;
    else ranges.push([offset, offset]);
  }
  return ranges;
}

function parsed({ value }: RawRecord): Readonly<Record<string, unknown>> | null {
  const text = value === null ? null : textOf(value);
  if (text === null) return null;
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function letterOf(record: RawRecord, value: Readonly<Record<string, unknown>> | null): DeadLetter | null {
  if (value === null) return null;
  const { source, path = null, value: sealed } = value;
  const code = DEAD_LETTER_CODES.find((one) => one === value['code']);
  const raw = typeof source === 'string' ? parseCoordinate(source) : null;
  if (code === undefined || typeof source !== 'string' || raw === null) return null;
  if (path !== null && typeof path !== 'string') return null;
  if (sealed !== null && typeof sealed !== 'string') return null;
  return { offset: record.offset, timestamp: record.timestamp, code, source, raw, path, sealed };
}

/** @param offset of the mark itself: what it marks lies before it. */
function markOf(value: Readonly<Record<string, unknown>> | null, offset: number): ReplayMark | null {
  if (value === null) return null;
  const { replayed, at, chains } = value;
  if (!Array.isArray(replayed) || !replayed.every(isRange) || typeof at !== 'string') return null;
  if (replayed.some(([, to]) => to >= offset)) return null;
  if (typeof chains !== 'object' || chains === null || Array.isArray(chains)) return null;
  if (!Object.values(chains).every((hash) => typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash))) return null;
  return { replayed, at, chains: chains as Readonly<Record<string, string>> };
}

function isRange(value: unknown): value is OffsetRange {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [from, to] = value as [unknown, unknown];
  return (
    Number.isSafeInteger(from) &&
    Number.isSafeInteger(to) &&
    (from as number) >= 0 &&
    (from as number) <= (to as number)
  );
}
