/**
 * How many vendors a TC string makes its decoder visit. Ranges name up to 65,535 each in 33 bits, and @iabtcf/core 1.5.6
 * visits every one: 2,700 characters kept it busy for 1.6 s. Whoever visits a site can write such a string.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Where the first list of vendors begins in the core segment of version 2. */
const VENDORS_AT = 213;

/**
 * Null where the core segment is not of version 2, or ends early.
 *
 * @param core without the segments behind dots.
 */
export function countVendors(core: string): number | null {
  const codes = [...core].map((char) => ALPHABET.indexOf(char));
  if (codes.includes(-1) || codes[0] !== 2) return null;
  let at = VENDORS_AT;
  const end = codes.length * 6;
  let count = 0;
  const take = (width: number): number => {
    let value = 0;
    for (const last = at + width; at < last; at++) {
      value = value * 2 + (((codes[Math.floor(at / 6)] ?? 0) >> (5 - (at % 6))) & 1);
    }
    return value;
  };
  const ranges = (): void => {
    for (let left = take(12); left > 0 && at <= end; left--) {
      const isRange = take(1) === 1;
      const first = take(16);
      count += isRange ? Math.max(0, take(16) - first) + 1 : 1;
    }
  };
  // Consents, then legitimate interests.
  for (let list = 0; list < 2; list++) {
    const max = take(16);
    if (take(1) === 1) ranges();
    else {
      at += max;
      count += max;
    }
  }
  for (let left = take(12); left > 0 && at <= end; left--) {
    at += 8;
    ranges();
  }
  return at <= end ? count : null;
}
