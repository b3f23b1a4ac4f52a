/** Coarser values: dates cut to a unit, numbers floored, cut or put into bands. Numbers are handled exactly. */
import type { Transform } from './action.ts';
import { compareDecimals, floorToStep, parseDecimal, printDecimal, truncateDecimals } from './decimal.ts';
import { coarsenDate } from './time.ts';
import type { GeneralizeSpec } from '../policy/plan.ts';

/** An integer literal that a double holds exactly, with room for one addition. */
const SMALL_INTEGER = /^-?(?:0|[1-9][0-9]{0,14})$/;

/** Floors a number literal to a multiple of `step`, toward minus infinity. Null where it is none or out of bounds. */
export function makeStep(step: string): (literal: string) => string | null {
  const size = parseDecimal(step);
  if (size === null || size.units <= 0n) return () => null;
  const small = SMALL_INTEGER.test(step) ? Number(step) : 0;
  return (literal) => {
    if (small > 0 && SMALL_INTEGER.test(literal)) {
      const value = Number(literal);
      const rest = value % small;
      // `+ 0` turns −0 to 0.
      return String(value - (rest < 0 ? rest + small : rest) + 0);
    }
    const value = parseDecimal(literal);
    return value === null ? null : printDecimal(floorToStep(value, size));
  };
}

/** Cuts a number literal to a number of decimals, toward zero. Null where it is none or out of bounds. */
export function makeDecimals(decimals: number): (literal: string) => string | null {
  return (literal) => {
    const value = parseDecimal(literal);
    return value === null ? null : printDecimal(truncateDecimals(value, decimals));
  };
}

/**
 * Names the band a number literal lies in: `18-25` with the lower edge inside, `<18` below the first edge, `65+` from
 * the last. Null where it is no number or out of bounds.
 */
export function makeBands(bands: readonly number[]): (literal: string) => string | null {
  const edges = bands.map((band) => parseDecimal(String(band)));
  const names = [`<${bands[0]}`];
  for (let i = 0; i < bands.length; i++) {
    names.push(i + 1 < bands.length ? `${bands[i]}-${bands[i + 1]}` : `${bands[i]}+`);
  }
  if (bands.length === 0 || edges.includes(null)) return () => null;
  return (literal) => {
    const value = parseDecimal(literal);
    if (value === null) return null;
    let band = 0;
    for (const edge of edges) {
      if (edge === null || compareDecimals(value, edge) < 0) break;
      band++;
    }
    return names[band] ?? null;
  };
}

/** Makes the transformer of a `generalize` rule. Numbers written as text are text, which no number rule handles. */
export function makeGeneralize(by: GeneralizeSpec): Transform {
  switch (by.how) {
    case 'date':
      return (value) => {
        const text = coarsenDate(value.kind, value.text, by.to);
        return text === null ? null : { kind: 'string', text };
      };
    case 'step':
      return onNumbers(makeStep(by.step), 'number');
    case 'decimals':
      return onNumbers(makeDecimals(by.decimals), 'number');
    case 'bands':
      return onNumbers(makeBands(by.bands), 'string');
  }
}

function onNumbers(coarsen: (literal: string) => string | null, kind: 'number' | 'string'): Transform {
  return (value) => {
    const text = value.kind === 'number' ? coarsen(value.text) : null;
    return text === null ? null : { kind, text };
  };
}
