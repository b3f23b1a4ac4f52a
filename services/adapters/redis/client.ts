import { Cluster, Redis } from 'ioredis';
import { LetheError } from '../../core/errors.ts';
import { endpointName, parseRedisUrl } from './endpoint.ts';
import { CLOSED, NO_TLS_CONNECTION, reasonOf, redisUnavailable } from './failure.ts';
import { keepStringsFast } from './fast-strings.ts';
import { clusterOptions, type RedisLogin, type RedisTls, standaloneOptions } from './options.ts';
import { defineScripts } from './scripts.ts';
import { inspect } from './server-check.ts';

export type RedisClientOptions = {
  /** `REDIS_URL`; see `parseRedisUrl`. */
  readonly url: string;
  readonly tls?: RedisTls;
  /** Asked before each connection: the URL by then, of which only user and password count, and what stands in no URL. */
  readonly login?: () => { readonly url: string; readonly username: string | null; readonly password: string | null };
  /** A command that has no answer after so many milliseconds has failed. Default 2,000. */
  readonly commandTimeoutMs?: number;
  /** Told of every round trip, failed ones too: command in lower case, duration in seconds. */
  readonly observe?: (command: string, seconds: number) => void;
};

export type RedisClient = {
  /** `host:port,…`, for messages; never holds the password. */
  readonly endpoint: string;
  /**
   * Runs commands against the server, all of them within the command timeout.
   * @throws LetheError `unavailable`, retryable, naming endpoint and setting; at once while Redis is known to be away.
   */
  readonly run: <T>(command: string, action: (redis: Redis | Cluster) => Promise<T>) => Promise<T>;
  /** Drops the connection and makes a new one: what is in flight fails. For replies that make no sense. */
  readonly reconnect: () => void;
  /** Ends at once; commands in flight fail. */
  readonly close: () => Promise<void>;
};

const RECHECK_MS = 1_000;

/**
 * Connects to Redis: one server, or a cluster, whether the URL says so or the server does. Returns at once and keeps
 * connecting for ever; the first commands wait for the connection. Loses no time on a server that is away, resends
 * nothing, and emits no unhandled errors.
 *
 * @throws LetheError `invalid_config` where the URL cannot be read.
 */
export function connectRedis(options: RedisClientOptions): RedisClient {
  keepStringsFast();
  const endpoint = parseRedisUrl(options.url);
  const name = endpointName(endpoint);
  const timeout = options.commandTimeoutMs ?? 2_000;
  let clustered = endpoint.cluster;
  let lastReason: string | null = null;
  let closed = false;
  /** Connected and found fit for use; null while that is not so. */
  let usable: Redis | Cluster | null = null;
  /** A connection is on its way and worth waiting for: true at the start and after `reconnect`. */
  let expecting = true;
  const waiting = new Set<() => void>();
  let recheck: NodeJS.Timeout | undefined;
  let link = open();

  function currentLogin(): RedisLogin {
    const asked = options.login?.();
    if (asked === undefined) return endpoint;
    const inUrl = credentialsIn(asked.url) ?? endpoint;
    return { username: asked.username ?? inUrl.username, password: asked.password ?? inUrl.password };
  }

  function open(): Redis | Cluster {
    const login = currentLogin();
    const opened = clustered
      ? new Cluster([...endpoint.nodes], clusterOptions(endpoint, options.tls ?? {}, login, timeout))
      : new Redis(standaloneOptions(endpoint, options.tls ?? {}, login, timeout));
    defineScripts(opened);
    let connected = false;
    const replaceIfOutdated = (): void => {
      if (closed || link !== opened) return;
      const now = currentLogin();
      if (now.username !== login.username || now.password !== login.password) replace();
    };
    const note = (error: unknown): void => {
      const reason = reasonOf(error) ?? lastReason;
      lastReason = reason === 'ECONNRESET' && connected && usable === null ? CLOSED : reason;
      // A node of a cluster may be refused while the others go on.
      if (lastReason === 'it answered WRONGPASS' || lastReason === 'it answered NOAUTH') replaceIfOutdated();
    };
    opened.on('connect', () => {
      connected = true;
    });
    opened.on('error', note);
    opened.on('node error', note);
    opened.on('close', () => {
      if (link !== opened) return;
      // Refused without a word, as a server does that wants TLS.
      if (connected && usable === null) lastReason ??= CLOSED;
      connected = false;
      usable = null;
      replaceIfOutdated();
    });
    opened.on('ready', () => void welcome(opened));
    return opened;
  }

  function replace(): void {
    usable = null;
    clearTimeout(recheck);
    const old = link;
    link = open();
    discard(old);
  }

  async function welcome(opened: Redis | Cluster): Promise<void> {
    const verdict = await inspect(opened).catch((error: unknown) => ({ fault: reasonOf(error) ?? 'it went away' }));
    if (closed || link !== opened || opened.status !== 'ready') return;
    if (verdict === 'cluster') {
      clustered = true;
      replace();
    } else if (verdict === 'fit') {
      usable = opened;
      expecting = false;
      lastReason = null;
      for (const go of waiting) go();
      waiting.clear();
    } else {
      lastReason = verdict.fault;
      recheck = setTimeout(() => void welcome(opened), RECHECK_MS);
    }
  }

  async function connection(deadline: Promise<never>): Promise<Redis | Cluster> {
    if (usable?.status === 'ready') return usable;
    if (expecting && !closed) {
      const { promise: connected, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      await Promise.race([connected, deadline]).catch(() => {
        expecting = false;
      });
      waiting.delete(resolve);
    }
    if (usable === null || closed) throw unavailable(null);
    return usable;
  }

  function unavailable(error: unknown): LetheError {
    const reason = closed
      ? 'this connection was closed'
      : (reasonOf(error) ?? lastReason ?? (endpoint.tls ? NO_TLS_CONNECTION : 'no connection'));
    return redisUnavailable(name, reason);
  }

  return {
    endpoint: name,
    async run(command, action) {
      const began = performance.now();
      const { promise: deadline, reject } = Promise.withResolvers<never>();
      deadline.catch(() => {});
      const timer = setTimeout(() => reject(new Error('Command timed out')), timeout);
      try {
        return await Promise.race([action(await connection(deadline)), deadline]);
      } catch (error) {
        if (error instanceof LetheError || error instanceof TypeError) throw error;
        throw unavailable(error);
      } finally {
        clearTimeout(timer);
        options.observe?.(command, (performance.now() - began) / 1000);
      }
    },
    reconnect() {
      if (closed || usable === null) return;
      expecting = true;
      replace();
    },
    close() {
      closed = true;
      usable = null;
      clearTimeout(recheck);
      for (const go of waiting) go();
      waiting.clear();
      discard(link);
      return Promise.resolve();
    },
  };
}

/** `disconnect` alone waits for the server's end of the connection, which a stopped server never closes. */
function discard(link: Redis | Cluster): void {
  const nodes = link instanceof Cluster ? link.nodes() : [link];
  link.disconnect();
  for (const node of nodes) (node as { stream?: { destroy: () => void } }).stream?.destroy();
}

/** What a URL says by now; null where it is halfway through a change. */
function credentialsIn(url: string): RedisLogin | null {
  try {
    return parseRedisUrl(url);
  } catch {
    return null;
  }
}
