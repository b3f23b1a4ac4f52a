import { parseInstant } from '../core/apply/time.ts';
import { LetheError } from '../core/errors.ts';

/** The time given with a flag, epoch milliseconds. `flag` as people write it: `--now`. */
export function timeOption(text: string, flag: string): number {
  const time = parseInstant(text);
  if (time !== null) return time;
  throw new LetheError('usage', `${flag} is no time`, { fix: 'Write it like 2026-03-01T00:00:00Z (RFC 3339).' });
}
