import type { ConsentLog, ConsentLogEntry } from '../../core/ports.ts';

/** The consent feed in memory: one partition, offsets from 0. */
export function makeMemoryConsentLog(): ConsentLog & { readonly entries: readonly ConsentLogEntry[] } {
  const entries: ConsentLogEntry[] = [];
  return {
    entries,
    append: async (added) => added.map((entry) => entries.push(entry) - 1),
  };
}
