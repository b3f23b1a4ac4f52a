import { Cluster, type Redis } from 'ioredis';

/** `fit`; `cluster`: one server was expected but it is a node of a cluster; or what makes it unfit. */
export type Verdict = 'fit' | 'cluster' | { readonly fault: string };

/**
 * Asks a server that has just connected what it is. One that may evict keys is refused: a subject whose consents
 * vanished looks like one who never objected, and what rests on opt-out would be released.
 */
export async function inspect(redis: Redis | Cluster): Promise<Verdict> {
  const nodes = redis instanceof Cluster ? redis.nodes('master') : [redis];
  for (const node of nodes) {
    const facts = await info(node);
    if (facts === null) continue;
    if (!(redis instanceof Cluster) && facts.get('cluster_enabled') === '1') return 'cluster';
    const policy = facts.get('maxmemory_policy');
    if (facts.get('maxmemory') !== '0' && policy?.startsWith('allkeys-') === true) {
      return { fault: `its maxmemory-policy is ${policy}, so consents could vanish; set it to noeviction` };
    }
  }
  return 'fit';
}

/** Null where the user may not ask: some managed servers do not allow INFO. */
async function info(node: Redis): Promise<ReadonlyMap<string, string> | null> {
  let text: string;
  try {
    text = await node.info();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOPERM')) return null;
    throw error;
  }
  const facts = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) facts.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return facts;
}
