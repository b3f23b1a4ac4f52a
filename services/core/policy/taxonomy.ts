import type { Located, TaxonomyDocument } from './document.ts';
import { didYouMean } from './nearest.ts';
import type { Category } from './plan.ts';
import type { Report } from './report.ts';

/** The listed categories, with what they inherit. */
export type Taxonomy = {
  readonly categories: ReadonlyMap<string, Category>;
  /** Listed, or an ancestor of something listed: a rule may select it. */
  readonly selectable: (name: string) => boolean;
};

const SEGMENT = /^[A-Za-z0-9_<>-]+$/;

/**
 * Gives each listed category its flags. A category is personal if it is `user` or under it; children inherit flags and
 * cannot shed them (DESIGN section 4).
 */
export function compileTaxonomy(doc: Located<TaxonomyDocument>, report: Report): Taxonomy {
  const entries = new Map(Object.entries(doc.value.categories));
  const categories = new Map<string, Category>();
  const ancestors = new Set<string>();
  for (const [name, own] of entries) {
    const position = doc.at(['categories', name]);
    if (name === 'default') {
      report.error(
        'category-name',
        position,
        'a category cannot be named `default`: retention uses that word',
        'Give the category another name.',
      );
      continue;
    }
    if (!name.split('.').every((part) => SEGMENT.test(part))) {
      report.error(
        'category-name',
        position,
        `\`${name}\` is no category name`,
        'Use letters, digits, `_`, `-`, `<` and `>` between single dots.',
      );
      continue;
    }
    const lineage = [name, ...ancestorsOf(name)];
    const inherits = (flag: 'sensitive' | 'quasi_identifier') =>
      lineage.some((ancestor) => entries.get(ancestor)?.[flag] === true);
    for (const flag of ['sensitive', 'quasi_identifier'] as const) {
      if (own[flag] === false && inherits(flag)) {
        report.warn(
          'flag-inherited',
          doc.at(['categories', name, flag]),
          `\`${name}\` stays \`${flag}\`: it is under a category that is`,
          `Remove \`${flag}: false\`, or take the flag off the parent and put it on the other children.`,
        );
      }
    }
    for (const ancestor of ancestorsOf(name)) ancestors.add(ancestor);
    categories.set(name, {
      name,
      personal: name === 'user' || name.startsWith('user.'),
      sensitive: inherits('sensitive'),
      quasiIdentifier: inherits('quasi_identifier'),
    });
  }
  return { categories, selectable: (name) => categories.has(name) || ancestors.has(name) };
}

/** The ancestors of a dotted name, nearest first: `a.b.c` gives `a.b`, `a`. */
export function ancestorsOf(name: string): string[] {
  const found: string[] = [];
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) found.push(name.slice(0, dot));
  return found;
}

/** What a map by category says about `name`: the entry of the longest name that is it or an ancestor of it. */
export function longestMatch<T>(byCategory: ReadonlyMap<string, T>, name: string): T | undefined {
  for (const candidate of [name, ...ancestorsOf(name)]) {
    const found = byCategory.get(candidate);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The category of that name. One that nobody listed is reported, and stands in as personal and sensitive so that
 * compiling can go on to find other problems.
 */
export function categoryNamed(
  taxonomy: Taxonomy,
  name: string,
  position: ReturnType<Located<unknown>['at']>,
  report: Report,
): Category {
  const category = taxonomy.categories.get(name);
  if (category !== undefined) return category;
  report.error(
    'category-unknown',
    position,
    `the category \`${name}\` is not listed in the taxonomy`,
    `List it in taxonomy.yaml or use one that is listed.${didYouMean(name, taxonomy.categories.keys())}`,
  );
  return { name, personal: true, sensitive: true, quasiIdentifier: true };
}
