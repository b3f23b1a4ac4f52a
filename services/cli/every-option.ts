import { LetheError } from '../core/errors.ts';
import { parseDuration } from '../core/policy/duration.ts';

/** How often `lethe topics expire` is run, in milliseconds. */
export function everyOption(text: string): number {
  const every = parseDuration(text);
  if (every !== null && every > 0) return every;
  throw new LetheError('usage', '--expiry-every is no duration of days and hours', {
    fix: 'Write it like PT1H or P1D.',
  });
}
