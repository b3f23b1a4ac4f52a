import { describe, expect, it } from 'vitest';
import { sinceOption } from '../../../services/cli/since-option.ts';

const NOW = Date.parse('2026-03-02T00:00:00Z');

describe('--since', () => {
  it.each([
    ['24h', '2026-03-01T00:00:00Z'],
    ['90s', '2026-03-01T23:58:30Z'],
    ['15m', '2026-03-01T23:45:00Z'],
    ['7d', '2026-02-23T00:00:00Z'],
    ['0s', '2026-03-02T00:00:00Z'],
    ['2026-01-01T00:00:00+01:00', '2025-12-31T23:00:00Z'],
  ])('%s', (text, time) => {
    expect(sinceOption(text, '--since', NOW)).toBe(Date.parse(time));
  });

  it.each(['', 'yesterday', '24', 'h', '-1h', '1.5h', '24 h', '1w', '2026-01-01'])('refuses %j', (text) => {
    expect(() => sinceOption(text, '--until', NOW)).toThrow('--until is no time');
  });
});
