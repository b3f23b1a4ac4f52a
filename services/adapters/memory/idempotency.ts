import type { IdempotencyEntry, IdempotencyStore } from '../../core/api/idempotency.ts';

/** Keys in memory, kept for ever. */
export function makeMemoryIdempotency(): IdempotencyStore {
  const held = new Map<string, { readonly entry: IdempotencyEntry; readonly owner: string | null }>();
  return {
    begin: async (key, fingerprint, owner) => {
      const found = held.get(key);
      if (found !== undefined) return found.entry;
      held.set(key, { entry: { state: 'running', fingerprint }, owner });
      return { state: 'begun' };
    },
    finish: async (key, fingerprint, result) => {
      held.set(key, { entry: { state: 'done', fingerprint, result }, owner: null });
    },
    abandon: async (key, _fingerprint, owner) => {
      if (held.get(key)?.owner === owner) held.delete(key);
    },
  };
}
