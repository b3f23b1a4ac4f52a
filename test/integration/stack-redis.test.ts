import { existsSync, readFileSync } from 'node:fs';
import { Cluster, Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { startRedisCluster } from '../../deploy/local/redis-cluster.ts';
import { startRedisTls } from '../../deploy/local/redis-tls.ts';

const silent = (): void => {};

describe('startRedisCluster', () => {
  it('gives three masters that share the slots, and takes them away again', async () => {
    const started = await startRedisCluster(silent);
    const pids = started.nodes.map((node) => node.pid);
    const nodes = started.endpoint.replace('redis+cluster://', '').split(',');
    const cluster = new Cluster(nodes.map((node) => ({ host: '127.0.0.1', port: Number(node.split(':')[1]) })));
    try {
      const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
      await Promise.all(keys.map((key) => cluster.set(key, key)));
      expect(await Promise.all(keys.map((key) => cluster.get(key)))).toEqual(keys);
      const sizes = await Promise.all(cluster.nodes('master').map((node) => node.dbsize()));
      expect(sizes).toHaveLength(3);
      expect(sizes.every((size) => size > 0)).toBe(true);
    } finally {
      cluster.disconnect();
      await started.stop();
    }
    for (const pid of pids) expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH');
  });
});

describe('startRedisTls', () => {
  it('answers those who trust its certificate, and nobody in the clear', async () => {
    const { part, caFile, stop } = await startRedisTls(silent);
    try {
      const secure = new Redis(part.endpoint, { tls: { ca: readFileSync(caFile) } });
      expect(await secure.ping()).toBe('PONG');
      secure.disconnect();
      const options = { retryStrategy: () => null, maxRetriesPerRequest: 0, commandTimeout: 1000 };
      for (const [url, more] of [
        [part.endpoint.replace('rediss:', 'redis:'), {}],
        [part.endpoint, { tls: {} }],
      ] as const) {
        const refused = new Redis(url, { ...options, ...more });
        refused.on('error', silent);
        await expect(refused.ping()).rejects.toThrow();
        refused.disconnect();
      }
    } finally {
      await stop();
    }
    expect(existsSync(caFile)).toBe(false);
  });
});
