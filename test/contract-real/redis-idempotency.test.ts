import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { connectRedis, type RedisClient } from '../../services/adapters/redis/client.ts';
import { makeRedisIdempotency } from '../../services/adapters/redis/idempotency.ts';
import { idempotencyStoreContract } from '../contract/idempotency-store.ts';

let stack: Stack<'redis'>;
let client: RedisClient;

beforeAll(async () => {
  stack = await startStack({ parts: ['redis'] });
  client = connectRedis({ url: stack.redis.endpoint });
});
afterAll(async () => {
  await client?.close();
  await stack?.stop();
});

idempotencyStoreContract('Redis', async () => ({ store: makeRedisIdempotency(client), close: async () => {} }));

it('Redis keeps a key that was begun for minutes, and what was done for a day', async () => {
  const store = makeRedisIdempotency(client);
  const key = `ttl-${process.pid}-${Date.now()}`;
  const ttl = () => client.run('ttl', (redis) => redis.ttl(`lethe:idempotency:${key}`));
  await store.begin(key, 'print', 'owner');
  expect(await ttl()).toBeGreaterThan(60);
  expect(await ttl()).toBeLessThanOrEqual(120);
  await store.finish(key, 'print', 'result');
  expect(await ttl()).toBeGreaterThan(86_000);
  expect(await ttl()).toBeLessThanOrEqual(86_400);
});
