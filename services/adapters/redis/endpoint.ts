/** Reads `REDIS_URL`. Nothing here ever puts the user or the password into a message. */
import { LetheError } from '../../core/errors.ts';

export type RedisEndpoint = {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Said by the URL; a single URL is asked on connecting whether it is a cluster all the same. */
  readonly cluster: boolean;
  readonly tls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  readonly db: number;
};

const SCHEME = /^(rediss?)(\+cluster)?:\/\//i;
const DEFAULT_PORT = 6379;
const FORMS = 'redis://HOST:PORT, rediss://… for TLS, redis+cluster://HOST:PORT,HOST:PORT for a cluster';

/**
 * Parses `redis://`, `rediss://`, `redis+cluster://` and `rediss+cluster://` URLs. Nodes of a cluster are separated by
 * commas, each a URL of its own or, after the first, `HOST:PORT` alone; credentials and `/DB` may stand on any of them.
 *
 * @throws LetheError `invalid_config`, never showing the text, since that holds the password.
 */
export function parseRedisUrl(text: string): RedisEndpoint {
  const parts = text.split(',').map((part) => part.trim());
  const scheme = SCHEME.exec(parts[0] ?? '');
  if (scheme === null) throw malformed('it has to begin with redis:// or rediss://');
  const tls = scheme[1]?.toLowerCase() === 'rediss';
  const nodes: { host: string; port: number }[] = [];
  let cluster = scheme[2] !== undefined || parts.length > 1;
  let username: string | null = null;
  let password: string | null = null;
  let db = 0;
  for (const part of parts) {
    const own = SCHEME.exec(part);
    if (own !== null) {
      if ((own[1]?.toLowerCase() === 'rediss') !== tls) throw malformed('its nodes mix TLS and plain text');
      cluster ||= own[2] !== undefined;
    }
    const url = parse(part.slice(own?.[0].length ?? 0));
    nodes.push({ host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? DEFAULT_PORT : Number(url.port) });
    username ??= decoded(url.username);
    password ??= decoded(url.password);
    const path = url.pathname.replace(/^\//, '');
    if (path !== '') {
      if (!/^\d{1,4}$/.test(path)) throw malformed('the database after the slash has to be a number');
      db = Number(path);
    }
  }
  if (cluster && db !== 0) throw malformed('a cluster has database 0 only');
  return { nodes, cluster, tls, username, password, db };
}

/** `host:port` of each node: what messages call the server by. */
export function endpointName(endpoint: RedisEndpoint): string {
  return endpoint.nodes.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
}

function parse(rest: string): URL {
  let url: URL | null = null;
  try {
    url = new URL(`redis://${rest}`);
  } catch {
    // Refused below; the parser's own message holds the text.
  }
  if (url === null || url.hostname === '') throw malformed('a node of it is no HOST:PORT');
  if (url.search !== '' || url.hash !== '')
    throw malformed('it has a ? or # (write such signs in passwords as %3F, %23)');
  return url;
}

function decoded(text: string): string | null {
  if (text === '') return null;
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed('its user or password has a % that no two hexadecimal digits follow');
  }
}

function malformed(why: string): LetheError {
  return new LetheError('invalid_config', `REDIS_URL cannot be used: ${why}`, { fix: `Write ${FORMS}.` });
}
