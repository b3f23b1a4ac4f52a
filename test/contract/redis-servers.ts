/** Redis as the contract tests need it: alone, as a cluster of three, behind TLS; on free ports, gone afterwards. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Part } from '../../deploy/local/part.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { startProcessPart } from '../../deploy/local/process-part.ts';
import { redisArgs, redisSays } from '../../deploy/local/redis.ts';
import type { RunDir } from '../../deploy/local/run-dir.ts';

const SLOTS = 16_384;

async function startServer(runDir: RunDir, name: string, port: number, more: readonly string[]): Promise<Part> {
  const dataDir = join(runDir.path, name);
  mkdirSync(dataDir, { recursive: true });
  return startProcessPart(runDir, {
    name,
    endpoint: `redis://127.0.0.1:${port}`,
    dataDir,
    command: 'redis-server',
    args: ['--port', String(port), ...redisArgs(dataDir), ...more],
    // With a password it answers -NOAUTH, which will do.
    answers: async () => /^[+-]/.test(await redisSays(port, 'PING')),
    startTimeoutMs: 15_000,
  });
}

export async function startRedisServer(runDir: RunDir, more: readonly string[] = []): Promise<Part> {
  const [port = 0] = await freePorts(1);
  return startServer(runDir, `redis-${port}`, port, more);
}

export type RedisCluster = { readonly nodes: readonly Part[]; readonly ports: readonly number[]; readonly url: string };

/** Three masters, each with a third of the slots, no replicas. */
export async function startRedisCluster(runDir: RunDir): Promise<RedisCluster> {
  const all = await freePorts(6);
  const ports = all.slice(0, 3);
  const buses = all.slice(3);
  const nodes = await Promise.all(
    ports.map((port, i) =>
      startServer(runDir, `cluster-${port}`, port, [
        ...['--cluster-enabled', 'yes', '--cluster-port', String(buses[i]), '--cluster-node-timeout', '2000'],
        ...['--cluster-require-full-coverage', 'no'],
      ]),
    ),
  );
  const clients = ports.map((port) => new Redis({ port }));
  for (const [i, client] of clients.entries()) {
    const [from, to] = [Math.ceil((SLOTS * i) / 3), Math.ceil((SLOTS * (i + 1)) / 3) - 1];
    await client.cluster('ADDSLOTSRANGE', from, to);
    await client.call('CLUSTER', 'MEET', '127.0.0.1', String(ports[0]), String(buses[0]));
  }
  const deadline = Date.now() + 20_000;
  for (const client of clients) {
    while (!/cluster_state:ok[^]*cluster_known_nodes:3/.test(await client.cluster('INFO'))) {
      if (Date.now() > deadline) throw new Error('the Redis cluster did not come together');
      await sleep(50);
    }
  }
  for (const client of clients) client.disconnect();
  return { nodes, ports, url: ports.map((port) => `redis://127.0.0.1:${port}`).join(',') };
}

export type TlsRedis = { readonly url: string; readonly ca: string };

/** Speaks TLS only, with a certificate of an authority made for the occasion. */
export async function startTlsRedis(runDir: RunDir): Promise<TlsRedis> {
  const file = (name: string): string => join(runDir.path, name);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...newKey, '-subj', '/CN=test authority', '-keyout', file('ca.key'), '-out', file('ca.crt'));
  openssl(
    ...['req', '-x509', ...newKey, '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-keyout', file('tls.key'), '-out', file('tls.crt')],
  );
  const [plain = 0, port = 0] = await freePorts(2);
  await startServer(runDir, 'redis-tls', plain, [
    ...['--tls-port', String(port), '--tls-auth-clients', 'no', '--tls-ca-cert-file', file('ca.crt')],
    ...['--tls-cert-file', file('tls.crt'), '--tls-key-file', file('tls.key')],
  ]);
  return { url: `rediss://127.0.0.1:${port}`, ca: readFileSync(file('ca.crt'), 'utf8') };
}
