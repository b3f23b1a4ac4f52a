import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Part } from '../../deploy/local/part.ts';
import { startRedis } from '../../deploy/local/redis.ts';
import { createRunDir, type RunDir } from '../../deploy/local/run-dir.ts';
import { connectRedis, type RedisClient } from '../../services/adapters/redis/client.ts';
import { makeRedisConsentStore } from '../../services/adapters/redis/consent-store.ts';
import type { ConsentStore } from '../../services/core/ports.ts';
import { event, newToken } from '../contract/consent-store.ts';

let runDir: RunDir;
let server: Part;
let client: RedisClient | undefined;

beforeAll(async () => {
  runDir = createRunDir();
  server = await startRedis(runDir, () => {});
});

afterEach(() => client?.close());
afterAll(() => runDir.remove());

function connect(url: string = server.endpoint): ConsentStore {
  client = connectRedis({ url });
  return makeRedisConsentStore(client);
}

async function configure(setting: string, value: string, password?: string): Promise<void> {
  const redis = new Redis(server.endpoint, password === undefined ? {} : { password });
  await redis.config('SET', setting, value);
  redis.disconnect();
}

async function failure(promise: Promise<unknown>): Promise<{ readonly error: unknown; readonly ms: number }> {
  const began = performance.now();
  const error = await promise.then(
    () => 'it did not fail',
    (thrown: unknown) => thrown,
  );
  return { error, ms: performance.now() - began };
}

const address = (): string => server.endpoint.slice('redis://'.length);

/** Tries again and again, as a paused worker does, and returns how long it took to succeed. */
async function untilItWorks(store: ConsentStore): Promise<number> {
  const began = performance.now();
  for (;;) {
    if ((await failure(store.load([]))).error === 'it did not fail') return performance.now() - began;
    if (performance.now() - began > 20_000) throw new Error('Redis is back and nobody noticed');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('Redis', () => {
  it('killed: look-ups fail fast, name endpoint and setting, and work again by themselves', async () => {
    const store = connect();
    const token = newToken();
    await store.add([{ token, event: event(1) }]);
    await server.kill();
    for (let attempt = 0; attempt < 3; attempt++) {
      const { error, ms } = await failure(store.load([token]));
      expect(error).toMatchObject({ name: 'LetheError', code: 'unavailable', retryable: true });
      expect(String(error)).toContain(address());
      expect(String(error)).toContain('REDIS_URL');
      expect(ms).toBeLessThan(3_000);
    }
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(String((await failure(store.load([token]))).error)).toContain('ECONNREFUSED');
    await server.start();
    expect(await untilItWorks(store)).toBeLessThan(3_000);
    expect((await store.load([token])).events.get(token)).toEqual([event(1)]);
  });

  it('killed with look-ups in flight: each of them ends', async () => {
    const store = connect();
    await store.load([]);
    await server.pause();
    const flying = Array.from({ length: 20 }, () => failure(store.load([newToken()])));
    const writing = failure(store.add([{ token: newToken(), event: event(1) }]));
    await server.kill();
    for (const { error, ms } of await Promise.all([...flying, writing])) {
      expect(error).toMatchObject({ code: 'unavailable' });
      expect(ms).toBeLessThan(3_000);
    }
    await server.start();
    await untilItWorks(store);
  });

  it('stopped but connected: look-ups fail fast, and work again by themselves', async () => {
    const store = connect();
    await store.load([]);
    await server.pause();
    try {
      for (let attempt = 0; attempt < 3; attempt++) {
        const { error, ms } = await failure(store.load([newToken()]));
        expect(error).toMatchObject({ code: 'unavailable' });
        expect(ms).toBeLessThan(3_000);
      }
    } finally {
      await server.resume();
    }
    expect(await untilItWorks(store)).toBeLessThan(5_000);
  });

  it('stopped when we connect, and when we close', async () => {
    await server.pause();
    try {
      const { error, ms } = await failure(connect().load([]));
      expect(error).toMatchObject({ code: 'unavailable' });
      expect(ms).toBeLessThan(3_000);
      const began = performance.now();
      await client?.close();
      expect(performance.now() - began).toBeLessThan(100);
    } finally {
      await server.resume();
    }
  });

  it('not there at first: the first look-up waits a little, later ones do not, and all is well once it comes', async () => {
    await server.stop();
    const store = connect();
    const first = await failure(store.load([]));
    expect(String(first.error)).toContain('ECONNREFUSED');
    expect(first.ms).toBeLessThan(3_000);
    expect((await failure(store.load([]))).ms).toBeLessThan(100);
    await server.start();
    expect(await untilItWorks(store)).toBeLessThan(3_000);
  });

  it('that wants another password: the error says so and shows neither user nor password', async () => {
    await configure('requirepass', 'the-right-one');
    try {
      const wrong = await failure(connect(server.endpoint.replace('//', '//some-user:the-wrong-one@')).load([]));
      expect(wrong.error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('WRONGPASS') });
      expect(wrong.ms).toBeLessThan(3_000);
      expect(JSON.stringify(wrong.error, Object.getOwnPropertyNames(wrong.error))).not.toMatch(
        /some-user|the-wrong-one/,
      );
      await client?.close();
      const none = await failure(connect().load([]));
      expect(none.error).toMatchObject({ message: expect.stringContaining('NOAUTH') });
      await client?.close();
      expect((await connect(server.endpoint.replace('//', '//:the-right-one@')).load([])).events.size).toBe(0);
    } finally {
      await configure('requirepass', '', 'the-right-one');
    }
  });

  it('that may evict keys is not used, until it may not any more', async () => {
    await configure('maxmemory', '100mb');
    await configure('maxmemory-policy', 'allkeys-lru');
    const store = connect();
    try {
      const { error } = await failure(store.load([]));
      expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('allkeys-lru') });
    } finally {
      await configure('maxmemory-policy', 'noeviction');
    }
    expect(await untilItWorks(store)).toBeLessThan(3_000);
    await configure('maxmemory', '0');
  });

  it('closed by us: commands in flight and later ones fail at once', async () => {
    const store = connect();
    await store.load([]);
    const flying = failure(store.load(Array.from({ length: 10_000 }, newToken)));
    await client?.close();
    expect((await flying).error).toMatchObject({ code: 'unavailable' });
    const later = await failure(store.load([]));
    expect(later.error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('closed') });
    expect(later.ms).toBeLessThan(100);
  });
});
