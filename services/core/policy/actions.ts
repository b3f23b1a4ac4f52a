import { parseDecimal, printDecimal } from '../apply/decimal.ts';
import type { RuleDocument } from './document.ts';
import type { Action, GeneralizeSpec, MaskSpec, SourcePosition } from './plan.ts';
import type { Report } from './report.ts';

/** More would ask for digits that no 64-bit float holds. */
const MAX_DECIMALS = 20;

/**
 * Checks the options of a rule's action (DESIGN section 4, table) and fills in the defaults. Null where they make no
 * sense, which is reported.
 *
 * @param at where an option of the rule was written.
 * @param domain of a `pseudonymize` that names none: the output's purpose.
 */
export function compileAction(
  rule: RuleDocument,
  domain: string,
  at: (...path: (string | number)[]) => SourcePosition,
  report: Report,
): Action | null {
  const invalid = (option: string, message: string, fix: string): null => {
    report.error('action-options', at(option), message, fix);
    return null;
  };
  switch (rule.action) {
    case 'keep':
    case 'drop':
    case 'nullify':
    case 'encrypt':
      return { kind: rule.action };
    case 'redact': {
      const constant = rule.with ?? '[redacted]';
      if (typeof constant === 'number' && !Number.isFinite(constant)) {
        return invalid('with', '`with` is no number that JSON can write', 'Use a finite number, text, true or false.');
      }
      return { kind: 'redact', with: constant };
    }
    case 'mask': {
      const mask = compileMask(rule.mask, invalid);
      return mask === null ? null : { kind: 'mask', mask };
    }
    case 'pseudonymize':
      if (rule.domain === '') return invalid('domain', 'the domain is empty', 'Name one, or leave `domain` out.');
      return { kind: 'pseudonymize', domain: rule.domain ?? domain };
    case 'truncate_ip': {
      const { ipv4, ipv6 } = rule;
      const badBits = (option: string, most: number) =>
        invalid(
          option,
          `\`truncate_ip\` needs \`${option}\`, the number of leading bits that are kept`,
          `Add \`${option}\` from 0 to ${most}.`,
        );
      if (!isCount(ipv4, 32)) return badBits('ipv4', 32);
      if (!isCount(ipv6, 128)) return badBits('ipv6', 128);
      return { kind: 'truncate_ip', ipv4, ipv6 };
    }
    case 'generalize': {
      const by = compileGeneralize(rule, invalid);
      return by === null ? null : { kind: 'generalize', by };
    }
  }
}

type Invalid = (option: string, message: string, fix: string) => null;

function compileMask(mask: Extract<RuleDocument, { action: 'mask' }>['mask'], invalid: Invalid): MaskSpec | null {
  if (typeof mask === 'string') return { style: mask };
  const { first, last, char = '*' } = mask;
  if (first === undefined && last === undefined) {
    return invalid('mask', '`mask` says neither `first` nor `last`', 'Say how many characters stay at which end.');
  }
  if (!isCount(first ?? 0) || !isCount(last ?? 0)) {
    return invalid('mask', '`first` and `last` are whole numbers from 0', 'Correct them.');
  }
  if ([...char].length !== 1 || !char.isWellFormed()) {
    return invalid('mask', '`char` is not exactly one character', 'Use one, such as `*`.');
  }
  return { style: 'ends', first: first ?? 0, last: last ?? 0, char };
}

function compileGeneralize(
  rule: Extract<RuleDocument, { action: 'generalize' }>,
  invalid: Invalid,
): GeneralizeSpec | null {
  const { to, step, decimals, bands } = rule;
  const given = [to, step, decimals, bands].filter((option) => option !== undefined).length;
  if (given !== 1) {
    return invalid(
      'action',
      given === 0 ? '`generalize` does not say how' : '`generalize` says more than one way',
      'Give exactly one of `to`, `step`, `decimals` and `bands`.',
    );
  }
  if (to !== undefined) return { how: 'date', to };
  if (step !== undefined) {
    const exact = step > 0 ? parseDecimal(String(step)) : null;
    if (exact === null) return invalid('step', '`step` is not greater than 0', 'Use a number above 0.');
    return { how: 'step', step: printDecimal(exact) };
  }
  if (decimals !== undefined) {
    if (isCount(decimals, MAX_DECIMALS)) return { how: 'decimals', decimals };
    return invalid('decimals', '`decimals` is out of range', `Use a whole number from 0 to ${MAX_DECIMALS}.`);
  }
  const edges = bands ?? [];
  const ascending = edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge > (edges[i - 1] ?? edge)));
  if (edges.length > 0 && ascending) return { how: 'bands', bands: [...edges] };
  return invalid('bands', '`bands` are not edges in strictly ascending order', 'Sort them and remove duplicates.');
}

function isCount(value: unknown, most: number = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}
