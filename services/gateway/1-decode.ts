/** Stage 1: raw records to what a decision needs of them. A bad record is a value here, never an exception. */
import type { Decoded, RecordCodec } from '../core/apply/codec.ts';
import type { Poison } from '../core/outcome.ts';
import type { RawBatch } from '../core/transport.ts';

/** One raw record: decoded, or what is wrong with it, or a tombstone. */
export type DecodedRecord =
  | { readonly kind: 'record'; readonly record: Decoded }
  | { readonly kind: 'poison'; readonly poison: Poison }
  | { readonly kind: 'tombstone' };

const TOMBSTONE: DecodedRecord = { kind: 'tombstone' };

/**
 * Decodes a batch, by index of its records. What is decoded is valid until the codec's next `begin`.
 *
 * Throws where the writer schemas that the batch names cannot be had.
 */
export async function decodeBatch(batch: RawBatch, codec: RecordCodec, now: number): Promise<DecodedRecord[]> {
  await codec.begin(batch.records.map((record) => record.value));
  return batch.records.map(({ value, timestamp, unreadable }): DecodedRecord => {
    if (unreadable !== undefined) return { kind: 'poison', poison: { code: unreadable, path: null } };
    if (value === null) return TOMBSTONE;
    const result = codec.decode(value, timestamp, now);
    return result.ok ? { kind: 'record', record: result.record } : { kind: 'poison', poison: result.poison };
  });
}
