/** What a process shows of itself over HTTP: `/metrics`, `/livez`, `/readyz`. Nothing else, and nothing that changes it. */
import { fastify } from 'fastify';
import { LetheError } from '../../core/errors.ts';

/** One thing that readiness depends on. `reason` says what is wrong: codes and endpoints, never a value from data. */
export type Check = { readonly name: string; readonly ok: boolean; readonly reason?: string };

export type HttpOptions = {
  /** An address to listen on; all interfaces by default, because probes and Prometheus come from outside. */
  readonly host?: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> };
  /** Must answer from what is already known: a probe is no reason to ask a dependency. */
  readonly ready: () => readonly Check[] | Promise<readonly Check[]>;
};

export type HttpServer = {
  readonly port: number;
  /** Stops listening and drops open connections; resolves at once when called again. */
  readonly close: () => Promise<void>;
};

/**
 * Serves until closed. `/livez` answers 200 whenever the process turns its event loop; `/readyz` answers 200 or 503
 * with `{ok, checks}`.
 *
 * Throws `invalid_config` where the port cannot be had.
 */
export const serveHttp = async (options: HttpOptions): Promise<HttpServer> => {
  const host = options.host ?? '0.0.0.0';
  // Keep-alive connections of a scraper must not hold up a worker that was told to stop.
  const app = fastify({ logger: false, forceCloseConnections: true });

  app.get('/livez', () => ({ ok: true }));
  app.get('/readyz', async (_request, reply) => {
    const checks = await options.ready();
    const ok = checks.every((check) => check.ok);
    return reply.code(ok ? 200 : 503).send({ ok, checks });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(options.metrics.contentType).send(await options.metrics.text()),
  );
  // fastify's own answers repeat the path and the error's text: a path or an error may hold anything.
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not_found' }));
  app.setErrorHandler((_error, _request, reply) => reply.code(500).send({ error: 'internal' }));

  try {
    await app.listen({ host, port: options.port });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new LetheError('invalid_config', `cannot listen on ${host}:${options.port} (${code})`, {
      fix: 'Set LETHE_HTTP_PORT to a free port, or to 0 for any.',
      cause,
    });
  }
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: async () => {
      await app.close();
    },
  };
};
