import { expect, it } from 'vitest';
import { parseDuration } from '../../../../services/core/policy/duration.ts';

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
