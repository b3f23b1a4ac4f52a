/** What Lethe asks of ioredis (TRAPS of ioredis: by default it queues, waits and retries where Lethe has to know). */
import type { ClusterOptions, DNSLookupFunction, RedisOptions } from 'ioredis';
import type { RedisEndpoint } from './endpoint.ts';

/** Certificates in PEM, as Node's `tls.connect` takes them. A member may be a getter: it is read at each connection. */
export type RedisTls = { readonly ca?: string; readonly cert?: string; readonly key?: string };

const CONNECT_TIMEOUT_MS = 2_000;
const FIRST_RETRY_MS = 50;
const SLOWEST_RETRY_MS = 1_000;

/** For ever, slower and slower up to a second: a worker resumes by itself however long Redis was away. */
export function retryDelay(attempt: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10), SLOWEST_RETRY_MS);
}

/** Who to be at the server. */
export type RedisLogin = { readonly username: string | null; readonly password: string | null };

export function standaloneOptions(endpoint: RedisEndpoint, tls: RedisTls, login: RedisLogin, commandTimeoutMs: number) {
  const node = endpoint.nodes[0];
  if (node === undefined) throw new Error('an endpoint has a node');
  return {
    ...connectionOptions(endpoint, tls, login, commandTimeoutMs),
    host: node.host,
    port: node.port,
    db: endpoint.db,
    enableOfflineQueue: false,
    retryStrategy: retryDelay,
    // A failover behind one address leaves us on a replica.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions;
}

export function clusterOptions(endpoint: RedisEndpoint, tls: RedisTls, login: RedisLogin, commandTimeoutMs: number) {
  return {
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelay,
    slotsRefreshTimeout: commandTimeoutMs,
    redisOptions: connectionOptions(endpoint, tls, login, commandTimeoutMs),
    // Certificates name hosts: do not turn them into addresses before connecting.
    ...(endpoint.tls ? { dnsLookup: keepName } : {}),
  } satisfies ClusterOptions;
}

function connectionOptions(endpoint: RedisEndpoint, tls: RedisTls, login: RedisLogin, commandTimeoutMs: number) {
  const { username, password } = login;
  return {
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    // Itself, not a copy: its members are read at each connection.
    ...(endpoint.tls ? { tls } : {}),
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: commandTimeoutMs,
    // A half-open socket is dropped soon after its first command was given up.
    socketTimeout: commandTimeoutMs + 500,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
  } satisfies RedisOptions;
}

const keepName: DNSLookupFunction = (host, done) => done(null, host);
