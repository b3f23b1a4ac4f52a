/** Which of two categories is worth more protection. Where evidence disagrees, that one is proposed. */
import { BASE_TAXONOMY } from './vocabulary.ts';
import { ancestorsOf } from '../policy/taxonomy.ts';

const GRAVE = ['user.government_id', 'user.financial', 'user.authorization', 'user.criminal_history'];
const DIRECT = ['user.contact', 'user.name', 'user.unique_id', 'user.social'];

export function isSystem(category: string): boolean {
  return category === 'system' || category.startsWith('system.');
}

/** GDPR Art. 9 and the like, by what Lethe proposes as taxonomy. */
export function isSensitive(category: string): boolean {
  return [category, ...ancestorsOf(category)].some((name) => BASE_TAXONOMY.get(name)?.sensitive === true);
}

function rank(category: string): number {
  const under = (roots: readonly string[]): boolean =>
    roots.some((root) => category === root || category.startsWith(`${root}.`));
  if (isSystem(category)) return 0;
  if (category === 'user') return 1;
  if (isSensitive(category)) return 5;
  if (under(GRAVE)) return 4;
  if (under(DIRECT)) return 3;
  return 2;
}

/** Whether `a` is worth more protection than `b`. */
export function isMoreSensitive(a: string, b: string): boolean {
  return rank(a) > rank(b);
}

/** Whether one of two categories is the other, or lies under it. */
export function isKin(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}
