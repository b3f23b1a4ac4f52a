import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisCluster, startRedisCluster } from '../../deploy/local/redis-cluster.ts';
import { connectRedis, type RedisClient } from '../../services/adapters/redis/client.ts';
import { makeRedisConsentStore } from '../../services/adapters/redis/consent-store.ts';
import { makeRedisDataKeyStore } from '../../services/adapters/redis/data-key-store.ts';
import { newToken } from '../contract/consent-store.ts';
import { dataKeyStoreContract, type OpenedDataKeys } from '../contract/data-key-store.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const URL = `${sharedStack().redis}/11`;

function open(url: string): OpenedDataKeys {
  const client = connectRedis({ url });
  return { keys: makeRedisDataKeyStore(client), consents: makeRedisConsentStore(client), close: client.close };
}

dataKeyStoreContract('Redis', async () => open(URL));

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster(() => {});
});
afterAll(() => cluster.stop());

dataKeyStoreContract('a Redis Cluster', async () => open(cluster.endpoint));

describe('data keys in Redis', () => {
  let client: RedisClient;
  let raw: Redis;
  beforeAll(() => {
    client = connectRedis({ url: URL });
    raw = new Redis(URL);
  });
  afterAll(async () => {
    raw.disconnect();
    await client.close();
  });

  it.each([
    ['names another subject', (token: string) => `${token}x\nactive\nkey`],
    ['is not what Lethe writes', (token: string) => `${token}\nactive\n`],
    ['is not what Lethe writes', (token: string) => `${token}\nshredded\nlong ago`],
    ['is not what Lethe writes', (token: string) => `${token}\nactive\nkey\nmore`],
    ['is not what Lethe writes', (token: string) => token],
  ])('an entry that %s fails the look-up: it must not look like none', async (words, entry) => {
    const token = newToken();
    await raw.set(`lethe:data-key:{${token}}`, entry(token));
    const consents = makeRedisConsentStore(client);
    await expect(consents.load([token], { dataKeys: true })).rejects.toThrow(words);
    await expect(makeRedisDataKeyStore(client).load([token])).rejects.toThrow(words);
    await raw.del(`lethe:data-key:{${token}}`);
    expect((await consents.load([token], { dataKeys: true })).dataKeys?.size).toBe(0);
  });

  it('cost a look-up of consents no round trip', async () => {
    const trips: string[] = [];
    const counted = connectRedis({ url: URL, observe: (command) => void trips.push(command) });
    try {
      await makeRedisConsentStore(counted).load([newToken(), newToken()], { dataKeys: true });
      expect(trips).toEqual(['mget']);
    } finally {
      await counted.close();
    }
  });
});
