/** The workers that `--metrics` names. */
import { LetheError } from '../core/errors.ts';

export type Endpoint = {
  /** As it was given, without user and password. */
  readonly url: URL;
  /** `user:password`, or null. */
  readonly auth: string | null;
};

/** One address of an endpoint; all of them are asked. */
export type Target = {
  /** How it is told of: the URL with the address in place of the host name. */
  readonly shown: string;
  readonly endpoint: Endpoint;
  readonly address: string;
};

/** Resolves a host name to all of its addresses. Rejects where there are none. */
export type Lookup = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** @param given as flags have it: each may hold several, separated by commas. */
export function parseEndpoints(given: readonly string[]): readonly Endpoint[] {
  const endpoints = new Map<string, Endpoint>();
  for (const text of given.flatMap((one) => one.split(',')).map((one) => one.trim())) {
    if (text === '') continue;
    const endpoint = endpointOf(text);
    endpoints.set(endpoint.url.href, endpoint);
  }
  if (endpoints.size === 0) throw new LetheError('usage', '--metrics names no worker', { fix: FIX });
  return [...endpoints.values()];
}

const FIX = 'Write it like http://127.0.0.1:9464/metrics, or HOST:PORT.';

function endpointOf(text: string): Endpoint {
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`);
  } catch (cause) {
    throw new LetheError('usage', '--metrics is no URL', { fix: FIX, cause });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new LetheError('usage', '--metrics takes http and https', { fix: FIX });
  }
  const { username, password } = url;
  const auth = username === '' ? null : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  url.username = '';
  url.password = '';
  url.hash = '';
  if (url.pathname === '/') url.pathname = '/metrics';
  return { url, auth };
}

export type Resolved =
  | { readonly ok: true; readonly targets: readonly Target[] }
  | { readonly ok: false; readonly shown: string };

/**
 * All addresses of an endpoint, of one family: a worker with an address of each would count twice. IPv4 where there is
 * one.
 */
export async function resolve(endpoint: Endpoint, lookup: Lookup): Promise<Resolved> {
  const { url } = endpoint;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  let found: Awaited<ReturnType<Lookup>>;
  try {
    found = await lookup(host);
  } catch {
    return { ok: false, shown: url.href };
  }
  const family = found.some((one) => one.family === 4) ? 4 : 6;
  const addresses = [...new Set(found.filter((one) => one.family === family).map(({ address }) => address))].sort();
  const targets = addresses.map((address) => {
    const shown = new URL(url);
    shown.hostname = family === 6 ? `[${address}]` : address;
    return { shown: shown.href, endpoint, address };
  });
  return targets.length === 0 ? { ok: false, shown: url.href } : { ok: true, targets };
}
