/** A real Redis that speaks TLS alone, wants a certificate, has its default user off, and knows users by name. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Part } from '../../deploy/local/part.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { launchTwice, startProcessPart } from '../../deploy/local/process-part.ts';
import { redisArgs } from '../../deploy/local/redis.ts';
import { createRunDir } from '../../deploy/local/run-dir.ts';
import { ensureTools } from '../../deploy/local/tools.ts';
import type { Authority } from './certificates.ts';

export type SecureRedis = {
  readonly part: Part;
  /** `rediss://localhost:PORT`; its certificate holds for localhost alone. */
  readonly url: string;
  readonly port: number;
  /** Of the user `admin`, who may do everything. */
  readonly admin: Redis;
  /** Gives a user another password, and ends its connections. */
  readonly setPassword: (user: string, password: string) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** @param rights by user: password and ACL rules, as `ACL SETUSER` takes them */
export async function startSecureRedis(
  authority: Authority,
  rights: Readonly<Record<string, readonly string[]>>,
): Promise<SecureRedis> {
  await ensureTools(['redis-server'], () => {});
  const server = await authority.issue('redis');
  const own = await authority.issue('redis-admin');
  const [ca, cert, key] = [authority.ca, own.cert, own.key].map((file) => readFileSync(file, 'utf8')) as [
    string,
    string,
    string,
  ];
  const runDir = createRunDir();
  try {
    const dataDir = join(runDir.path, 'redis');
    mkdirSync(dataDir);
    const users = Object.entries({ admin: ['>admin', '~*', '&*', '+@all'], ...rights });
    let port = 0;
    let admin: Redis | undefined;
    const part = await launchTwice(
      'redis',
      () => undefined,
      async () => {
        [port = 0] = await freePorts(1);
        const open = new Redis({
          host: 'localhost',
          port,
          username: 'admin',
          password: 'admin',
          tls: { ca, cert, key },
          lazyConnect: true,
          retryStrategy: () => 50,
        });
        open.on('error', () => undefined);
        admin = open;
        return startProcessPart(runDir, {
          name: 'redis',
          endpoint: `rediss://localhost:${port}`,
          dataDir,
          command: 'redis-server',
          args: [
            ...redisArgs(dataDir),
            ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'yes'],
            ...['--tls-cert-file', server.cert, '--tls-key-file', server.key, '--tls-ca-cert-file', authority.ca],
            ...['--user', 'default', 'off'],
            ...users.flatMap(([name, rules]) => ['--user', name, 'on', ...rules]),
          ],
          answers: async () => (await open.ping()) === 'PONG',
          startTimeoutMs: 15_000,
        });
      },
    );
    const client = admin as unknown as Redis;
    return {
      part,
      url: part.endpoint,
      port,
      admin: client,
      setPassword: async (user, password) => {
        await client.call('ACL', 'SETUSER', user, 'resetpass', `>${password}`);
        await client.call('CLIENT', 'KILL', 'USER', user);
      },
      stop: async () => {
        client.disconnect();
        await part.kill();
        runDir.remove();
      },
    };
  } catch (error) {
    runDir.remove();
    throw error;
  }
}
