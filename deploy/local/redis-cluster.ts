import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, logToStderr, StackError } from './error.ts';
import type { Part } from './part.ts';
import { freePorts } from './ports.ts';
import { startProcessPart } from './process-part.ts';
import { redisArgs, redisSays } from './redis.ts';
import { createRunDir } from './run-dir.ts';
import { ensureTools } from './tools.ts';

const SLOTS = 16_384;
const NODES = 3;
const JOIN_TIMEOUT_MS = 30_000;

export type RedisCluster = {
  /** `redis+cluster://127.0.0.1:P1,127.0.0.1:P2,127.0.0.1:P3` */
  readonly endpoint: string;
  readonly nodes: readonly Part[];
  readonly stop: () => Promise<void>;
};

const expectOk = async (port: number, command: string): Promise<void> => {
  const reply = await redisSays(port, command);
  if (!reply.startsWith('+OK')) throw new StackError(`redis-cluster: ${command} was answered ${reply.trim()}`);
};

/** What `redis-cli --cluster create` does, less its waits: slots dealt out, epochs apart, everybody introduced. */
const introduce = async (ports: readonly number[], busPorts: readonly number[]): Promise<void> => {
  const first = ports[0] ?? 0;
  for (const [index, port] of ports.entries()) {
    const from = Math.floor((index * SLOTS) / NODES);
    const to = Math.floor(((index + 1) * SLOTS) / NODES) - 1;
    await expectOk(port, `CLUSTER ADDSLOTSRANGE ${from} ${to}`);
    await expectOk(port, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`);
    if (index > 0) await expectOk(first, `CLUSTER MEET 127.0.0.1 ${port} ${busPorts[index]}`);
  }
  const joined = async (port: number): Promise<boolean> => {
    const info = await redisSays(port, 'CLUSTER INFO');
    return info.includes('cluster_state:ok') && info.includes(`cluster_size:${NODES}`);
  };
  for (const deadline = Date.now() + JOIN_TIMEOUT_MS; ; await sleep(50)) {
    if ((await Promise.all(ports.map(joined))).every(Boolean)) return;
    if (Date.now() > deadline) throw new StackError('redis-cluster: the nodes did not find each other');
  }
};

const clusterArgs = (port: number, busPort: number): string[] =>
  [
    ['--port', String(port)],
    ['--cluster-enabled', 'yes'],
    ['--cluster-port', String(busPort)],
    ['--cluster-config-file', 'nodes.conf'],
    ['--cluster-node-timeout', '2000'],
  ].flat();

/** Starts a Redis Cluster of three masters as local processes. */
export const startRedisCluster = async (log: Log = logToStderr): Promise<RedisCluster> => {
  await ensureTools(['redis-server'], log);
  const runDir = createRunDir();
  try {
    const all = await freePorts(NODES * 2);
    const ports = all.slice(0, NODES);
    const busPorts = all.slice(NODES);
    const nodes = await Promise.all(
      ports.map((port, index) => {
        const name = `redis-${index}`;
        const dataDir = join(runDir.path, name);
        mkdirSync(dataDir);
        return startProcessPart(runDir, {
          name,
          endpoint: `redis://127.0.0.1:${port}`,
          dataDir,
          command: 'redis-server',
          args: [...redisArgs(dataDir), ...clusterArgs(port, busPorts[index] ?? 0)],
          answers: async () => (await redisSays(port, 'PING')).startsWith('+PONG'),
          startTimeoutMs: 15_000,
        });
      }),
    );
    await introduce(ports, busPorts);
    return {
      endpoint: `redis+cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`,
      nodes,
      stop: async () => {
        await Promise.all(nodes.map((node) => node.kill()));
        runDir.remove();
      },
    };
  } catch (error) {
    runDir.remove();
    throw error;
  }
};
