import type { ConsentEvent } from '../../core/consent-event.ts';

type Parsed = { readonly entry: string; readonly events: readonly ConsentEvent[] };

/**
 * Remembers parsed entries by token, for as long as their text stays the same: between two batches hardly any changes.
 * Bounded: two generations of at most `size` tokens each; what was not asked for during one generation is forgotten.
 */
export function makeParsedEntries(size: number): {
  readonly get: (token: string, entry: string) => readonly ConsentEvent[] | null;
  readonly set: (token: string, entry: string, events: readonly ConsentEvent[]) => void;
} {
  let young = new Map<string, Parsed>();
  let old = new Map<string, Parsed>();

  function keep(token: string, parsed: Parsed): void {
    if (young.size >= size) {
      old = young;
      young = new Map();
    }
    young.set(token, parsed);
  }

  return {
    get(token, entry) {
      const fresh = young.get(token);
      const parsed = fresh ?? old.get(token);
      if (parsed === undefined || parsed.entry !== entry) return null;
      if (fresh === undefined) keep(token, parsed);
      return parsed.events;
    },
    set(token, entry, events) {
      keep(token, { entry, events });
    },
  };
}
