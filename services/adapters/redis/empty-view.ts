import { Cluster } from 'ioredis';
import type { RedisClient } from './client.ts';
import { consentKey } from './keys.ts';

/** Matches every subject's entry, and nothing else. */
export const CONSENT_PATTERN = consentKey('').replace('}', '*');
const KEYS_PER_STEP = 1_000;

/** Whether the view holds nobody's consents. Quick where it holds some, and where Redis was emptied. */
export async function isViewEmpty(client: RedisClient): Promise<boolean> {
  const nodes = await client.run('scan', async (redis) => (redis instanceof Cluster ? redis.nodes('master') : [redis]));
  for (const node of nodes) {
    for (let cursor = '0'; ; ) {
      const [next, found] = await client.run('scan', () =>
        node.scan(cursor, 'MATCH', CONSENT_PATTERN, 'COUNT', KEYS_PER_STEP),
      );
      if (found.length > 0) return false;
      if (next === '0') break;
      cursor = next;
    }
  }
  return true;
}
