import { Cluster } from 'ioredis';
import { LetheError } from '../../core/errors.ts';
import type { Bundle, BundleStore } from '../../core/ports.ts';
import type { RedisClient } from './client.ts';
import { ACTIVE_DIGEST_KEY, bundleKey } from './keys.ts';

const PUSH = 'Run lethe push again.';

/**
 * Bundles in Redis: `lethe:bundle:DIGEST` is JSON `{files}`, `lethe:bundle:active` the active one's digest. On a cluster
 * the two keys lie on different nodes, so the bundle is stored first and then the digest is flipped: at no time does the
 * active digest name a bundle that is not there.
 *
 * @param digestOf the lower-case hex SHA-256 of a bundle's files (adapters/config).
 */
export function makeRedisBundleStore(client: RedisClient, digestOf: (files: Bundle['files']) => string): BundleStore {
  return {
    async read(digest) {
      const text = await client.run('get', (redis) => redis.get(bundleKey(digest)));
      if (text === null) return null;
      const files = filesIn(text);
      if (files === null || digestOf(files) !== digest) {
        throw new LetheError(
          'invalid_config',
          `${bundleKey(digest)} in Redis at ${client.endpoint} is not the bundle of that digest`,
          { fix: PUSH },
        );
      }
      return { digest, files };
    },
    activeDigest: () => client.run('get', (redis) => redis.get(ACTIVE_DIGEST_KEY)),
    async activate({ digest, files }) {
      if (digestOf(files) !== digest) throw new LetheError('bug', 'a bundle has another digest than its files');
      const text = JSON.stringify({ files });
      await client.run('set', async (redis) => {
        if (redis instanceof Cluster) {
          await redis.set(bundleKey(digest), text);
          await redis.set(ACTIVE_DIGEST_KEY, digest);
          return;
        }
        const replies = await redis.multi().set(bundleKey(digest), text).set(ACTIVE_DIGEST_KEY, digest).exec();
        for (const [error] of replies ?? []) if (error !== null) throw error;
        if (replies === null) throw new Error('EXECABORT nothing was written');
      });
    },
  };
}

function filesIn(text: string): Bundle['files'] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { files } = value as Record<string, unknown>;
  if (typeof files !== 'object' || files === null || Array.isArray(files)) return null;
  return Object.values(files).every((file) => typeof file === 'string') ? (files as Bundle['files']) : null;
}
