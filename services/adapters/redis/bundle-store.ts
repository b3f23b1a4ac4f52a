import { Cluster } from 'ioredis';
import { LetheError } from '../../core/errors.ts';
import type { Bundle, BundleStore } from '../../core/ports.ts';
import type { RedisClient } from './client.ts';
import { ACTIVE_DIGEST_KEY, bundleKey, SHADOW_DIGEST_KEY } from './keys.ts';

const PUSH = 'Run lethe push again.';

/** Deletes a key where it holds the value given: somebody may have put another one there meanwhile. */
const CLEAR = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/**
 * Bundles in Redis: `lethe:bundle:DIGEST` is JSON `{files}`, `lethe:bundle:active` the active one's digest and
 * `lethe:bundle:shadow` that of the candidate beside it. On a cluster the keys lie on different nodes, so the bundle is
 * stored first and then the digest is flipped: at no time does a digest name a bundle that is not there.
 *
 * @param digestOf the lower-case hex SHA-256 of a bundle's files (adapters/config).
 */
export function makeRedisBundleStore(client: RedisClient, digestOf: (files: Bundle['files']) => string): BundleStore {
  const name = async (key: string, { digest, files }: Bundle): Promise<void> => {
    if (digestOf(files) !== digest) throw new LetheError('bug', 'a bundle has another digest than its files');
    const text = JSON.stringify({ files });
    await client.run('set', async (redis) => {
      if (redis instanceof Cluster) {
        await redis.set(bundleKey(digest), text);
        await redis.set(key, digest);
        return;
      }
      const replies = await redis.multi().set(bundleKey(digest), text).set(key, digest).exec();
      for (const [error] of replies ?? []) if (error !== null) throw error;
      if (replies === null) throw new Error('EXECABORT nothing was written');
    });
  };

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
    async activate(bundle) {
      await name(ACTIVE_DIGEST_KEY, bundle);
      // Should this fail, workers take no notice of a candidate that is the active bundle itself.
      await client.run('eval', (redis) => redis.eval(CLEAR, 1, SHADOW_DIGEST_KEY, bundle.digest));
    },
    shadowDigest: () => client.run('get', (redis) => redis.get(SHADOW_DIGEST_KEY)),
    shadow: (bundle) => name(SHADOW_DIGEST_KEY, bundle),
    endShadow: () => client.run('getdel', (redis) => redis.getdel(SHADOW_DIGEST_KEY)),
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
