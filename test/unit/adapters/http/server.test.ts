import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type Check, type HttpServer, serveHttp } from '../../../../services/adapters/http/server.ts';
import { makeMetrics } from '../../../../services/adapters/metrics/metrics.ts';
import { LetheError } from '../../../../services/core/errors.ts';

const open: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const metrics = makeMetrics('1.2.3');
const serve = async (ready: () => readonly Check[] | Promise<readonly Check[]> = () => []) => {
  const server = await serveHttp({
    host: '127.0.0.1',
    port: 0,
    metrics: { contentType: metrics.registry.contentType, text: metrics.text },
    ready,
  });
  open.push(server);
  const at = `http://127.0.0.1:${server.port}`;
  return { server, at, ask: (path: string) => fetch(`${at}${path}`) };
};

describe('serveHttp', () => {
  it('serves the metrics in the Prometheus text format', async () => {
    const answer = await (await serve()).ask('/metrics');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toContain('# TYPE lethe_decisions_total counter');
  });

  it('is alive whatever its dependencies do', async () => {
    const { ask } = await serve(() => Promise.reject(new Error('down')));
    const answer = await ask('/livez');
    expect([answer.status, await answer.json()]).toEqual([200, { ok: true }]);
  });

  it.each([
    [200, [{ name: 'redis', ok: true }]],
    [
      503,
      [
        { name: 'redis', ok: true },
        { name: 'kafka', ok: false, reason: 'no answer from 127.0.0.1:9092' },
      ],
    ],
  ])('answers /readyz with %d and every check', async (status, checks) => {
    const answer = await (await serve(() => checks)).ask('/readyz');
    expect([answer.status, await answer.json()]).toEqual([status, { ok: status === 200, checks }]);
  });

  it('asks for readiness each time', async () => {
    let ok = false;
    const { ask } = await serve(() => [{ name: 'assignment', ok }]);
    expect((await ask('/readyz')).status).toBe(503);
    ok = true;
    expect((await ask('/readyz')).status).toBe(200);
  });

  it('repeats nothing of the path or an error', async () => {
    const { ask } = await serve(() => {
      throw new Error('cust-1');
    });
    const failed = await ask('/readyz');
    expect([failed.status, await failed.text()]).toEqual([500, '{"error":"internal"}']);
    const unknown = await ask('/cust-1?cust-1');
    expect([unknown.status, await unknown.text()]).toEqual([404, '{"error":"not_found"}']);
  });

  it('names the port and the setting where the port is taken', async () => {
    const { server } = await serve();
    const again = serveHttp({
      host: '127.0.0.1',
      port: server.port,
      metrics: { contentType: 'text/plain', text: async () => '' },
      ready: () => [],
    });
    const error = await again.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LetheError);
    expect(error).toMatchObject({
      code: 'invalid_config',
      message: `cannot listen on 127.0.0.1:${server.port} (EADDRINUSE)`,
      fix: expect.stringContaining('LETHE_HTTP_PORT'),
    });
  });

  it('closes at once, though a probe still waits for its answer', async () => {
    const asked = Promise.withResolvers<void>();
    const { server, ask } = await serve(() => {
      asked.resolve();
      return new Promise<never>(() => undefined);
    });
    const answer = ask('/readyz').catch((error: unknown) => error);
    await asked.promise;
    const start = performance.now();
    await server.close();
    expect(performance.now() - start).toBeLessThan(1000);
    expect(await answer).toBeInstanceOf(Error);
  });

  it('closes at once, though a scraper keeps its connection open', async () => {
    const { server, at } = await serve();
    const agent = new Agent({ keepAlive: true });
    const [response] = await once(get(`${at}/livez`, { agent }), 'response');
    response.resume();
    await once(response, 'end');
    const start = performance.now();
    await server.close();
    expect(performance.now() - start).toBeLessThan(1000);
    await expect(fetch(`${at}/livez`)).rejects.toThrow();
    await server.close();
    agent.destroy();
  });
});
