import type { DataKeyState, DataKeyStore } from '../../core/data-key.ts';

/** Data keys in memory: the reference that the contract suite holds Redis to. */
export function makeMemoryDataKeyStore(): DataKeyStore {
  const states = new Map<string, DataKeyState>();
  const due = new Map<string, number>();
  const shred = (tokens: readonly string[], at: number): void => {
    for (const token of tokens) {
      if (states.get(token)?.state !== 'shredded') states.set(token, { state: 'shredded', at });
    }
  };
  return {
    load: async (tokens) =>
      new Map(tokens.flatMap((token) => (states.has(token) ? [[token, states.get(token) as DataKeyState]] : []))),
    mint: async (keys) =>
      keys.map(({ token, wrapped }) => {
        const held = states.get(token) ?? ({ state: 'active', wrapped } as const);
        states.set(token, held);
        return held;
      }),
    shred: async (tokens, at) => shred(tokens, at),
    shredAt: async (entries) => {
      for (const { token, at } of entries) due.set(token, Math.min(at, due.get(token) ?? at));
    },
    shredDue: async (now) => {
      const tokens = [...due].flatMap(([token, at]) => (at <= now ? [token] : []));
      shred(tokens, now);
      for (const token of tokens) due.delete(token);
      return tokens.length;
    },
    replace: async (token, from, to) => {
      const held = states.get(token);
      if (held?.state !== 'active' || held.wrapped !== from) return false;
      states.set(token, { state: 'active', wrapped: to });
      return true;
    },
    async *active() {
      for (const [token, state] of states) if (state.state === 'active') yield [{ token, wrapped: state.wrapped }];
    },
  };
}
