/** When a request is due: GDPR Art. 12(3), one month; CCPA (11 CCR 7021), 45 days. Configurable. */
import { parseDuration } from '../policy/duration.ts';

const DAY_MS = 86_400_000;
const DEFAULTS: ReadonlyMap<string, number> = new Map([
  ['gdpr', 30 * DAY_MS],
  ['ccpa', 45 * DAY_MS],
]);

/** Milliseconds by regime; a regime without one has the shortest. */
export type Deadlines = ReadonlyMap<string, number>;

/**
 * Reads `gdpr=P30D,ccpa=P45D`; what it does not name keeps its default.
 *
 * @returns null where the text is not like that.
 */
export function parseDeadlines(text: string): Deadlines | null {
  const deadlines = new Map(DEFAULTS);
  for (const part of text.split(',').filter((one) => one.trim() !== '')) {
    const [, regime, duration] = /^\s*([a-z][a-z0-9_.-]*)\s*=\s*(P\S+)\s*$/.exec(part) ?? [];
    const length = parseDuration(duration ?? '');
    if (regime === undefined || length === null || length <= 0) return null;
    deadlines.set(regime, length);
  }
  return deadlines;
}

export function deadlineOf(regime: string, deadlines: Deadlines): number {
  return deadlines.get(regime) ?? Math.min(...deadlines.values());
}
