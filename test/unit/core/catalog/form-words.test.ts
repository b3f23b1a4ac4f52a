import { describe, expect, it } from 'vitest';
import { plainDuration, plainForm } from '../../../../services/core/catalog/form-words.ts';
import type { Action, MaskSpec } from '../../../../services/core/policy/plan.ts';

const ends = (first: number, last: number): Action => ({
  kind: 'mask',
  mask: { style: 'ends', first, last, char: '*' } satisfies MaskSpec,
});

describe('forms in plain words', () => {
  it.each<[Action, string]>([
    [{ kind: 'keep' }, 'as it is'],
    [{ kind: 'drop' }, 'left out'],
    [{ kind: 'nullify' }, 'always null'],
    [{ kind: 'redact', with: 'gone' }, 'replaced by "gone"'],
    [{ kind: 'redact', with: 0 }, 'replaced by 0'],
    [{ kind: 'mask', mask: { style: 'email' } }, 'masked: first letter and domain kept'],
    [{ kind: 'mask', mask: { style: 'phone' } }, 'masked: last four digits kept'],
    [{ kind: 'mask', mask: { style: 'card' } }, 'masked: last four digits kept'],
    [ends(0, 0), 'masked: only its length kept'],
    [ends(1, 0), 'masked: first character kept'],
    [ends(0, 3), 'masked: last 3 characters kept'],
    [ends(4, 2), 'masked: first 4 and last 2 characters kept'],
    [
      { kind: 'pseudonymize', domain: 'fraud' },
      'pseudonym: the same value is the same text within fraud, and another elsewhere',
    ],
    [
      { kind: 'truncate_ip', ipv4: 24, ipv6: 48 },
      'network alone: the first 24 bits of IPv4, 48 of IPv6; the rest is zero',
    ],
    [{ kind: 'generalize', by: { how: 'date', to: 'year' } }, 'coarser: only the year'],
    [{ kind: 'generalize', by: { how: 'date', to: 'hour' } }, 'coarser: only date and hour'],
    [{ kind: 'generalize', by: { how: 'step', step: '0.5' } }, 'coarser: rounded down to a multiple of 0.5'],
    [{ kind: 'generalize', by: { how: 'decimals', decimals: 0 } }, 'coarser: decimals cut off'],
    [{ kind: 'generalize', by: { how: 'decimals', decimals: 2 } }, 'coarser: cut to 2 decimals'],
    [{ kind: 'generalize', by: { how: 'bands', bands: [18, 65] } }, 'coarser: a range of <18, 18-65, 65+'],
  ])('%j is "%s"', (action, words) => {
    expect(plainForm(action)).toBe(words);
  });
});

describe('durations in plain words', () => {
  it.each([
    [0, '0 hours'],
    [3_600_000, '1 hour'],
    [86_400_000, '1 day'],
    [30 * 86_400_000, '30 days'],
    [86_400_000 + 12 * 3_600_000, '1 day and 12 hours'],
  ])('%i ms is %s', (milliseconds, words) => {
    expect(plainDuration(milliseconds)).toBe(words);
  });
});
