/**
 * What travels in a committed offset's metadata: the audit chain's head and the consent watermark, so that a
 * partition's next owner continues both from exactly what was committed (DESIGN section 6).
 */
import { LetheError } from '../core/errors.ts';
import type { Watermark } from '../core/ports.ts';

export type Position = {
  /** Hash of the last committed audit segment, or null before the first. */
  readonly chain: string | null;
  /** The consent watermark that the last committed batch was decided under, or null. */
  readonly watermark: Watermark | null;
};

const VERSION = 1;
/** Kafka's default for `offset.metadata.max.bytes` is 4096. */
const MAX_BYTES = 3_000;

export const START: Position = { chain: null, watermark: null };

/** The text to commit. A watermark of so many partitions that it would not fit is left out. */
export function encodePosition(position: Position): string {
  const text = JSON.stringify({ v: VERSION, chain: position.chain, watermark: position.watermark });
  if (text.length <= MAX_BYTES) return text;
  return JSON.stringify({ v: VERSION, chain: position.chain, watermark: null });
}

/**
 * Reads what an earlier owner committed. Text that is not Lethe's means that somebody moved the group by other tools:
 * the chain then starts anew, and its first segment's missing predecessor shows it.
 */
export function decodePosition(text: string | null): Position {
  if (text === null || text === '') return START;
  try {
    const value = JSON.parse(text) as { v?: unknown; chain?: unknown; watermark?: unknown };
    if (value.v !== VERSION) return START;
    return {
      chain: typeof value.chain === 'string' ? value.chain : null,
      watermark: isWatermark(value.watermark) ? value.watermark : null,
    };
  } catch {
    return START;
  }
}

function isWatermark(value: unknown): value is Watermark {
  const { at, offsets } = (value ?? {}) as { readonly at?: unknown; readonly offsets?: unknown };
  if (typeof at !== 'number' || typeof offsets !== 'object' || offsets === null) return false;
  return Object.values(offsets).every((offset) => typeof offset === 'string' && /^\d+$/.test(offset));
}

/** Per partition of the feed the further of two watermarks; the date is that of the later one. */
export function furtherOf(a: Watermark | null, b: Watermark | null): Watermark | null {
  if (a === null || b === null) return a ?? b;
  const offsets = { ...a.offsets };
  for (const [partition, offset] of Object.entries(b.offsets)) {
    if (BigInt(offsets[partition] ?? '0') < BigInt(offset)) offsets[partition] = offset;
  }
  return { at: Math.max(a.at, b.at), offsets };
}

/**
 * Refuses a consent view that is too old or of the future, or older than one that this partition was already decided under (a failover to
 * a stale replica). Where no projector ever wrote a watermark, there is nothing to check.
 *
 * @param maxAgeMs LETHE_CONSENT_MAX_STALENESS, in milliseconds.
 */
export function checkWatermark(
  watermark: Watermark | null,
  last: Watermark | null,
  now: number,
  maxAgeMs: number,
): void {
  if (watermark === null) {
    if (last === null) return;
    throw new LetheError('unavailable', 'Consent view in Redis lost its watermark: it was rebuilt or emptied', {
      dependency: 'consent_view',
      fix: 'Bring the view up to date: the stream goes on by itself once its watermark is back.',
    });
  }
  const age = now - watermark.at;
  if (!(age >= -maxAgeMs)) {
    throw new LetheError(
      'unavailable',
      `Consent view in Redis is dated ${Math.round(-age / 1000)} s ahead of this worker's clock: nobody can tell how old it is`,
      { dependency: 'consent_view', fix: 'Set the clocks of the workers and of "lethe control" right.' },
    );
  }
  if (age > maxAgeMs) {
    throw new LetheError('unavailable', `Consent view in Redis is ${Math.round(age / 1000)} s old, more than allowed`, {
      dependency: 'consent_view',
      fix: 'Check that "lethe control" runs and keeps up, or raise LETHE_CONSENT_MAX_STALENESS.',
    });
  }
  if (last === null) return;
  for (const [partition, offset] of Object.entries(last.offsets)) {
    if (BigInt(watermark.offsets[partition] ?? '0') < BigInt(offset)) {
      throw new LetheError(
        'unavailable',
        'Consent view in Redis went backwards: it shows less than was decided under',
        {
          dependency: 'consent_view',
          fix: 'Wait for the projector to catch up; Redis probably failed over to a replica that lagged.',
        },
      );
    }
  }
}
