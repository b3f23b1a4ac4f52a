/** The control API over HTTP: routes as data (core/api/route.ts), served by fastify. */
import { randomUUID } from 'node:crypto';
import type { Server as TlsServer } from 'node:tls';
import rateLimit from '@fastify/rate-limit';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Answer, problem } from '../../core/api/problem.ts';
import type { ApiRoute } from '../../core/api/route.ts';
import type { Caller } from '../../core/api/scopes.ts';
import { LetheError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { answerOf, Refused, refuseConnection } from './api-refusals.ts';
import { parseStrictJson } from './strict-json.ts';

export type ServedRequest = {
  /** As declared, never as asked for; `unmatched` where there is none. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
};

export type ServerTls = { readonly cert: string; readonly key: string };

export type ApiOptions = {
  readonly routes: readonly ApiRoute[];
  /** Who a bearer token belongs to; null for nobody. */
  readonly authenticate: (token: string) => Caller | null;
  /** Requests a minute of a token that says nothing else. */
  readonly perMinute: number;
  readonly log: Log;
  readonly observe?: (request: ServedRequest) => void;
  /** Whoever waits longer gets 503, whatever becomes of what was asked. Default 25,000. */
  readonly handlerTimeoutMs?: number;
  /** PEM. Members may be getters: they are read at each connection. */
  readonly tls?: ServerTls | null;
};

export type ApiAddress = { readonly host: string /** 0 picks a free one. */; readonly port: number };

/** A request id of the client's is taken where it cannot be anything but an id. */
const SAFE_ID = /^[A-Za-z0-9_-]{16,64}$/;
const REQUEST_TIMEOUT_MS = 30_000;
const TLS_MIN_VERSION = 'TLSv1.2';
const REALM = 'Bearer realm="lethe"';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route that was declared. */
    readonly declared?: ApiRoute;
  }
  interface FastifyRequest {
    /** Whose token came with it. */
    lethe: { caller: Caller | null; rawBody: Uint8Array };
  }
}

/** The server, not listening yet; `inject` asks it without a network. */
export async function makeApi(options: ApiOptions): Promise<FastifyInstance> {
  const { log, tls = null } = options;
  const first = tls === null ? null : { cert: tls.cert, key: tls.key };
  const observe = (
    request: ServedRequest,
    more: { readonly requestId: string; readonly token: string | null },
  ): void => {
    const { seconds, ...rest } = request;
    log.info({ ...more, ...rest, ms: Math.round(seconds * 1_000) }, 'Request');
    options.observe?.(request);
  };
  const app = fastify({
    logger: false,
    ...(first === null ? {} : { https: { ...first, minVersion: TLS_MIN_VERSION } as never }),
    requestIdHeader: false,
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && SAFE_ID.test(given) ? given : randomUUID();
    },
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Shorter than what proxies wait, so that the answer is ours.
    handlerTimeout: options.handlerTimeoutMs ?? 25_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (error, request, reply) => void answer(request, reply as FastifyReply, answerOf(error)),
    clientErrorHandler: (error, socket) => {
      const requestId = randomUUID();
      const status = refuseConnection(error, socket, requestId);
      if (status > 0)
        observe({ route: 'unmatched', method: 'invalid', status, seconds: 0 }, { requestId, token: null });
    },
  });

  if (tls !== null && first !== null) renewCertificate(app.server as unknown as TlsServer, tls, first, log);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    request.lethe.rawBody = bytes;
    const parsed = parseStrictJson(bytes);
    if (parsed.ok) done(null, parsed.value);
    else done(new Refused(answerOf({ statusCode: 400 })), undefined);
  });

  app.decorateRequest('lethe');
  const allowed = makeAllowed(options.routes);
  app.addHook('onRequest', async (request) => {
    request.lethe = { caller: null, rawBody: new Uint8Array() };
    if (request.is404) throw new Refused(nothingThere(allowed(request.url)));
    const declared = request.routeOptions.config.declared;
    if (declared === undefined || declared.scope === null) return;
    const caller = callerOf(request.headers.authorization, options.authenticate);
    request.lethe.caller = caller;
    if (!caller.scopes.has(declared.scope)) throw new Refused(notAllowed(declared.scope));
  });
  app.addHook('onResponse', async (request, reply) => {
    observe(
      {
        route: request.routeOptions.config.declared?.path ?? 'unmatched',
        method: request.method,
        status: reply.statusCode,
        seconds: reply.elapsedTime / 1_000,
      },
      { requestId: request.id, token: request.lethe?.caller?.name ?? null },
    );
  });
  app.setErrorHandler((error, request, reply) => {
    const said = answerOf(error);
    if (said.status >= 500) {
      const { name, code } = error as { name?: string; code?: string };
      log.error({ requestId: request.id, error: name ?? null, code: code ?? null }, 'A request failed');
    }
    return answer(request, reply, said);
  });
  app.setNotFoundHandler((request, reply) => answer(request, reply, nothingThere(allowed(request.url))));

  await app.register(rateLimit, {
    global: true,
    hook: 'onRequest',
    timeWindow: 60_000,
    max: (request) => request.lethe.caller?.perMinute ?? options.perMinute,
    keyGenerator: ({ lethe, ip }) => (lethe.caller === null ? `ip ${ip}` : `token ${lethe.caller.name}`),
    errorResponseBuilder: (_request, { ttl }) => {
      const seconds = String(Math.ceil(ttl / 1_000));
      return new Refused(
        problem('too_many_requests', 'The token has had its requests of this minute.', {
          headers: { 'retry-after': seconds },
        }),
      );
    },
  });
  for (const declared of options.routes) addRoute(app, declared);
  await app.ready();
  return app;
}

/**
 * Shows each new connection the certificate of that moment. Certificate and key are two files: where they do not fit yet
 * (halfway through a change), or are broken, those of before stay.
 */
function renewCertificate(server: TlsServer, tls: ServerTls, first: ServerTls, log: Log): void {
  let tried = first;
  // Before the handshake of this very connection.
  server.prependListener('connection', () => {
    const { cert, key } = tls;
    if (cert === tried.cert && key === tried.key) return;
    tried = { cert, key };
    try {
      server.setSecureContext({ cert, key, minVersion: TLS_MIN_VERSION });
      log.info({}, 'The API has a new certificate');
    } catch {
      // OpenSSL's message may hold anything.
      log.warn({}, 'The certificate of before stays in use: LETHE_API_TLS_CERT and LETHE_API_TLS_KEY cannot be used');
    }
  });
}

/**
 * Serves until closed; requests under way are finished.
 *
 * Throws `invalid_config` where the port cannot be had.
 */
export async function serveApi(
  options: ApiOptions & ApiAddress,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const { host, port } = options;
  const app = await makeApi(options);
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new LetheError('invalid_config', `cannot listen on ${host}:${port} (${code})`, {
      fix: 'Set LETHE_API_PORT to a free port, or to 0 for any.',
      cause,
    });
  }
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: async () => {
      await app.close();
    },
  };
}

function addRoute(app: FastifyInstance, declared: ApiRoute): void {
  app.route({
    method: declared.method,
    url: declared.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    bodyLimit: declared.bodyLimit,
    config: { declared },
    handler: async (request, reply) => {
      const { caller, rawBody } = request.lethe;
      const said = await declared.serve({
        body: request.body,
        rawBody,
        query: request.query,
        params: request.params as Readonly<Record<string, string>>,
        header: (name) => {
          const value = request.headers[name];
          return typeof value === 'string' ? value : null;
        },
        caller,
      });
      return answer(request, reply, said);
    },
  });
}

function answer(request: FastifyRequest, reply: FastifyReply, said: Answer): FastifyReply {
  const { status, body, contentType = 'application/json', headers = {} } = said;
  const shown = typeof body !== 'object' || !/problem/.test(contentType) ? body : { ...body, instance: request.id };
  return reply
    .code(status)
    .headers({
      'x-request-id': request.id,
      // What is told of a subject is nobody else's, and old a moment later.
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
      'content-type': contentType,
    })
    .send(typeof shown === 'string' ? shown : JSON.stringify(shown));
}

function callerOf(authorization: string | undefined, authenticate: ApiOptions['authenticate']): Caller {
  const token = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization ?? '')?.[1];
  const caller = token === undefined ? null : authenticate(token);
  if (caller !== null) return caller;
  // RFC 6750: without credentials the challenge names no error.
  const challenge = authorization === undefined ? REALM : `${REALM}, error="invalid_token"`;
  throw new Refused(
    problem('unauthorized', 'Send "Authorization: Bearer TOKEN" with a token of the tokens file.', {
      headers: { 'www-authenticate': challenge },
    }),
  );
}

function notAllowed(scope: string): Answer {
  return problem('insufficient_scope', `The scope ${scope} is needed.`, {
    headers: { 'www-authenticate': `${REALM}, error="insufficient_scope", scope="${scope}"` },
  });
}

function nothingThere(methods: readonly string[]): Answer {
  if (methods.length === 0) return answerOf({ statusCode: 404 });
  const allow = methods.join(', ');
  return problem('method_not_allowed', `Allowed here: ${allow}.`, { headers: { allow } });
}

/** The methods that a URL has routes for. */
function makeAllowed(routes: readonly ApiRoute[]): (url: string) => readonly string[] {
  const known = routes.map(({ path, method }) => ({
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    methods: method === 'GET' ? ['GET', 'HEAD'] : [method],
  }));
  return (url) => {
    const path = url.split(/[?#]/, 1)[0] ?? '';
    return known.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
  };
}
