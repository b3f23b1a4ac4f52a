import { readFileSync } from 'node:fs';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { startRedisCluster } from '../../deploy/local/redis-cluster.ts';
import { startRedisTls } from '../../deploy/local/redis-tls.ts';
import { startRedis } from '../../deploy/local/redis.ts';
import { createRunDir } from '../../deploy/local/run-dir.ts';
import { digestFiles } from '../../services/adapters/config/digest.ts';
import { makeRedisBundleStore } from '../../services/adapters/redis/bundle-store.ts';
import { connectRedis, type RedisClientOptions } from '../../services/adapters/redis/client.ts';
import { makeRedisConsentProjection } from '../../services/adapters/redis/consent-projection.ts';
import { makeRedisConsentStore } from '../../services/adapters/redis/consent-store.ts';
import { bundleStoreContract } from '../contract/bundle-store.ts';
import { consentProjectionContract } from '../contract/consent-projection.ts';
import { consentStoreContract, type OpenedStores } from '../contract/consent-store.ts';

const ends: (() => unknown)[] = [];
const options: { [name in 'server' | 'cluster' | 'tls']?: RedisClientOptions } = {};

beforeAll(async () => {
  const runDir = createRunDir();
  ends.push(runDir.remove);
  options.server = { url: (await startRedis(runDir, () => {})).endpoint };
  const cluster = await startRedisCluster(() => {});
  ends.push(cluster.stop);
  options.cluster = { url: cluster.endpoint };
  const tls = await startRedisTls(() => {});
  ends.push(tls.stop);
  options.tls = { url: tls.part.endpoint, tls: { ca: readFileSync(tls.caFile, 'utf8') } };
});

afterAll(() => Promise.all(ends.map((end) => end())));

async function open(name: keyof typeof options): Promise<OpenedStores> {
  const client = connectRedis(options[name] as RedisClientOptions);
  await client.run('flushall', (redis) =>
    Promise.all((redis instanceof Cluster ? redis.nodes('master') : [redis]).map((node) => node.flushall())),
  );
  return {
    consents: makeRedisConsentStore(client),
    bundles: makeRedisBundleStore(client, digestFiles),
    setWatermark: async (watermark) => {
      await client.run('set', (redis) => redis.set('lethe:consent:watermark', JSON.stringify(watermark)));
    },
    close: client.close,
  };
}

for (const [name, title] of [
  ['server', 'Redis'],
  ['cluster', 'Redis Cluster'],
  ['tls', 'Redis over TLS'],
] as const) {
  consentStoreContract(title, () => open(name));
  bundleStoreContract(title, () => open(name));
}

for (const name of ['server', 'cluster'] as const) {
  let client: ReturnType<typeof connectRedis> | undefined;
  consentProjectionContract(`consent projection in a ${name}`, () => {
    if (client === undefined) {
      client = connectRedis(options[name] as RedisClientOptions);
      ends.push(client.close);
    }
    return { consents: makeRedisConsentStore(client), projection: makeRedisConsentProjection(client) };
  });
}
