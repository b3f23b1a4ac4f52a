import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { type Log, logToStderr } from './error.ts';
import type { Part } from './part.ts';
import { freePorts } from './ports.ts';
import { startProcessPart } from './process-part.ts';
import { redisArgs } from './redis.ts';
import { run } from './run-command.ts';
import { createRunDir, type RunDir } from './run-dir.ts';
import { ensureTools } from './tools.ts';

export type RedisTls = {
  readonly part: Part;
  /** PEM file that a client must trust; the server's certificate is for 127.0.0.1 and localhost. */
  readonly caFile: string;
  readonly stop: () => Promise<void>;
};

const selfSigned = async (runDir: RunDir): Promise<{ cert: string; key: string }> => {
  const cert = join(runDir.path, 'tls-cert.pem');
  const key = join(runDir.path, 'tls-key.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', key, '-out', cert];
  await run(runDir, 'certificate', 'openssl', ['req', '-x509', ...elliptic, ...subject, '-days', '2', ...files]);
  return { cert, key };
};

const tlsAnswers = (port: number, ca: Buffer): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca }, () => socket.write('PING\r\n'));
    socket.setTimeout(1000, () => socket.destroy(new Error('no answer within 1 s')));
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString('utf8').startsWith('+PONG'));
    });
  });

/** Starts a Redis that speaks TLS alone, with a certificate made for it. Its part's endpoint begins with `rediss://`. */
export const startRedisTls = async (log: Log = logToStderr): Promise<RedisTls> => {
  await ensureTools(['redis-server', 'openssl'], log);
  const runDir = createRunDir();
  try {
    const { cert, key } = await selfSigned(runDir);
    const [port = 0] = await freePorts(1);
    const dataDir = join(runDir.path, 'redis-tls');
    mkdirSync(dataDir);
    const ca = readFileSync(cert);
    const tls = [
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-ca-cert-file',
      cert,
      '--tls-auth-clients',
      'no',
    ];
    const part = await startProcessPart(runDir, {
      name: 'redis-tls',
      endpoint: `rediss://127.0.0.1:${port}`,
      dataDir,
      command: 'redis-server',
      args: [...redisArgs(dataDir), '--port', '0', '--tls-port', String(port), ...tls],
      answers: () => tlsAnswers(port, ca),
      startTimeoutMs: 15_000,
    });
    const stop = async (): Promise<void> => {
      await part.kill();
      runDir.remove();
    };
    return { part, caFile: cert, stop };
  } catch (error) {
    runDir.remove();
    throw error;
  }
};
