import { Cluster } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { createRunDir, type RunDir } from '../../deploy/local/run-dir.ts';
import { digestFiles } from '../../services/adapters/config/digest.ts';
import { makeRedisBundleStore } from '../../services/adapters/redis/bundle-store.ts';
import { connectRedis, type RedisClientOptions } from '../../services/adapters/redis/client.ts';
import { makeRedisConsentStore } from '../../services/adapters/redis/consent-store.ts';
import { bundleStoreContract } from './bundle-store.ts';
import { consentStoreContract, type OpenedStores } from './consent-store.ts';
import { startRedisCluster, startRedisServer, startTlsRedis } from './redis-servers.ts';

let runDir: RunDir;
const options: { [name in 'server' | 'cluster' | 'tls']?: RedisClientOptions } = {};

beforeAll(async () => {
  runDir = createRunDir();
  const [server, cluster, tls] = await Promise.all([
    startRedisServer(runDir),
    startRedisCluster(runDir),
    startTlsRedis(runDir),
  ]);
  options.server = { url: server.endpoint };
  options.cluster = { url: cluster.url };
  options.tls = { url: tls.url, tls: { ca: tls.ca } };
}, 60_000);

afterAll(() => runDir.remove());

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
