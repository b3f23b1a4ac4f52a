import type { IdempotencyStore } from '../../core/api/idempotency.ts';
import type { RedisClient } from './client.ts';
import { redisUnavailable } from './failure.ts';

/** Longer than anything done under a key can take. */
const RUNNING_SECONDS = 120;
const DONE_SECONDS = 24 * 3600;
/** Only whoever took the key gives it free. */
const ABANDON = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** `lethe:idempotency:KEY` holds `FINGERPRINT running OWNER`, then `FINGERPRINT done RESULT`. */
export function makeRedisIdempotency(client: RedisClient): IdempotencyStore {
  return {
    begin: async (key, fingerprint, owner) => {
      const name = keyOf(key);
      const taken = await client.run('set', (redis) =>
        redis.set(name, running(fingerprint, owner), 'EX', RUNNING_SECONDS, 'NX'),
      );
      if (taken !== null) return { state: 'begun' };
      const text = await client.run('get', (redis) => redis.get(name));
      // It ran out in between: whoever asks again will have it.
      if (text === null) return { state: 'running', fingerprint };
      const match = /^(\S+) (running|done) ([^]*)$/.exec(text);
      const [, other = '', state, result = ''] = match ?? [];
      if (match === null) throw redisUnavailable(client.endpoint, `${name} is not what Lethe writes`);
      return state === 'done'
        ? { state: 'done', fingerprint: other, result }
        : { state: 'running', fingerprint: other };
    },
    finish: async (key, fingerprint, result) => {
      const text = `${fingerprint} done ${result}`;
      await client.run('set', (redis) => redis.set(keyOf(key), text, 'EX', DONE_SECONDS));
    },
    abandon: async (key, fingerprint, owner) => {
      await client.run('eval', (redis) => redis.eval(ABANDON, 1, keyOf(key), running(fingerprint, owner)));
    },
  };
}

function running(fingerprint: string, owner: string): string {
  return `${fingerprint} running ${owner}`;
}

function keyOf(key: string): string {
  return `lethe:idempotency:${key}`;
}
