/** The control API over TLS; a certificate is made for it, which takes openssl. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureTools } from '../../deploy/local/tools.ts';
import { serveApi } from '../../services/adapters/http/api-server.ts';
import { route } from '../../services/core/api/route.ts';

const dir = mkdtempSync(join(tmpdir(), 'lethe-api-tls-'));
const pair = (name: string) => ({ cert: join(dir, `${name}-cert.pem`), key: join(dir, `${name}-key.pem`) });
const { cert, key } = pair('first');
const later = pair('later');
const used = { cert, key };
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let server: Awaited<ReturnType<typeof serveApi>>;

beforeAll(async () => {
  await ensureTools(['openssl'], () => {});
  const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  for (const one of [pair('first'), later]) {
    const files = ['-keyout', one.key, '-out', one.cert];
    await promisify(execFile)('openssl', ['req', '-x509', ...elliptic, ...subject, '-days', '2', ...files]);
  }
  const document = { operationId: 'x', tag: 'x', summary: 'x', answers: {} };
  const handle = async () => ({ status: 200, body: { fine: true } });
  server = await serveApi({
    host: '127.0.0.1',
    port: 0,
    routes: [route({ method: 'GET', path: '/v1/x', scope: null, document, handle })],
    authenticate: () => null,
    perMinute: 100,
    log: quiet,
    tls: {
      get cert() {
        return readFileSync(used.cert, 'utf8');
      },
      get key() {
        return readFileSync(used.key, 'utf8');
      },
    },
  });
});
afterAll(async () => {
  await server?.close();
  rmSync(dir, { recursive: true });
});

it('answers whoever trusts its certificate', async () => {
  const body = await new Promise<string>((resolve, reject) => {
    const url = `https://localhost:${server.port}/v1/x`;
    get(url, { ca: readFileSync(cert), family: 4 }, (response) => {
      response.setEncoding('utf8');
      response.on('data', resolve);
    }).on('error', reject);
  });
  expect(JSON.parse(body)).toEqual({ fine: true });
});

it('speaks no TLS older than 1.2, and no plain HTTP', async () => {
  await expect(fetch(`http://127.0.0.1:${server.port}/v1/x`)).rejects.toThrow();
  const old = new Promise((resolve, reject) => {
    const options = {
      ca: readFileSync(cert),
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'ALL@SECLEVEL=0',
    } as const;
    connect(server.port, '127.0.0.1', options).on('secureConnect', resolve).on('error', reject);
  });
  await expect(old).rejects.toThrow();
});

it('shows new connections a new certificate, and goes on with the one of before while the key does not fit', async () => {
  const shown = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', { ca: [cert, later.cert].map((file) => readFileSync(file)) });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        resolve(socket.getPeerX509Certificate()?.serialNumber ?? '');
        socket.destroy();
      });
    });
  const serials = [cert, later.cert].map((file) => new X509Certificate(readFileSync(file)).serialNumber);
  expect(await shown()).toBe(serials[0]);
  used.cert = later.cert;
  expect(await shown()).toBe(serials[0]);
  used.key = later.key;
  expect(await shown()).toBe(serials[1]);
});
