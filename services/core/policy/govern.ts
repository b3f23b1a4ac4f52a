import type { Declaration } from './declarations.ts';
import { compareSpecificity, type Path } from './path.ts';

/** A place in a declaration that a concrete path leads to: `at` segments of its path are consumed. */
export type Place = { readonly leaf: number; readonly at: number };

/** Who decides about the value at a node of the automaton: see `ShapeNode`. */
export type Governance = { readonly leaf: number; readonly leafWins: boolean };

type Candidate = { readonly leaf: number; readonly consumed: Path };

/**
 * Settles which declaration governs where several lead to the same place: the most specific one, be it of a scalar or of
 * a container ("the specific path wins over the wildcard", DESIGN section 12). Where that is the container there is no
 * leaf, and a scalar is absent; but a `**` declares scalars beside the containers that a `*` leads to.
 *
 * Refinements are looked at only among those of the governing declaration, so that a rule's path cannot change the
 * category of a value. They can make a place more of a scalar, never less: an object found where a rule names a scalar
 * must not slip past that rule.
 */
export function govern(places: readonly Place[], declarations: readonly Declaration[]): Governance {
  const scalar = strongest(places, declarations, isScalar, ({ base }, leaf) => base === leaf);
  if (scalar === null) return NO_LEAF;
  const container = strongest(places, declarations, isContainer, ({ base }, leaf) => base === leaf);
  const difference = compare(scalar, container);
  const deep = isDeep(declarations[scalar.leaf]?.path);
  if (difference < 0 && !(deep && container?.consumed.at(-1)?.kind === 'any')) return NO_LEAF;

  const ofScalar = ({ base }: Declaration): boolean => base === scalar.leaf;
  const refined = strongest(places, declarations, isScalar, ofScalar) ?? scalar;
  if (difference > 0 || (difference === 0 && !deep)) return { leaf: refined.leaf, leafWins: true };
  // A `**` is scalar and container at once: walk on, unless a refinement names a scalar here.
  const rival = strongest(places, declarations, isContainer, (one, leaf) => one.base === leaf || ofScalar(one));
  const within = compare(refined, rival);
  const leafWins = within > 0 || (within === 0 && !isDeep(declarations[refined.leaf]?.path));
  return { leaf: refined.leaf, leafWins };
}

const NO_LEAF: Governance = { leaf: -1, leafWins: false };

function isScalar(path: Path, at: number): boolean {
  return at === path.length;
}

function isContainer(path: Path, at: number): boolean {
  return at < path.length || isDeep(path);
}

function isDeep(path: Path | undefined): boolean {
  return path?.at(-1)?.kind === 'deep';
}

/** The most specific of the places that have the role and whose declaration counts. */
function strongest(
  places: readonly Place[],
  declarations: readonly Declaration[],
  role: (path: Path, at: number) => boolean,
  counts: (declaration: Declaration, leaf: number) => boolean,
): Candidate | null {
  let found: Candidate | null = null;
  for (const { leaf, at } of places) {
    const declaration = declarations[leaf];
    if (declaration === undefined || !role(declaration.path, at) || !counts(declaration, leaf)) continue;
    const candidate = { leaf, consumed: declaration.path.slice(0, at) };
    if (found === null || compare(candidate, found) > 0) found = candidate;
  }
  return found;
}

function compare(a: Candidate, b: Candidate | null): number {
  return b === null ? 1 : compareSpecificity(a.consumed, b.consumed);
}
