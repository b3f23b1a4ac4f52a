/**
 * Says loudly that a schema which appeared after the push tags fields as what a guard forbids. Nothing of them leaves: the
 * plan of such a schema drops them (core/policy/guard.ts). The records go on, or one tag would stop every output.
 */
import type { Log } from '../core/log.ts';
import type { Breach } from '../core/policy/guard-breaches.ts';
import { formatPosition } from '../core/policy/report.ts';

/** Each finding is logged once, however many codecs meet the schema. Paths are those of the schema, never keys from data. */
export function makeGuardAlarm(log: Log): (schemaId: number, breaches: readonly Breach[]) => void {
  const told = new Set<string>();
  return (schemaId, breaches) => {
    for (const { guard, route, output, way, path, category, action } of breaches) {
      const at = formatPosition(guard.position);
      const key = JSON.stringify([schemaId, at, route, output, way, path, category, action.kind]);
      if (told.has(key)) continue;
      told.add(key);
      log.error(
        { schema: schemaId, route, output, way, path, category, action: action.kind, guard: at },
        'A schema tags a field as what a guard forbids: it is dropped. Correct the policy, and push it',
      );
    }
  };
}
