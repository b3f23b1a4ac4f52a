import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { connectRedis, type RedisClient } from '../../services/adapters/redis/client.ts';
import { makeRedisLease } from '../../services/adapters/redis/lease.ts';

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

const name = `test-${process.pid}-${Date.now()}`;
const leftMs = () => client.run('pttl', (redis) => redis.pttl(`lethe:lease:${name}`));

it('a lease has one owner, who keeps it, until it is given back or runs out', async () => {
  const [one, other] = [makeRedisLease(client, name, 'one', 60_000), makeRedisLease(client, name, 'other', 60_000)];
  expect([await one.hold(), await other.hold(), await one.hold()]).toEqual([true, false, true]);
  // Who does not have it gives nothing back.
  await other.release();
  expect(await other.hold()).toBe(false);
  await client.run('pexpire', (redis) => redis.pexpire(`lethe:lease:${name}`, 5_000));
  expect(await one.hold()).toBe(true);
  expect(await leftMs()).toBeGreaterThan(50_000);
  await one.release();
  expect([await other.hold(), await one.hold()]).toEqual([true, false]);
  await client.run('pexpire', (redis) => redis.pexpire(`lethe:lease:${name}`, 1));
  await expect.poll(() => one.hold()).toBe(true);
  await one.release();
});
