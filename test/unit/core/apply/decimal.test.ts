import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareDecimals,
  type Decimal,
  floorToStep,
  parseDecimal,
  printDecimal,
  truncateDecimals,
} from '../../../../services/core/apply/decimal.ts';

function decimal(text: string): Decimal {
  const value = parseDecimal(text);
  if (value === null) throw new Error(text);
  return value;
}

describe('parseDecimal', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['1.10', '1.1'],
    ['1e3', '1000'],
    ['1.25E-2', '0.0125'],
    ['-12.5e+1', '-125'],
    ['9007199254740993', '9007199254740993'],
    ['0.1', '0.1'],
    ['100', '100'],
  ])('reads %s as %s', (text, printed) => {
    expect(printDecimal(decimal(text))).toBe(printed);
  });

  it.each(['', '-', '01', '1.', '.5', '+1', '1e', '0x10', 'NaN', ' 1', '1 ', '1_000', '١'])('refuses %j', (text) => {
    expect(parseDecimal(text)).toBeNull();
  });

  it('keeps every digit of a double of any size', () => {
    expect(printDecimal(decimal('1e308'))).toBe(`1${'0'.repeat(308)}`);
    expect(printDecimal(decimal('5e-324'))).toBe(`0.${'0'.repeat(323)}5`);
    expect(printDecimal(decimal('1e400'))).toHaveLength(401);
  });

  it.each(['1e999999', '1e-999999', '1e99999999999999999999', `1${'0'.repeat(2000)}`, '0e1001'])(
    'refuses the outsized %s',
    (text) => {
      expect(parseDecimal(text)).toBeNull();
    },
  );
});

describe('arithmetic', () => {
  it('orders, floors and truncates as integers scaled by a power of ten do', () => {
    const scaled = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.nat(6));
    const text = ([units, scale]: [number, number]): string => printDecimal({ units: BigInt(units), scale });
    fc.assert(
      fc.property(scaled, scaled, fc.integer({ min: 1, max: 1e6 }), fc.nat(6), (a, b, stepUnits, decimals) => {
        const common = ([units, scale]: [number, number]): bigint => BigInt(units) * 10n ** BigInt(6 - scale);
        const order = common(a) < common(b) ? -1 : common(a) > common(b) ? 1 : 0;
        expect(compareDecimals(decimal(text(a)), decimal(text(b)))).toBe(order);

        const step = { units: BigInt(stepUnits), scale: 6 };
        const floored = floorToStep(decimal(text(a)), step);
        const atSix = floored.units * 10n ** BigInt(6 - floored.scale);
        expect(atSix % step.units).toBe(0n);
        expect(atSix <= common(a) && common(a) < atSix + step.units).toBe(true);

        const cut = truncateDecimals(decimal(text(a)), decimals);
        const fraction = printDecimal(cut).split('.')[1] ?? '';
        expect(fraction.length).toBeLessThanOrEqual(decimals);
        const full = text(a);
        const dot = full.indexOf('.');
        const kept = dot < 0 ? full : full.slice(0, decimals === 0 ? dot : dot + 1 + decimals);
        expect(Number(printDecimal(cut))).toBe(Number(kept) + 0);
      }),
    );
  });
});
