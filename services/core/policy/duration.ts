const HOUR_MS = 3_600_000;
const PATTERN = /^P(?:(\d+)D)?(?:T(\d+)H)?$/;

/**
 * An ISO 8601 duration of days and hours (`P30D`, `PT12H`, `P1DT12H`) in milliseconds, a day being 24 hours; null for
 * anything else. Months and years have no fixed length, and nobody's retention is a matter of minutes (DESIGN
 * section 12).
 */
export function parseDuration(text: string): number | null {
  const match = PATTERN.exec(text);
  if (match === null || (match[1] === undefined && match[2] === undefined)) return null;
  const milliseconds = (Number(match[1] ?? 0) * 24 + Number(match[2] ?? 0)) * HOUR_MS;
  return Number.isSafeInteger(milliseconds) ? milliseconds : null;
}

/** A duration, in milliseconds, as configuration writes it; what is less than an hour is not told. */
export function durationText(milliseconds: number): string {
  const hours = Math.floor(milliseconds / HOUR_MS);
  const days = Math.floor(hours / 24);
  const rest = hours % 24;
  if (rest === 0) return `P${days}D`;
  return days === 0 ? `PT${rest}H` : `P${days}DT${rest}H`;
}
