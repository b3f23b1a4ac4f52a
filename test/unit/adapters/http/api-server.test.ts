import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { serveApi, type ServedRequest } from '../../../../services/adapters/http/api-server.ts';
import { route } from '../../../../services/core/api/route.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function serve(observe: (request: ServedRequest) => void, handle = async () => ({ status: 200, body: {} })) {
  const document = { operationId: 'x', tag: 'x', summary: 'x', answers: {} };
  const routes = [route({ method: 'GET', path: '/v1/x', scope: null, document, handle })];
  const server = await serveApi({
    host: '127.0.0.1',
    port: 0,
    routes,
    authenticate: () => null,
    perMinute: 1_000,
    handlerTimeoutMs: 1_000,
    log: quiet,
    observe,
  });
  closing.push(server.close);
  return server;
}

function say(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

it.each([
  ['no HTTP', 'canary canary\r\n\r\n', 400],
  ['headers beyond measure', `GET /v1/x HTTP/1.1\r\nhost: a\r\nx: ${'canary'.repeat(5_000)}\r\n\r\n`, 431],
  ['two lengths', 'POST /v1/x HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
])('%s is answered with a problem that repeats nothing, and counted', async (_, text, status) => {
  const served: ServedRequest[] = [];
  const { port } = await serve((request) => void served.push(request));
  const answer = await say(port, text);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toContain('content-type: application/problem+json');
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ status });
  expect(answer).not.toContain('canary');
  expect(served).toEqual([{ route: 'unmatched', method: 'invalid', status, seconds: 0 }]);
});

it('finishes requests under way when it closes', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const server = await serve(
    () => {},
    async () => {
      arrived.resolve();
      await promise;
      return { status: 200, body: { done: true } };
    },
  );
  const asked = fetch(`http://127.0.0.1:${server.port}/v1/x`);
  await arrived.promise;
  const closed = server.close();
  resolve();
  expect(await (await asked).json()).toEqual({ done: true });
  await closed;
});

it('says which setting to change where the port is taken', async () => {
  const { port } = await serve(() => {});
  const options = { host: '127.0.0.1', port, routes: [], authenticate: () => null, perMinute: 1, log: quiet };
  await expect(serveApi(options)).rejects.toMatchObject({
    code: 'invalid_config',
    fix: expect.stringContaining('LETHE_API_PORT'),
  });
});

it('answers 503 where what is asked takes too long', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { port } = await serve(
    () => {},
    async () => {
      await promise;
      return { status: 200, body: {} };
    },
  );
  const response = await fetch(`http://127.0.0.1:${port}/v1/x`);
  resolve();
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await response.json()).toMatchObject({ type: 'urn:lethe:problem:unavailable' });
});
