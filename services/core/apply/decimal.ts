/** Exact decimal arithmetic on number literals, so that coarsening never meets binary rounding. */

/** `units` × 10^−`scale`. */
export type Decimal = { readonly units: bigint; readonly scale: number };

/** Digits a literal may have or spell by its exponent. Covers every double twice over; `1e999999` must not explode. */
const MAX_DIGITS = 1000;

/** A JSON number (RFC 8259, section 6), in its parts. */
const LITERAL = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** Reads a JSON number literal exactly. Null: no such literal, or out of bounds. */
export function parseDecimal(text: string): Decimal | null {
  if (text.length > MAX_DIGITS) return null;
  const match = LITERAL.exec(text);
  if (match === null) return null;
  const fraction = match[3] ?? '';
  const scale = fraction.length - Number(match[4] ?? '0');
  if (!(Math.abs(scale) <= MAX_DIGITS)) return null;
  const magnitude = BigInt((match[2] ?? '') + fraction);
  return { units: match[1] === '-' ? -magnitude : magnitude, scale };
}

/** Plain notation without exponent, without trailing zeros in the fraction; zero is `0`, never `-0`. */
export function printDecimal({ units, scale }: Decimal): string {
  if (scale <= 0) return (units * 10n ** BigInt(-scale)).toString();
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === 0x30) end--;
  const whole = digits.slice(0, point);
  const text = end === point ? whole : `${whole}.${digits.slice(point, end)}`;
  return negative ? `-${text}` : text;
}

/** `units` of the decimal at a scale at least its own. */
function unitsAt(value: Decimal, scale: number): bigint {
  return value.units * 10n ** BigInt(scale - value.scale);
}

/** Negative, zero or positive, as `a` is below, equal to or above `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = unitsAt(a, scale);
  const right = unitsAt(b, scale);
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

/** The greatest multiple of `step` (above zero) that is not above `value`. */
export function floorToStep(value: Decimal, step: Decimal): Decimal {
  const scale = Math.max(value.scale, step.scale);
  const units = unitsAt(value, scale);
  const size = unitsAt(step, scale);
  const rest = units % size;
  return { units: units - (rest < 0n ? rest + size : rest), scale };
}

/** Cuts what lies beyond a number of decimals, toward zero. */
export function truncateDecimals(value: Decimal, decimals: number): Decimal {
  if (value.scale <= decimals) return value;
  return { units: value.units / 10n ** BigInt(value.scale - decimals), scale: decimals };
}
