import type { Declaration } from './declarations.ts';
import { compareSpecificity, type Path } from './path.ts';

/** A place in a declaration that a concrete path leads to: `at` segments of its path are consumed. */
export type Place = { readonly leaf: number; readonly at: number };

/** Who decides about the value at a node of the automaton: see `ShapeNode`. */
export type Governance = { readonly leaf: number; readonly leafWins: boolean };

type Candidate = { readonly leaf: number; readonly consumed: Path };

/**
 * Settles which declaration governs where several lead to the same place: the most specific one, be it of a scalar or of
 * a container ("the specific path wins over the wildcard", DESIGN section 12). Where the container is the more specific
 * there is no leaf: a scalar there is absent. Refinements of the governing declaration are looked at only then, so that
 * a rule's path cannot change the category of a value, nor what may stand where.
 */
export function govern(places: readonly Place[], declarations: readonly Declaration[]): Governance {
  const declared = strongest(places, declarations, ({ base }, leaf) => base === leaf);
  if (declared.scalar === null) return { leaf: -1, leafWins: false };
  const against = compare(declared.scalar, declared.container);
  if (against < 0) return { leaf: -1, leafWins: false };

  const governing = declared.scalar.leaf;
  const refined = strongest(places, declarations, ({ base }) => base === governing);
  const leaf = refined.scalar?.leaf ?? governing;
  // A `**` is scalar and container at once, and so as specific as itself: walk on, unless a refinement names a scalar.
  if (against > 0 || !isDeep(declarations[governing]?.path)) return { leaf, leafWins: true };
  const within = compare(refined.scalar ?? declared.scalar, refined.container);
  return { leaf, leafWins: within > 0 || (within === 0 && !isDeep(declarations[leaf]?.path)) };
}

/** The most specific scalar and the most specific container among the places whose declaration passes the test. */
function strongest(
  places: readonly Place[],
  declarations: readonly Declaration[],
  counts: (declaration: Declaration, leaf: number) => boolean,
): { readonly scalar: Candidate | null; readonly container: Candidate | null } {
  let scalar: Candidate | null = null;
  let container: Candidate | null = null;
  for (const { leaf, at } of places) {
    const declaration = declarations[leaf];
    if (declaration === undefined || !counts(declaration, leaf)) continue;
    const candidate = { leaf, consumed: declaration.path.slice(0, at) };
    const ended = at === declaration.path.length;
    if (ended && (scalar === null || compare(candidate, scalar) > 0)) scalar = candidate;
    if ((!ended || isDeep(declaration.path)) && (container === null || compare(candidate, container) > 0)) {
      container = candidate;
    }
  }
  return { scalar, container };
}

function compare(a: Candidate, b: Candidate | null): number {
  return b === null ? 1 : compareSpecificity(a.consumed, b.consumed);
}

function isDeep(path: Path | undefined): boolean {
  return path?.at(-1)?.kind === 'deep';
}
