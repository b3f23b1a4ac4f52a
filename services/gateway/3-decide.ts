/**
 * Stage 3: what becomes of each record, and what its outputs get. Deciding and applying go hand in hand (whether anything
 * is left of a record is known only once it was applied), so the engine does both.
 */
import { deadLettered, type EngineBatch, type RecordDecision } from '../core/engine.ts';
import type { RoutePlan } from '../core/policy/plan.ts';
import type { RawBatch } from '../core/transport.ts';
import type { DecodedRecord } from './1-decode.ts';
import type { LookedUp } from './2-look-up.ts';

/** Decisions by index of the batch's records. `plan`: the route's, for tombstones, which have no schema of their own. */
export function decideBatch(
  batch: RawBatch,
  decoded: readonly DecodedRecord[],
  { stateOf }: LookedUp,
  engine: EngineBatch,
  plan: RoutePlan,
): RecordDecision[] {
  return decoded.map((one, index) => {
    const raw = batch.records[index]!;
    switch (one.kind) {
      case 'record':
        return engine.evaluate(one.record, raw.headers, stateOf(one.record.subject));
      case 'poison':
        return deadLettered(one.poison);
      case 'tombstone':
        return engine.tombstone(plan, raw.key);
    }
  });
}
