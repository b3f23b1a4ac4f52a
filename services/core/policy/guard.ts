/**
 * Guards (guards.yaml, issue 4): what must never be, whatever the policies say. A category covers all under it. A guard
 * speaks of purposes, not of topics: topics are renamed, and what a value may be used for is what the law asks.
 */
import type { GuardDocument, GuardsDocument, Located } from './document.ts';
import { didYouMean } from './nearest.ts';
import type { Form, Guard, Guarded, LeafRule, SourcePosition } from './plan.ts';
import type { Report } from './report.ts';
import type { Taxonomy } from './taxonomy.ts';

type At = (...path: (string | number)[]) => SourcePosition;

/** Resolves the guards of a configuration. One with a problem is reported and left out. */
export function compileGuards(
  doc: Located<GuardsDocument> | undefined,
  taxonomy: Taxonomy,
  purposes: Iterable<string>,
  report: Report,
): readonly Guard[] {
  if (doc === undefined) return [];
  const names = [...purposes];
  const guards: Guard[] = [];
  for (const [index, authored] of doc.value.guards.entries()) {
    const at: At = (...path) => doc.at(['guards', index, ...path]);
    const sound = [checkCategory(authored, taxonomy, at, report), checkOptions(authored, at, report)];
    const matched = matchPurposes(authored, names, at, report);
    if (matched === null || sound.includes(false)) continue;
    const { category, only_as: forms } = authored;
    guards.push({
      position: at(),
      name: oneLine(authored.name),
      why: oneLine(authored.why),
      category,
      patterns: patternsOf(authored)?.map(([, pattern]) => pattern) ?? null,
      purposes: matched,
      forms: forms === undefined ? null : listOf(forms),
    });
  }
  return guards;
}

/**
 * The guards that forbid values of a category to get into outputs of a purpose in some of these forms. What is dropped
 * breaks none. What is nullified or redacted does: that there was a value is told.
 */
export function brokenGuards(
  guards: readonly Guard[],
  category: string,
  purpose: string,
  forms: readonly Form[],
): readonly Guard[] {
  return guards.filter(
    (guard) =>
      covers(guard.category, category) &&
      guard.purposes.includes(purpose) &&
      forms.some((form) => form !== 'drop' && guard.forms?.includes(form) !== true),
  );
}

/**
 * A rule as guards leave it: `drop` where one of them forbids what it says.
 *
 * @param keys names of values found in data leave with the values, as they are: those of a map under a wildcard.
 */
export function guardedRule(
  rule: LeafRule,
  guards: readonly Guard[],
  value: { readonly category: string; readonly purpose: string; readonly keys: boolean },
): LeafRule {
  const { action } = rule;
  if (action.kind === 'drop' || guards.length === 0) return rule;
  const by = brokenGuards(guards, value.category, value.purpose, value.keys ? [action.kind, 'keep'] : [action.kind]);
  return by.length === 0 ? rule : { ...rule, action: { kind: 'drop' }, guarded: { action, by } };
}

/**
 * What a subject that no policy declares is taken for where a guard asks (Fideslang's name for identifiers of a person):
 * its pseudonym is the default record key.
 */
export const UNDECLARED_SUBJECT = 'user.unique_id';

/** The guards that forbid to key an output by the subject's pseudonym; undefined where none does. */
export function guardedPseudonym(
  guards: readonly Guard[],
  category: string | null,
  purpose: string,
): Guarded | undefined {
  const by = brokenGuards(guards, category ?? UNDECLARED_SUBJECT, purpose, ['pseudonymize']);
  return by.length === 0 ? undefined : { action: { kind: 'pseudonymize', domain: purpose }, by };
}

/** `covers('user.health', 'user.health.blood')`: the category itself, and all under it. */
export function covers(category: string, name: string): boolean {
  return name === category || name.startsWith(`${category}.`);
}

/** A guard in words, without its reason: `user.health never in partner.*`. */
export function guardText({ category, patterns, forms }: Guard): string {
  const where = patterns === null ? '' : ` in ${patterns.join(', ')}`;
  return forms === null ? `${category} never${where}` : `${category} only as ${forms.join(' or ')}${where}`;
}

/** Whether a pattern matches a whole name; `*` stands for any characters, dots too, or none. */
export function matchesPattern(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false;
  let from = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return from <= name.length - last.length;
}

function checkCategory({ category }: GuardDocument, taxonomy: Taxonomy, at: At, report: Report): boolean {
  if (taxonomy.selectable(category)) return true;
  report.error(
    'category-unknown',
    at('category'),
    `the category \`${category}\` is not listed in the taxonomy`,
    `List it in taxonomy.yaml or use one that is listed.${didYouMean(category, taxonomy.categories.keys())}`,
  );
  return false;
}

function checkOptions({ never_in, only_as, in: where }: GuardDocument, at: At, report: Report): boolean {
  const invalid = (option: string, message: string, fix: string): boolean => {
    report.error('guard-options', at(option), message, fix);
    return false;
  };
  if (never_in === undefined && only_as === undefined) {
    const fix = 'Add `never_in` with purposes, or `only_as` with the forms that may leave.';
    return invalid('category', 'the guard does not say what must never be', fix);
  }
  if (never_in !== undefined && only_as !== undefined) {
    return invalid('only_as', 'the guard says `never_in` and `only_as`', 'Make two guards of it.');
  }
  if (never_in !== undefined && where !== undefined) {
    return invalid('in', '`in` belongs to `only_as`', 'Put these purposes under `never_in`.');
  }
  return true;
}

/** The purposes that a guard speaks of; null where it names one that nobody listed. */
function matchPurposes(
  authored: GuardDocument,
  names: readonly string[],
  at: At,
  report: Report,
): readonly string[] | null {
  const patterns = patternsOf(authored);
  if (patterns === null) return names;
  const matched = new Set<string>();
  let unknown = false;
  for (const [path, pattern] of patterns) {
    const found = names.filter((name) => matchesPattern(pattern, name));
    for (const name of found) matched.add(name);
    if (found.length > 0) continue;
    if (pattern.includes('*')) {
      const message = `\`${pattern}\` matches no purpose of purposes.yaml: the guard watches over nothing there`;
      report.warn('guard-matches-nothing', at(...path), message, 'Correct it, or remove it.');
      continue;
    }
    unknown = true;
    report.error(
      'purpose-unknown',
      at(...path),
      `the purpose \`${pattern}\` is not listed in purposes.yaml`,
      `List it, or use one that is listed.${didYouMean(pattern, names)}`,
    );
  }
  return unknown ? null : names.filter((name) => matched.has(name));
}

type Placed = readonly [path: readonly (string | number)[], pattern: string];

/** The patterns of a guard, with where each was written; null where it speaks of every purpose. */
function patternsOf(authored: GuardDocument): readonly Placed[] | null {
  const option = authored.never_in === undefined ? 'in' : 'never_in';
  const given = authored[option];
  if (given === undefined) return null;
  if (typeof given === 'string') return [[[option], given]];
  return given.map((pattern, index): Placed => [[option, index], pattern]);
}

/** Text that was written over several lines, for a message of one. */
function oneLine(text: string | undefined): string | null {
  return text === undefined ? null : text.replaceAll(/\s+/g, ' ').trim();
}

function listOf<T>(given: T | readonly T[]): readonly T[] {
  return Array.isArray(given) ? (given as readonly T[]) : [given as T];
}
