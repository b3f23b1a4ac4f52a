/** Actions and durations in plain words, for people who read sanitized topics and not policies. */
import type { Action, GeneralizeSpec, MaskSpec } from '../policy/plan.ts';

const DATE_PARTS = {
  year: 'only the year',
  month: 'only year and month',
  day: 'only the date',
  hour: 'only date and hour',
} as const;

/** In which form an action leaves a value, with its options; `actionText` (diff/words.ts) says it as policies do. */
export function plainForm(action: Action): string {
  switch (action.kind) {
    case 'keep':
      return 'as it is';
    case 'drop':
      return 'left out';
    case 'nullify':
      return 'always null';
    case 'redact':
      return `replaced by ${JSON.stringify(action.with)}`;
    case 'mask':
      return maskWords(action.mask);
    case 'pseudonymize':
      return `pseudonym: the same value is the same text within ${action.domain}, and another elsewhere`;
    case 'truncate_ip':
      return `network alone: the first ${action.ipv4} bits of IPv4, ${action.ipv6} of IPv6; the rest is zero`;
    case 'encrypt':
      return 'encrypted: only whom Lethe lets decrypt can read it, and nobody once the person is erased';
    case 'generalize':
      return coarserWords(action.by);
  }
}

function maskWords(mask: MaskSpec): string {
  switch (mask.style) {
    case 'email':
      return 'masked: first letter and domain kept';
    case 'phone':
    case 'card':
      return 'masked: last four digits kept';
    case 'ends': {
      const { first, last } = mask;
      if (first === 0 && last === 0) return 'masked: only its length kept';
      if (first === 0) return `masked: last ${characters(last)} kept`;
      if (last === 0) return `masked: first ${characters(first)} kept`;
      return `masked: first ${first} and last ${characters(last)} kept`;
    }
  }
}

function characters(count: number): string {
  return count === 1 ? 'character' : `${count} characters`;
}

function coarserWords(by: GeneralizeSpec): string {
  switch (by.how) {
    case 'date':
      return `coarser: ${DATE_PARTS[by.to]}`;
    case 'step':
      return `coarser: rounded down to a multiple of ${by.step}`;
    case 'decimals':
      return by.decimals === 0
        ? 'coarser: decimals cut off'
        : `coarser: cut to ${by.decimals} decimal${by.decimals === 1 ? '' : 's'}`;
    case 'bands': {
      const { bands } = by;
      const names = bands.map((edge, at) => (at + 1 < bands.length ? `${edge}-${bands[at + 1]}` : `${edge}+`));
      return `coarser: a range of ${[`<${bands[0]}`, ...names].join(', ')}`;
    }
  }
}

const HOUR_MS = 3_600_000;

/** `30 days`, `12 hours`, `1 day and 12 hours`. Configuration knows nothing finer. */
export function plainDuration(milliseconds: number): string {
  const hours = Math.round(milliseconds / HOUR_MS);
  const days = Math.floor(hours / 24);
  const parts = [many(days, 'day'), many(hours % 24, 'hour')].filter((part) => part !== '');
  return parts.length === 0 ? '0 hours' : parts.join(' and ');
}

function many(count: number, unit: string): string {
  return count === 0 ? '' : `${count} ${unit}${count === 1 ? '' : 's'}`;
}
