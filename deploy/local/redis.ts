import { mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Log } from './error.ts';
import type { Part } from './part.ts';
import { freePorts } from './ports.ts';
import { launchTwice, startProcessPart } from './process-part.ts';
import type { RunDir } from './run-dir.ts';

/** Sends one inline command and resolves with the first bytes of the reply. No client: a start needs no more than this. */
export const redisSays = (port: number, command: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(1000, () => socket.destroy(new Error('no answer within 1 s')));
    socket.once('error', reject);
    socket.once('connect', () => socket.write(`${command}\r\n`));
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString('utf8'));
    });
  });

/** Arguments every local Redis shares: loopback only, and each write in the file before its reply, to outlive a kill -9. */
export const redisArgs = (dataDir: string): string[] =>
  [
    ['--bind', '127.0.0.1'],
    ['--protected-mode', 'no'],
    ['--dir', dataDir],
    ['--save', ''],
    ['--appendonly', 'yes'],
    // Else the process calls itself "redis-server 127.0.0.1:6379" and a reaper would not know it for ours.
    ['--set-proc-title', 'no'],
  ].flat();

const launch = async (runDir: RunDir): Promise<Part> => {
  const [port = 0] = await freePorts(1);
  const dataDir = join(runDir.path, 'redis');
  rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir);
  return startProcessPart(runDir, {
    name: 'redis',
    endpoint: `redis://127.0.0.1:${port}`,
    dataDir,
    command: 'redis-server',
    args: ['--port', String(port), ...redisArgs(dataDir)],
    answers: async () => (await redisSays(port, 'PING')).startsWith('+PONG'),
    startTimeoutMs: 15_000,
  });
};

/** Starts a Redis 7 from the machine's redis-server. */
export const startRedis = (runDir: RunDir, log: Log): Promise<Part> => launchTwice('redis', log, () => launch(runDir));
