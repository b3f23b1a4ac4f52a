/**
 * TLS, a client's certificate and basic auth before a schema registry, by nginx: Apicurio itself takes user and password
 * only with an OpenID server behind it, and registries stand behind such a proxy in practice.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Part } from '../../deploy/local/part.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { launchTwice, startProcessPart } from '../../deploy/local/process-part.ts';
import { createRunDir } from '../../deploy/local/run-dir.ts';
import { ensureTools } from '../../deploy/local/tools.ts';
import type { Authority } from './certificates.ts';

export type SecureRegistry = {
  readonly part: Part;
  /** `https://localhost:PORT/…`; its certificate holds for localhost alone. */
  readonly url: string;
  /** The one user's password; the next request has to bring the new one. */
  readonly setPassword: (password: string) => void;
  readonly stop: () => Promise<void>;
};

/**
 * @param registry base URL of a registry that anybody may use
 * @param login its user and first password
 * @param wantsCertificate whether a client has to show one of the authority's
 */
export async function startSecureRegistry(
  authority: Authority,
  registry: string,
  login: { readonly user: string; readonly password: string },
  wantsCertificate: boolean,
): Promise<SecureRegistry> {
  await ensureTools(['nginx'], () => {});
  const { cert, key } = await authority.issue('registry');
  const runDir = createRunDir();
  const { origin, pathname } = new URL(registry);
  const users = join(runDir.path, 'users');
  const setPassword = (password: string): void => writeFileSync(users, `${login.user}:{PLAIN}${password}\n`);
  try {
    setPassword(login.password);
    const temporary = join(runDir.path, 'temporary');
    mkdirSync(temporary);
    // nginx may serve as another user than the one who starts it.
    for (const path of [runDir.path, temporary]) chmodSync(path, 0o777);
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${temporary};`);
    let port = 0;
    const part = await launchTwice(
      'nginx',
      () => undefined,
      async () => {
        [port = 0] = await freePorts(1);
        const file = join(runDir.path, 'nginx.conf');
        const text = `daemon off; master_process off; pid ${join(runDir.path, 'nginx.pid.txt')};
error_log ${join(runDir.path, 'nginx-errors.log')};
events {}
http {
  access_log off; ${paths.join(' ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${cert}; ssl_certificate_key ${key};
    ssl_client_certificate ${authority.ca}; ssl_verify_client ${wantsCertificate ? 'on' : 'off'};
    auth_basic "registry"; auth_basic_user_file ${users};
    location / { proxy_pass ${origin}; }
  }
}
`;
        writeFileSync(file, text);
        return startProcessPart(runDir, {
          name: 'nginx',
          endpoint: `https://localhost:${port}${pathname}`,
          dataDir: temporary,
          command: 'nginx',
          args: ['-c', file, '-e', join(runDir.path, 'nginx-errors.log')],
          answers: () =>
            new Promise((resolve, reject) => {
              const socket = connect(port, '127.0.0.1', () => {
                socket.destroy();
                resolve(true);
              }).once('error', reject);
            }),
          startTimeoutMs: 15_000,
        });
      },
    );
    const stop = async (): Promise<void> => {
      await part.kill();
      runDir.remove();
    };
    return { part, url: part.endpoint, setPassword, stop };
  } catch (error) {
    runDir.remove();
    throw error;
  }
}
