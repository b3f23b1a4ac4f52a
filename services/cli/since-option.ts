import { parseInstant } from '../core/apply/time.ts';
import { LetheError } from '../core/errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const AGE = /^([0-9]{1,9})([smhd])$/;

/**
 * The time given with a flag like `--since`, epoch milliseconds: RFC 3339, or how long ago (`90s`, `15m`, `24h`, `7d`).
 *
 * @param flag as people write it.
 * @param now epoch milliseconds.
 */
export function sinceOption(text: string, flag: string, now: number): number {
  const [, count, unit] = AGE.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * UNIT_MS[unit!]!;
  const time = parseInstant(text);
  if (time !== null) return time;
  throw new LetheError('usage', `${flag} is no time`, {
    fix: 'Write it like 2026-03-01T00:00:00Z (RFC 3339), or how long ago: 15m, 24h, 7d.',
  });
}
