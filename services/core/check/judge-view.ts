/** The age of the consent view, and the clocks that it is told by. */
import type { Watermark } from '../ports.ts';
import { type Finding, saying } from './finding.ts';
import type { Role } from './role.ts';

const redis = saying('redis');

/** From here on ages and times on the two machines say different things. */
const NOTICEABLE_MS = 1_000;

/**
 * @param now epoch milliseconds of this machine.
 * @param maxStalenessMs LETHE_CONSENT_MAX_STALENESS.
 */
export function judgeView(
  watermark: Watermark | null,
  now: number,
  maxStalenessMs: number,
  roles: readonly Role[],
): readonly Finding[] {
  const subject = 'consent view';
  // The workers pause for it; the control plane is what cures it.
  const bad = roles.includes('gateway') && !roles.includes('control') ? redis.fail : redis.warn;
  const fix = 'Start "lethe control", or see why it does not get on.';
  if (watermark === null)
    return [redis.ok(subject, 'fed by "lethe consent import" alone: no projector ever wrote a watermark')];
  if (watermark.at === 0) return [bad(subject, 'is not whole yet: workers pause until it is', fix)];
  const age = now - watermark.at;
  const seconds = Math.round(age / 1000);
  if (age > maxStalenessMs) {
    return [
      bad(
        subject,
        `is ${seconds} s old, over LETHE_CONSENT_MAX_STALENESS (${maxStalenessMs / 1000} s): workers pause`,
        fix,
      ),
    ];
  }
  return [redis.ok(subject, `${Math.max(0, seconds)} s old`)];
}

/**
 * @param offsetMs how far the server's clock is ahead of this one's; null where it does not tell.
 * @param doubtMs by how much that may be wrong: the round trip.
 */
export function judgeClock(offsetMs: number | null, doubtMs: number, maxStalenessMs: number): readonly Finding[] {
  if (offsetMs === null) return [];
  const off = Math.max(0, Math.abs(offsetMs) - doubtMs);
  const told = `${(Math.abs(offsetMs) / 1000).toFixed(1)} s ${offsetMs < 0 ? 'behind' : 'ahead of'} this machine's`;
  const fix = 'Let both machines ask the same time servers (NTP).';
  if (off >= maxStalenessMs) {
    return [redis.fail('clock', `${told}: no view looks young enough any more, or an old one does`, fix)];
  }
  if (off > NOTICEABLE_MS) return [redis.warn('clock', told, fix)];
  return [redis.ok('clock', `within ${Math.ceil((Math.abs(offsetMs) + doubtMs) / 1000)} s of this machine's`)];
}
