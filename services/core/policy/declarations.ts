import { compareSpecificity, covers, formatPath, hasWildcard, intersect, type Path } from './path.ts';
import type { Category } from './plan.ts';

/** A path at which a scalar may stand, on its way to become a leaf. Its index in the list is the leaf's id. */
export type Declaration = {
  readonly path: Path;
  readonly text: string;
  /** Null: never released (only read, or tagged in a way that contradicts itself). */
  readonly category: Category | null;
  /**
   * The index of the declared path that this one refines; its own where it is declared itself. A refined path never
   * changes what is declared where: it only lets a rule tell some of the values of a wildcard apart.
   */
  readonly base: number;
};

/** What is authored under `fields`, or by the tags of a schema. */
export type Declared = Omit<Declaration, 'base'>;

/** Above that many leaves a policy is a mistake, and too slow to compile. */
export const MAX_LEAVES = 20_000;

/**
 * The leaves of a route: what is declared; then what is only read; then what reads and rules tell apart beneath declared
 * wildcards. For the latter the list is closed under intersection, so that at every concrete path the most specific
 * refinement of the governing declaration is selected by exactly those paths that match the concrete path. (Otherwise a
 * rule on `a.*` would be passed by where `*.x` is declared, and a value that one rule drops be released by another.)
 *
 * Null: more than `MAX_LEAVES`.
 */
export function collectDeclarations(
  declared: readonly Declared[],
  reads: readonly Path[],
  selects: readonly Path[],
): readonly Declaration[] | null {
  const list: Declaration[] = declared.map((declaration, base) => ({ ...declaration, base }));
  const known = new Set(list.map(({ text }) => text));
  const wildcards = list.filter(({ path }) => hasWildcard(path));
  const refining: Path[] = [];
  for (const path of reads) {
    const text = formatPath(path);
    if (known.has(text)) continue;
    if (wildcards.some((declaration) => covers(declaration.path, path))) {
      refining.push(path);
    } else {
      known.add(text);
      list.push({ path, text, category: null, base: list.length });
    }
  }

  const bases = [...wildcards];
  for (const select of [...refining, ...selects]) {
    // What a select has in common with a path without wildcards is that path, or nothing.
    for (const { path } of wildcards) {
      const common = intersect(path, select);
      if (common === null) continue;
      const text = formatPath(common);
      if (known.has(text)) continue;
      const base = mostSpecific(bases.filter((candidate) => covers(candidate.path, common)));
      if (base === null) continue;
      known.add(text);
      const refined = { path: common, text, category: base.category, base: base.base };
      list.push(refined);
      if (hasWildcard(common)) wildcards.push(refined);
      if (list.length > MAX_LEAVES) return null;
    }
  }
  return list.length > MAX_LEAVES ? null : list;
}

/** The most specific of declarations that all match some value; null of none. */
function mostSpecific<T extends { readonly path: Path }>(candidates: readonly T[]): T | null {
  let best: T | null = null;
  for (const candidate of candidates) {
    if (best === null || compareSpecificity(candidate.path, best.path) > 0) best = candidate;
  }
  return best;
}
