/**
 * Stage 3: what becomes of each record, and what its outputs get. Deciding and applying go hand in hand (whether anything
 * is left of a record is known only once it was applied), so the engine does both.
 */
import { deadLettered, type EngineBatch, type RecordDecision } from '../core/engine.ts';
import type { RoutePlan } from '../core/policy/plan.ts';
import type { RawBatch } from '../core/transport.ts';
import type { DecodedRecord } from './1-decode.ts';
import type { ConsentState } from '../core/decide/consent-state.ts';

/**
 * Decisions by index of the batch's records.
 *
 * @param states of the records' subjects; null for what has none.
 * @param plan the route's, for tombstones, which have no schema of their own.
 */
export function decideBatch(
  batch: RawBatch,
  decoded: readonly DecodedRecord[],
  states: readonly (ConsentState | null)[],
  engine: EngineBatch,
  plan: RoutePlan,
): RecordDecision[] {
  return decoded.map((one, index) => {
    const raw = batch.records[index]!;
    switch (one.kind) {
      case 'record':
        return engine.evaluate(one.record, raw.headers, states[index]!);
      case 'poison':
        return deadLettered(one.poison);
      case 'tombstone':
        return engine.tombstone(plan, raw.key);
    }
  });
}
