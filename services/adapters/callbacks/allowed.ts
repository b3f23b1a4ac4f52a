/**
 * Which URLs may be called, and which addresses may be connected to. Whoever creates a request names URLs, and Lethe
 * stands where others are not let in: without an allow-list nothing is called at all.
 */
import ipaddr from 'ipaddr.js';
import { LetheError } from '../../core/errors.ts';

const LONGEST_URL = 2048;
/** The rest of IPv6 is not routed, or is a way to some IPv4 address. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/** Entries of LETHE_CALLBACK_HOSTS as `host:port`; 443 where an entry has none. */
export type CallbackHosts = ReadonlySet<string>;

/**
 * @param entries `HOST` or `HOST:PORT`.
 * @throws LetheError `invalid_config`.
 */
export function parseCallbackHosts(entries: readonly string[]): CallbackHosts {
  const hosts = new Set<string>();
  for (const entry of entries) {
    const url = URL.canParse(`https://${entry}`) ? new URL(`https://${entry}`) : null;
    // What has a path, a user or anything else in it would mean something that is not checked.
    if (url === null || url.href !== `https://${url.host}/` || /[/?#@\\\s]/.test(entry)) {
      throw new LetheError('invalid_config', 'LETHE_CALLBACK_HOSTS holds what is no HOST or HOST:PORT', {
        fix: 'Write HOST,HOST:PORT without a scheme; an IPv6 address in brackets.',
      });
    }
    hosts.add(endpointOf(url));
  }
  return hosts;
}

export type CallbackUrlCheck =
  /** Normalized. */
  | { readonly ok: true; readonly url: string }
  /** What is asked for; holds nothing of the URL. */
  | { readonly ok: false; readonly problem: string };

/** Whether a URL may be called. What its host resolves to is looked at when it is called. */
export function checkCallbackUrl(text: string, hosts: CallbackHosts): CallbackUrlCheck {
  const refuse = (problem: string): CallbackUrlCheck => ({ ok: false, problem });
  if (hosts.size === 0)
    return refuse('must not be given: the setting LETHE_CALLBACK_HOSTS names no host that may be called');
  if (text.length > LONGEST_URL || !URL.canParse(text)) return refuse('must be a URL of at most 2048 characters');
  const url = new URL(text);
  const { protocol, username, password, hash } = url;
  if (username !== '' || password !== '') return refuse('must hold no user and no password');
  if (hash !== '' || url.href.includes('#')) return refuse('must have no fragment');
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(literalOf(url)))) {
    return refuse('must be an https URL');
  }
  if (!hosts.has(endpointOf(url)))
    return refuse('must be of a host and port that the setting LETHE_CALLBACK_HOSTS names');
  const literal = literalOf(url);
  if (literal !== null && !isAllowedAddress(literal, portOf(url), hosts))
    return refuse('must be of an address that may be called');
  return { ok: true, url: url.href };
}

/**
 * Whether an address may be connected to: a public one, or a private or loopback one that the allow-list names as an
 * address with that very port: nobody's name may lead to another one. Link-local ones (169.254.169.254 of cloud metadata), multicast, and IPv6 ways to IPv4 never are. An IPv4
 * address written as IPv6 is taken for what it is.
 */
export function isAllowedAddress(address: string, port: string, hosts: CallbackHosts): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  const range = parsed.range();
  if (range === 'unicast') return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6);
  if (!['private', 'loopback', 'uniqueLocal', 'carrierGradeNat'].includes(range)) return false;
  return [...hosts].some((endpoint) => {
    const named = new URL(`https://${endpoint}`);
    const literal = portOf(named) === port ? literalOf(named) : null;
    return literal !== null && ipaddr.process(literal).toNormalizedString() === parsed.toNormalizedString();
  });
}

/** The address that a URL's host is; null where it is a name. */
function literalOf({ hostname }: Pick<URL, 'hostname'>): string | null {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return ipaddr.isValid(bare) ? bare : null;
}

function isLoopback(literal: string | null): boolean {
  return literal !== null && ipaddr.process(literal).range() === 'loopback';
}

function endpointOf(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

/** The one that is connected to. */
export function portOf({ port, protocol }: Pick<URL, 'port' | 'protocol'>): string {
  if (port !== '') return port;
  return protocol === 'http:' ? '80' : '443';
}
