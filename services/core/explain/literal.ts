/** Texts of quantities and bytes as an explanation shows them. */

/** Epoch milliseconds as RFC 3339, or as they are where no calendar reaches. */
export function instantText(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How old something is, for reading: `3 hours`, `42 days`. */
export function ageText(ms: number): string {
  if (ms < 0) return 'not yet a moment old';
  const [count, unit] = ms < 2 * DAY ? [Math.floor(ms / HOUR), 'hour'] : [Math.floor(ms / DAY), 'day'];
  return `${count} ${unit}${count === 1 ? '' : 's'} old`;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes of a key or header as a JSON literal: their text, or `base64:…` where they are none. */
export function bytesLiteral(bytes: Uint8Array): string {
  try {
    return JSON.stringify(decoder.decode(bytes));
  } catch {
    let units = '';
    for (const byte of bytes) units += String.fromCharCode(byte);
    return JSON.stringify(`base64:${btoa(units)}`);
  }
}
