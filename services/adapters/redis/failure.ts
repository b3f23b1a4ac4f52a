/**
 * Turns what ioredis throws into `LetheError`s. An ioredis error carries the command's arguments (tokens, consents, the
 * password of AUTH) and may quote them in its message, so neither it nor its message travels on: only short codes do.
 */
import { tlsFaultOf } from '../../core/connection-faults.ts';
import { LetheError } from '../../core/errors.ts';

/** A connection that was made and ended before anything was said. */
export const CLOSED = 'it closed the connection';

/** No answer to the handshake, as of a server that takes it for an unfinished command. */
export const NO_TLS_CONNECTION = 'no TLS connection';

const FIX = 'Check that it runs, that it can be reached and that REDIS_URL is right; a worker goes on by itself.';

const TLS_SETTINGS = {
  address: 'REDIS_URL',
  ca: 'REDIS_CA',
  cert: 'REDIS_CERT',
  key: 'REDIS_KEY',
  on: 'Write rediss:// in REDIS_URL.',
  off: 'Write redis:// in REDIS_URL, or name the port for TLS.',
};

const LOGIN = 'Check user and password: REDIS_USERNAME and REDIS_PASSWORD, or those in REDIS_URL.';

/** What to do, by the reason that `reasonOf` gave. */
const FIXES: Readonly<Record<string, string>> = {
  'it answered WRONGPASS': LOGIN,
  'it answered NOAUTH': LOGIN,
  'it answered NOPERM': 'Allow it by the ACL line that "lethe check" prints.',
  [NO_TLS_CONNECTION]: `Check that it runs and speaks TLS on this port. ${TLS_SETTINGS.off}`,
  [CLOSED]: 'Check that it runs and that REDIS_URL is right: one that wants TLS (rediss://) closes plain connections.',
};

/** @param endpoint `host:port`, as `endpointName` makes it. */
export function redisUnavailable(endpoint: string, reason: string, fix: string = fixOf(reason)): LetheError {
  return new LetheError('unavailable', `Redis at ${endpoint} (REDIS_URL) is unavailable: ${reason}`, {
    fix,
    dependency: 'redis',
  });
}

function fixOf(reason: string): string {
  const code = / \(([A-Z0-9_/]+)\)$/.exec(reason)?.[1];
  const fault = code === undefined ? null : tlsFaultOf(Object.assign(new Error(code), { code }), TLS_SETTINGS);
  return FIXES[reason] ?? fault?.fix ?? FIX;
}

/** Says in few words why, or null where the error says no more than that the connection is gone. */
export function reasonOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const fault = tlsFaultOf(error, TLS_SETTINGS);
  if (fault !== null) return `${fault.reason} (${fault.code})`;
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === 'string') return code;
  if (error.message === 'Command timed out' || error.message.startsWith('Socket timeout')) return 'no answer in time';
  // A reply error opens with its code in capitals: WRONGPASS, NOAUTH, READONLY, CLUSTERDOWN, …
  const reply = /^[A-Z][A-Z]{2,19}(?= )/.exec(error.message);
  if (reply !== null) return `it answered ${reply[0]}`;
  const last = (error as { readonly lastNodeError?: unknown }).lastNodeError;
  return last === undefined ? null : reasonOf(last);
}
