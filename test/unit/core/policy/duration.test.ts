import fc from 'fast-check';
import { expect, it } from 'vitest';
import { durationText, parseDuration } from '../../../../services/core/policy/duration.ts';

const HOUR = 3_600_000;

it.each([
  ['P30D', 30 * 24 * HOUR],
  ['PT12H', 12 * HOUR],
  ['P1DT12H', 36 * HOUR],
  ['P0D', 0],
])('%s is %i ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

it.each([
  '',
  'P',
  'PT',
  'P1DT',
  'P1Y',
  'P1M',
  'P1W',
  'PT1M',
  'PT30S',
  'P1.5D',
  'P-1D',
  '-P1D',
  'p1d',
  'P1H',
  'PT1D',
  ' P1D',
  'P1D\n',
  '30',
  'P99999999999999D',
])('%s is none', (text) => {
  expect(parseDuration(text)).toBeNull();
});

it('is told as it is written', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), (hours) => {
      expect(parseDuration(durationText(hours * 3_600_000))).toBe(hours * 3_600_000);
    }),
  );
  expect(['P30D', 'PT12H', 'P1DT12H', 'P0D'].map((text) => durationText(parseDuration(text) ?? -1))).toEqual([
    'P30D',
    'PT12H',
    'P1DT12H',
    'P0D',
  ]);
});
