/**
 * Stage 3: what becomes of each record, and what its outputs get. Deciding and applying go hand in hand (whether anything
 * is left of a record is known only once it was applied), so the engine does both.
 */
import { deadLettered, type EngineBatch, type RecordDecision } from '../core/engine.ts';
import type { RoutePlan } from '../core/policy/plan.ts';
import type { RawBatch, RawRecord } from '../core/transport.ts';
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
  return decoded.map((one, index) => decideRecord(batch.records[index]!, one, states[index]!, engine, plan));
}

/** The decision about one record, as `decideBatch` makes it. */
export function decideRecord(
  raw: RawRecord,
  decoded: DecodedRecord,
  state: ConsentState | null,
  engine: EngineBatch,
  plan: RoutePlan,
): RecordDecision {
  switch (decoded.kind) {
    case 'record':
      return engine.evaluate(decoded.record, raw.headers, state!);
    case 'poison':
      return deadLettered(decoded.poison);
    case 'tombstone':
      return engine.tombstone(plan, raw.key);
  }
}
