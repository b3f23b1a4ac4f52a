import type { RedisClient } from './client.ts';

/** Only whoever holds it makes it longer, or gives it back. */
const HOLD = `if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`;
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

export type Lease = {
  /** Takes it, or keeps it for another while; false: somebody else has it. Throws `unavailable`. */
  readonly hold: () => Promise<boolean>;
  /** Gives it back where it is held. Throws `unavailable`. */
  readonly release: () => Promise<void>;
};

/**
 * `lethe:lease:NAME`: one of several processes does something, and another one does when that has been silent for a
 * while. No lock: where Redis fails over, or a process sleeps, two may believe that they hold it. Only for what may be
 * done twice.
 *
 * @param owner unique to the process.
 */
export function makeRedisLease(client: RedisClient, name: string, owner: string, milliseconds: number): Lease {
  const key = `lethe:lease:${name}`;
  return {
    hold: async () =>
      (await client.run('eval', (redis) => redis.eval(HOLD, 1, key, owner, String(milliseconds)))) === 1,
    release: async () => {
      await client.run('eval', (redis) => redis.eval(RELEASE, 1, key, owner));
    },
  };
}
