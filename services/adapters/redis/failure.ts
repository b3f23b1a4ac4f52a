/**
 * Turns what ioredis throws into `LetheError`s. An ioredis error carries the command's arguments (tokens, consents, the
 * password of AUTH) and may quote them in its message, so neither it nor its message travels on: only short codes do.
 */
import { LetheError } from '../../core/errors.ts';

const FIX = 'Check that it runs, that it can be reached and that REDIS_URL is right; a worker goes on by itself.';

/** @param endpoint `host:port`, as `endpointName` makes it. */
export function redisUnavailable(endpoint: string, reason: string, fix: string = FIX): LetheError {
  return new LetheError('unavailable', `Redis at ${endpoint} (REDIS_URL) is unavailable: ${reason}`, {
    fix,
    dependency: 'redis',
  });
}

/** Says in few words why, or null where the error says no more than that the connection is gone. */
export function reasonOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === 'string') return code;
  if (error.message === 'Command timed out' || error.message.startsWith('Socket timeout')) return 'no answer in time';
  // A reply error opens with its code in capitals: WRONGPASS, NOAUTH, READONLY, CLUSTERDOWN, …
  const reply = /^[A-Z][A-Z]{2,19}(?= )/.exec(error.message);
  if (reply !== null) return `it answered ${reply[0]}`;
  const last = (error as { readonly lastNodeError?: unknown }).lastNodeError;
  return last === undefined ? null : reasonOf(last);
}
