/**
 * Warns of an output whose fields together are likely to name a person though none does alone.
 *
 * Sweeney, "Simple Demographics Often Identify People Uniquely" (2000): date of birth, gender and 5-digit postcode are
 * unique for 87 % of the US population, with the town instead of the postcode for 53 %; with the year of birth alone
 * for 0.04 %. Hence the three are warned of where all are precise. That 4 flagged quasi-identifiers of any kind are too
 * many is a rule of thumb, in the spirit of Rocher et al. (2019), who found 15 attributes to identify 99.98 %.
 */
import type { RouteFacts } from './lint.ts';
import type { Action, Category } from './plan.ts';
import type { Report } from './report.ts';

type Trait = 'birth date' | 'place' | 'gender';

/** Distinct flagged categories that are too many together. */
const MANY = 4;

/** Characters of a date that still leave many people to choose from: `1984-05`. */
const COARSE_DATE = 7;
/** Characters of a postcode that do (HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)(B): the first three digits). */
const COARSE_POSTCODE = 3;
/** Decimals of a coordinate that do: one is about 11 km. */
const COARSE_DECIMALS = 1;

export function identifyingSets({ doc, assembled: { plan } }: RouteFacts, report: Report): void {
  const reachable = new Set(plan.nodes.map(({ leaf }) => leaf));
  for (const { index, leaves } of plan.outputs) {
    const traits = new Map<Trait, string>();
    const flagged = new Map<string, string>();
    for (const { id, path, category } of plan.leaves) {
      const action = leaves[id]?.action;
      if (category?.personal !== true || action === undefined || !reachable.has(id)) continue;
      const trait = traitOf(category, path);
      if (!isPrecise(action, trait)) continue;
      if (trait !== null && !traits.has(trait)) traits.set(trait, path);
      if (category.quasiIdentifier && !flagged.has(category.name)) flagged.set(category.name, path);
    }
    const warn = (message: string): void =>
      report.warn(
        'identifying-set',
        doc.at(['outputs', index, 'topic']),
        message,
        'Coarsen one (year of birth, three digits of a postcode, one decimal of a coordinate), or drop it.',
      );
    if (traits.size === 3) {
      const named = [...traits].map(([trait, path]) => `\`${path}\` (${trait})`).join(', ');
      warn(`${named} leave precise enough to single people out together: birth date, postcode and gender do for 87 %`);
    } else if (flagged.size >= MANY) {
      const named = [...flagged.values()].map((path) => `\`${path}\``).join(', ');
      warn(
        `${flagged.size} quasi-identifiers leave as precise as they are: ${named}; together they may single people out`,
      );
    }
  }
}

/** What a field says of a person, by the words of its category and path. */
function traitOf({ name }: Category, path: string): Trait | null {
  const words = new Set(wordsOf(`${name}.${path}`));
  const has = (...some: string[]): boolean => some.some((word) => words.has(word));
  if (has('gender', 'sex')) return 'gender';
  if (has('dob', 'birthday', 'birthdate') || (has('birth', 'born') && !has('country', 'place', 'city', 'name'))) {
    return 'birth date';
  }
  if (has('postal', 'postcode', 'zip', 'zipcode', 'city', 'town', 'street', 'latitude', 'longitude', 'location')) {
    return 'place';
  }
  return null;
}

function wordsOf(text: string): string[] {
  return text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
}

/** Whether what an action leaves of a value still tells people apart. A pseudonym joins nothing outside. */
function isPrecise(action: Action, trait: Trait | null): boolean {
  switch (action.kind) {
    case 'keep':
      return true;
    case 'drop':
    case 'nullify':
    case 'redact':
    case 'encrypt':
      return false;
    case 'pseudonymize':
      // Of two or three values even a pseudonym tells which is which.
      return trait === 'gender';
    case 'mask': {
      if (action.mask.style !== 'ends') return trait !== null;
      const left = action.mask.first + action.mask.last;
      if (trait === 'birth date') return left > COARSE_DATE;
      return trait === 'place' ? left > COARSE_POSTCODE : trait === 'gender' && left > 0;
    }
    case 'truncate_ip':
      return false;
    case 'generalize':
      if (action.by.how === 'date') return action.by.to === 'day' || action.by.to === 'hour';
      return action.by.how === 'decimals' && action.by.decimals > COARSE_DECIMALS;
  }
}
