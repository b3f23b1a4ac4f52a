import calculateSlot from 'cluster-key-slot';
import type { Cluster } from 'ioredis';

/** The indexes of keys by the node that serves them, as far as the client knows: one pipeline each. */
export function groupByNode(cluster: Cluster, keys: readonly string[]): readonly (readonly number[])[] {
  const groups = new Map<number | undefined, number[]>();
  for (const [index, key] of keys.entries()) {
    const node = cluster._groupsBySlot[calculateSlot(key)];
    const group = groups.get(node);
    if (group === undefined) groups.set(node, [index]);
    else group.push(index);
  }
  return [...groups.values()];
}

/** Whether an error says that the key is elsewhere by now, or on its way: the client follows if asked key by key. */
export function isRedirection(error: unknown): boolean {
  return error instanceof Error && /^(MOVED|ASK|TRYAGAIN) /.test(error.message);
}
