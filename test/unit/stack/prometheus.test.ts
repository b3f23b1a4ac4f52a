import { expect, it } from 'vitest';
import { ruleFiles } from '../../stack/rules.ts';
import { scaled } from '../../stack/prometheus.ts';

it('scaling rules divides ranges and waits by 60 and touches nothing else', () => {
  expect(scaled('expr: rate(a{b="[5m"}[5m]) > 300\n        for: 2m\n')).toBe(
    'expr: rate(a{b="[5m"}[5s]) > 300\n        for: 2s\n',
  );
  expect(scaled('x[1m] y[1h] z[3d]\n  for: 15s\n')).toBe('x[4s] y[60s] z[4320s]\n  for: 1s\n');
  for (const { text } of ruleFiles()) {
    const unscaled = (given: string): string => given.replaceAll(/\[\d+[smhd]\]|(?<=for: )\d+[smhd]/g, '');
    expect(unscaled(scaled(text))).toBe(unscaled(text));
    expect(scaled(text)).not.toMatch(/\[\d+[mhd]\]|for: \d+[mhd]/);
  }
});
