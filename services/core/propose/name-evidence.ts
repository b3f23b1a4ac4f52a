/** What the path of a field tells about it. */
import type { Path } from '../policy/path.ts';
import { NAME_RULES, PEOPLE, SYSTEM_RULES, THINGS } from './name-table.ts';
import { wordsOf } from './name-words.ts';
import { isMoreSensitive, isSystem } from './sensitivity.ts';

export type NameEvidence = {
  readonly category: string;
  /** The name means that and hardly anything else. */
  readonly sure: boolean;
};

const ID = new Set([
  'id',
  'nr',
  'no',
  'number',
  'nummer',
  'numero',
  'uuid',
  'guid',
  'ref',
  'key',
  'code',
  'identifier',
]);
const NAMES = new Set(['name', 'nom', 'nombre']);

/** Null: the name tells nothing. */
export function nameEvidence(path: Path): NameEvidence | null {
  const names = path.flatMap((segment) => (segment.kind === 'key' ? [wordsOf(segment.name)] : []));
  const own = names.at(-1) ?? [];
  const above = names.slice(0, -1);
  const around = above.flat();
  const direct = path.at(-1)?.kind !== 'any' || above.length === 0;
  const nearest = above
    .toReversed()
    .map((words) => ruleOf(words))
    .find((found) => found !== null);
  const context = nearest ?? null;
  // `name.first`, `address.line`: of two halves of a name.
  const joined = above.length === 0 ? null : ruleOf([...own, ...(above.at(-1) ?? [])]);
  const half = joined === null || isSystem(joined.category) || joined.category === context?.category ? null : joined;
  const found = ownEvidence(own, around, direct) ?? half;
  // A name within something worth more protection belongs to that: `diagnosis.code`, `credentials.name`.
  if (context !== null && (found === null || isMoreSensitive(context.category, found.category))) {
    return {
      category: context.category,
      sure: found !== null && context.sure && isMoreSensitive(context.category, 'user.contact'),
    };
  }
  return found;
}

function ownEvidence(own: readonly string[], around: readonly string[], direct: boolean): NameEvidence | null {
  const last = own.at(-1) ?? '';
  if (ID.has(last)) {
    const of = own.length > 1 ? own.slice(0, -1) : around.slice(-1);
    const exact = ruleOf(own);
    if (exact !== null) return exact;
    if (PEOPLE(of)) return { category: 'user.unique_id', sure: true };
    // The id of nothing in particular may be that of a person.
    if (own.length === 1 && (last === 'id' || last === 'uuid') && of.length === 0) {
      return { category: 'user.unique_id', sure: false };
    }
  }
  const isName = own.some((word) => NAMES.has(word));
  if (isName && THINGS([...around.slice(-1), ...own])) {
    return own.includes('event') || own.includes('schema') || own.includes('service')
      ? { category: 'system', sure: true }
      : ruleOf([...around, ...own.filter((word) => !NAMES.has(word))]);
  }
  const found = ruleOf(own);
  if (found === null) return null;
  if (isSystem(found.category) && PEOPLE(around)) return null;
  return { ...found, sure: direct && (found.sure || PEOPLE(around)) };
}

/** By words alone, what is worth protecting first. */
export function ruleOf(words: readonly string[]): NameEvidence | null {
  if (words.length === 0) return null;
  const personal = NAME_RULES.find(({ fits }) => fits(words));
  const system = SYSTEM_RULES.find(({ fits }) => fits(words));
  // `event_id`, `updated_at`, `source_ip`: of both, what is personal counts, unless it is a word of activity alone.
  if (system !== undefined && (personal === undefined || personal.category.startsWith('user.behavior'))) {
    return { category: system.category, sure: personal === undefined };
  }
  return personal === undefined ? null : { category: personal.category, sure: personal.vague !== true };
}
