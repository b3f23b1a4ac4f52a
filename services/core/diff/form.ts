/**
 * In which of two forms a value tells more. One form is less revealing than another where it could be worked out from
 * it alone, whatever the value: then nobody learns anything new. All else is not ordered, and counts as exposure.
 */
import { compareDecimals, floorToStep, parseDecimal } from '../apply/decimal.ts';
import type { Action, DateUnit, GeneralizeSpec, MaskSpec } from '../policy/plan.ts';

/**
 * The new form as against the old one. `equal`: another form that tells the same (constants differ, say); `unordered`:
 * neither can be worked out from the other.
 */
export type FormChange = 'same' | 'equal' | 'more' | 'less' | 'unordered';

type Order = 'equal' | 'more' | 'less' | 'unordered';

const UNITS: readonly DateUnit[] = ['year', 'month', 'day', 'hour'];

/** What tells nothing of a value but whether it is there, or is null: each tells at most what the next one does. */
const TELLS_LEAST = ['drop', 'nullify', 'redact'] as const;

/** How the form in which an action leaves a value changes, where another action takes its place. */
export function formChange(before: Action, after: Action): FormChange {
  return isSame(before, after) ? 'same' : order(before, after);
}

function order(before: Action, after: Action): Order {
  const [least, most] = [rank(before), rank(after)];
  // What is encrypted is absent once the subject's key is destroyed; a null or a constant stays.
  if (isEncrypted(before) ? isConstant(after) : isEncrypted(after) && isConstant(before)) return 'unordered';
  if (least !== most) return most > least ? 'more' : 'less';
  if (before.kind === 'mask' && after.kind === 'mask') return ofMasks(before.mask, after.mask);
  if (before.kind === 'generalize' && after.kind === 'generalize') return ofGeneralized(before.by, after.by);
  if (before.kind === 'truncate_ip' && after.kind === 'truncate_ip') {
    return both(Math.sign(after.ipv4 - before.ipv4), Math.sign(after.ipv6 - before.ipv6));
  }
  return before.kind === 'redact' && after.kind === 'redact' ? 'equal' : 'unordered';
}

/** The bottom of the order (absent, null, a constant), all that changes a value, and the value itself. */
function rank({ kind }: Action): number {
  const at = (TELLS_LEAST as readonly string[]).indexOf(kind);
  if (at >= 0) return at;
  return kind === 'keep' ? TELLS_LEAST.length + 1 : TELLS_LEAST.length;
}

function isEncrypted({ kind }: Action): boolean {
  return kind === 'encrypt';
}

function isConstant({ kind }: Action): boolean {
  return kind === 'nullify' || kind === 'redact';
}

/** Two signs of "tells more" that have to agree. */
function both(a: number, b: number): Order {
  if (a === 0 && b === 0) return 'equal';
  if (a >= 0 && b >= 0) return 'more';
  return a <= 0 && b <= 0 ? 'less' : 'unordered';
}

/**
 * Wider ends do not always tell more: a value no longer than both ends is masked whole, so of `ab` a mask of two ends
 * shows nothing and a mask of one shows `a`. Only a mask without ends (the length) is below all others.
 */
function ofMasks(before: MaskSpec, after: MaskSpec): Order {
  if (before.style !== 'ends' || after.style !== 'ends') {
    return showsLastDigits(before) && showsLastDigits(after) ? 'equal' : 'unordered';
  }
  if (before.first === after.first && before.last === after.last) return 'equal';
  if (before.first + before.last === 0) return 'more';
  return after.first + after.last === 0 ? 'less' : 'unordered';
}

/** Two names of one mask. */
function showsLastDigits({ style }: MaskSpec): boolean {
  return style === 'phone' || style === 'card';
}

function ofGeneralized(before: GeneralizeSpec, after: GeneralizeSpec): Order {
  if (before.how === 'date' && after.how === 'date') return bySize(UNITS.indexOf(after.to) - UNITS.indexOf(before.to));
  if (before.how === 'decimals' && after.how === 'decimals') return bySize(after.decimals - before.decimals);
  if (before.how === 'bands' && after.how === 'bands') {
    return nested(holds(after.bands, before.bands), holds(before.bands, after.bands));
  }
  if (before.how === 'step' && after.how === 'step') {
    return nested(isMultiple(before.step, after.step), isMultiple(after.step, before.step));
  }
  return 'unordered';
}

function bySize(difference: number): Order {
  return both(Math.sign(difference), 0);
}

/** @param finer the new form is a refinement of the old one; `coarser`: the other way round. */
function nested(finer: boolean, coarser: boolean): Order {
  if (finer && coarser) return 'equal';
  if (finer) return 'more';
  return coarser ? 'less' : 'unordered';
}

function holds(edges: readonly number[], others: readonly number[]): boolean {
  return others.every((edge) => edges.includes(edge));
}

function isMultiple(step: string, of: string): boolean {
  const [size, unit] = [parseDecimal(step), parseDecimal(of)];
  return size !== null && unit !== null && compareDecimals(floorToStep(size, unit), size) === 0;
}

function isSame(a: Action, b: Action): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** Members in one order: actions are small, and compared once a bundle. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.entries(value)
    .map(([name, part]) => [name, sorted(part)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
