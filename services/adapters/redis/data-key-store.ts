import { Cluster, type Redis } from 'ioredis';
import type { DataKeyState, DataKeyStore, WrappedKey } from '../../core/data-key.ts';
import { LetheError } from '../../core/errors.ts';
import { isToken } from './consent-entry.ts';
import type { RedisClient } from './client.ts';
import { groupByNode, isRedirection } from './cluster-groups.ts';
import { activeEntry, parseDataKey, shreddedEntry } from './data-key-entry.ts';
import { redisUnavailable } from './failure.ts';
import { DATA_KEYS_DUE_KEY, dataKeyKey } from './keys.ts';
import { readKeys } from './read-keys.ts';
import { type ScriptedPipeline, scripted } from './scripts.ts';

/** Keys of one step of a scan, and scripts of one round trip. */
const PER_TRIP = 500;
const PATTERN = dataKeyKey('').replace('}', '*');

type Call = { readonly key: string; readonly args: readonly string[] };
type ScriptName = 'letheMintKey' | 'letheShredKey' | 'letheReplaceKey';

/** Reads an entry. Throws `unavailable` where it is another subject's or cannot be read: it must not look absent. */
export function dataKeyOf(client: RedisClient, token: string, entry: string): DataKeyState {
  const state = parseDataKey(token, entry);
  if (state === 'another') {
    client.reconnect();
    throw redisUnavailable(client.endpoint, `the entry ${dataKeyKey(token)} names another subject`);
  }
  if (state === null) {
    throw redisUnavailable(client.endpoint, `the entry ${dataKeyKey(token)} is not what Lethe writes`);
  }
  return state;
}

/** Data keys in Redis, at `lethe:data-key:{TOKEN}`; those to be destroyed later besides in `lethe:data-key:due`. */
export function makeRedisDataKeyStore(client: RedisClient): DataKeyStore {
  /** One script for each of several entries, a few hundred a round trip, on a cluster to all nodes side by side. */
  async function each(name: ScriptName, calls: readonly Call[]): Promise<readonly unknown[]> {
    const answers: unknown[] = [];
    for (let from = 0; from < calls.length; from += PER_TRIP) {
      const trip = calls.slice(from, from + PER_TRIP);
      answers.push(...(await client.run('evalsha', (redis) => runAll(redis, name, trip))));
    }
    return answers;
  }

  async function read(keys: readonly string[]): Promise<readonly (string | null)[]> {
    if (keys.length === 0) return [];
    const values = await client.run('mget', (redis) => readKeys(redis, keys));
    if (values !== null) return values;
    client.reconnect();
    throw redisUnavailable(client.endpoint, 'a reply belonged to another question');
  }

  function keyOf(token: string): string {
    if (!isToken(token)) throw new LetheError('bug', 'a data key needs a token');
    return dataKeyKey(token);
  }

  const shred: DataKeyStore['shred'] = async (tokens, at) => {
    await each(
      'letheShredKey',
      tokens.map((token) => ({ key: keyOf(token), args: [shreddedEntry(token, at)] })),
    );
  };

  return {
    async load(tokens) {
      const values = await read(tokens.map(keyOf));
      const states = new Map<string, DataKeyState>();
      for (const [index, token] of tokens.entries()) {
        const entry = values[index];
        if (typeof entry === 'string') states.set(token, dataKeyOf(client, token, entry));
      }
      return states;
    },
    async mint(keys) {
      const calls = keys.map(({ token, wrapped }) => ({ key: keyOf(token), args: [activeEntry(token, wrapped)] }));
      const entries = await each('letheMintKey', calls);
      return keys.map(({ token }, index) => dataKeyOf(client, token, String(entries[index])));
    },
    shred,
    async shredAt(entries) {
      if (entries.length === 0) return;
      await client.run('zadd', (redis) =>
        redis.zadd(DATA_KEYS_DUE_KEY, 'LT', ...entries.flatMap(({ token, at }) => [at, token])),
      );
    },
    async shredDue(now) {
      const due = await client.run('zrangebyscore', (redis) => redis.zrangebyscore(DATA_KEYS_DUE_KEY, '-inf', now));
      if (due.length === 0) return 0;
      await shred(due, now);
      // Only then: whoever dies before does it again.
      await client.run('zrem', (redis) => redis.zrem(DATA_KEYS_DUE_KEY, ...due));
      return due.length;
    },
    async replace(token, from, to) {
      const args = [activeEntry(token, from), activeEntry(token, to)];
      return (await each('letheReplaceKey', [{ key: keyOf(token), args }]))[0] === 1;
    },
    async *active() {
      const nodes = await client.run('scan', async (redis) =>
        redis instanceof Cluster ? redis.nodes('master') : [redis],
      );
      for (const node of nodes) {
        for (let cursor = '0'; ; ) {
          const [next, found] = await client.run('scan', () => node.scan(cursor, 'MATCH', PATTERN, 'COUNT', PER_TRIP));
          const values = found.length === 0 ? [] : await read(found);
          const keys = found.flatMap((key, index): WrappedKey[] => {
            const entry = values[index];
            const token = key.slice(PATTERN.length - 1, -1);
            const state = typeof entry === 'string' ? dataKeyOf(client, token, entry) : null;
            return state?.state === 'active' ? [{ token, wrapped: state.wrapped }] : [];
          });
          if (keys.length > 0) yield keys;
          if (next === '0') break;
          cursor = next;
        }
      }
    },
  };
}

async function runAll(redis: Redis | Cluster, name: ScriptName, calls: readonly Call[]): Promise<readonly unknown[]> {
  const keys = calls.map(({ key }) => key);
  const groups = redis instanceof Cluster ? groupByNode(redis, keys) : [[...calls.keys()]];
  const answers: unknown[] = calls.map(() => null);
  await Promise.all(
    groups.map(async (group) => {
      const pipeline = redis.pipeline() as unknown as ScriptedPipeline;
      for (const index of group) pipeline[name](...argsOf(calls[index] as Call));
      const replies = (await pipeline.exec()) ?? [];
      for (const [place, index] of group.entries()) {
        const [error, answer] = replies[place] ?? [null, null];
        if (isRedirection(error)) answers[index] = await scripted(redis)[name](...argsOf(calls[index] as Call));
        else if (error !== null) throw error;
        else answers[index] = answer;
      }
    }),
  );
  return answers;
}

function argsOf({ key, args }: Call): readonly (number | string)[] {
  return [1, key, ...args];
}
