import calculateSlot from 'cluster-key-slot';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RedisCluster, startRedisCluster } from '../../deploy/local/redis-cluster.ts';
import { connectRedis, type RedisClient } from '../../services/adapters/redis/client.ts';
import { makeRedisConsentStore } from '../../services/adapters/redis/consent-store.ts';
import { event, newToken } from '../contract/consent-store.ts';

let cluster: RedisCluster;
let nodes: readonly Redis[];
let client: RedisClient | undefined;

beforeAll(async () => {
  cluster = await startRedisCluster(() => {});
  // While a node is down its client here says so again and again.
  nodes = cluster.nodes.map(({ endpoint }) => new Redis(endpoint).on('error', () => {}));
});

afterEach(() => client?.close());

afterAll(async () => {
  for (const node of nodes) node.disconnect();
  await cluster.stop();
});

function connect(url: string): ReturnType<typeof makeRedisConsentStore> {
  client = connectRedis({ url });
  return makeRedisConsentStore(client);
}

async function calls(command: string): Promise<number[]> {
  const stats = await Promise.all(nodes.map((node) => node.info('commandstats')));
  return stats.map((text) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(text)?.[1] ?? 0));
}

const keyOf = (token: string): string => `lethe:consent:{${token}}`;

describe('a Redis Cluster', () => {
  it('answers a look-up with one pipeline per node', async () => {
    const store = connect(cluster.endpoint);
    const tokens = Array.from({ length: 3_000 }, newToken);
    await store.add(tokens.map((token, version) => ({ token, event: event(version) })));
    const before = await calls('echo');
    expect((await store.load(tokens)).events.size).toBe(tokens.length);
    // Each pipeline ends in one ECHO.
    expect((await calls('echo')).map((count, i) => count - (before[i] ?? 0))).toEqual([1, 1, 1]);
  });

  it('is found out where the URL names one node and does not say that it is a cluster', async () => {
    const first = cluster.nodes[0]?.endpoint ?? '';
    const store = connect(first);
    const tokens = Array.from({ length: 100 }, newToken);
    await store.add(tokens.map((token, version) => ({ token, event: event(version) })));
    expect((await store.load(tokens)).events.size).toBe(tokens.length);
  });

  it('may be resharded meanwhile: what is moving and what has moved is found', async () => {
    const store = connect(cluster.endpoint);
    const token = newToken();
    const tokens = [token, ...Array.from({ length: 50 }, newToken)];
    await store.add(tokens.map((one) => ({ token: one, event: event(1) })));
    const slot = calculateSlot(keyOf(token));
    const ids = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'MYID') as Promise<string>));
    const from = Math.floor((slot * 3) / 16_384);
    const to = (from + 1) % 3;
    const setSlot = (node: number, ...how: string[]): Promise<unknown> =>
      (nodes[node] as Redis).call('CLUSTER', 'SETSLOT', String(slot), ...how);
    await setSlot(to, 'IMPORTING', ids[from] as string);
    await setSlot(from, 'MIGRATING', ids[to] as string);
    const { host, port } = (nodes[to] as Redis).options;
    await (nodes[from] as Redis).call('MIGRATE', host ?? '', String(port), keyOf(token), '0', '1000');
    expect((await store.load(tokens)).events.size).toBe(tokens.length);
    await store.add(tokens.map((one) => ({ token: one, event: event(2) })));
    expect((await store.load(tokens)).events.get(token)).toHaveLength(2);
    for (const node of [to, from, 3 - from - to]) await setSlot(node, 'NODE', ids[to] as string);
    expect((await store.load(tokens)).events.get(token)).toHaveLength(2);
    await store.add(tokens.map((one) => ({ token: one, event: event(3) })));
    const { events } = await store.load(tokens);
    expect(tokens.map((one) => events.get(one)?.length)).toEqual(tokens.map(() => 3));
  });

  it('less a node: look-ups that need it fail fast, and work again by themselves', async () => {
    const store = connect(cluster.endpoint);
    const tokens = Array.from({ length: 200 }, newToken);
    await store.add(tokens.map((token) => ({ token, event: event(1) })));
    const lost = cluster.nodes[1];
    await lost?.kill();
    const tries = 3;
    for (let attempt = 0; attempt < tries; attempt++) {
      const began = performance.now();
      await expect(store.load(tokens)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
      expect(performance.now() - began).toBeLessThan(3_000);
    }
    await lost?.start();
    const began = performance.now();
    for (;;) {
      const found = await store.load(tokens).catch(() => null);
      if (found?.events.size === tokens.length) break;
      expect(performance.now() - began).toBeLessThan(15_000);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });

  it('lost altogether: look-ups fail fast, and work again by themselves', async () => {
    const store = connect(cluster.endpoint);
    await store.load([newToken()]);
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    for (let attempt = 0; attempt < 3; attempt++) {
      const began = performance.now();
      await expect(store.load([newToken()])).rejects.toMatchObject({ code: 'unavailable' });
      expect(performance.now() - began).toBeLessThan(3_000);
    }
    await Promise.all(cluster.nodes.map((node) => node.start()));
    const began = performance.now();
    while ((await store.load([newToken()]).catch(() => null)) === null) {
      expect(performance.now() - began).toBeLessThan(15_000);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
});
