import { formatPath, intersect, parsePath } from '../policy/path.ts';
import type { RoutePlan, ShapeNode } from '../policy/plan.ts';

/** Two leaves, of an old and a new plan, that govern the same places of records; −1: no leaf there. */
export type PlacePair = {
  readonly before: number;
  readonly after: number;
  /** The declared path that names what both govern; never a key from data. */
  readonly path: string;
};

const NOWHERE = -1;

/**
 * Every pair of leaves that can meet at a place of some record: both path automatons are walked at once, over all keys
 * that either knows, any other key, and elements. What is beneath a declared scalar is nowhere: such a record is a dead
 * letter.
 */
export function placePairs(before: RoutePlan, after: RoutePlan): readonly PlacePair[] {
  const found = new Map<string, PlacePair>();
  const seen = new Set<string>();
  const open: (readonly [number, number])[] = [];
  const visit = (a: number, b: number): void => {
    const key = `${a} ${b}`;
    if ((a === NOWHERE && b === NOWHERE) || seen.has(key)) return;
    seen.add(key);
    open.push([a, b]);
  };
  visit(0, 0);
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const [a, b] = [nodeAt(before, step[0]), nodeAt(after, step[1])];
    const [old, fresh] = [a?.leaf ?? NOWHERE, b?.leaf ?? NOWHERE];
    const name = `${old} ${fresh}`;
    if ((old >= 0 || fresh >= 0) && !found.has(name)) {
      found.set(name, { before: old, after: fresh, path: pathOf(before, old, after, fresh) });
    }
    for (const key of new Set([...(a?.fields?.keys() ?? []), ...(b?.fields?.keys() ?? [])])) {
      visit(childAt(a, key), childAt(b, key));
    }
    visit(a?.rest ?? NOWHERE, b?.rest ?? NOWHERE);
    visit(a?.items ?? NOWHERE, b?.items ?? NOWHERE);
  }
  return [...found.values()].sort((a, b) => a.after - b.after || a.before - b.before);
}

function nodeAt(plan: RoutePlan, node: number): ShapeNode | null {
  return plan.nodes[node] ?? null;
}

function childAt(node: ShapeNode | null, key: string): number {
  return node?.fields?.get(key) ?? node?.rest ?? NOWHERE;
}

/** What two declarations have in common, such as `a.x` of `a.*` and `*.x`. */
function pathOf(before: RoutePlan, old: number, after: RoutePlan, fresh: number): string {
  const [a, b] = [before.leaves[old]?.path, after.leaves[fresh]?.path];
  if (a === undefined || b === undefined || a === b) return b ?? a ?? '';
  const [left, right] = [parsePath(a), parsePath(b)];
  const common = left.ok && right.ok ? intersect(left.path, right.path) : null;
  return common === null ? b : formatPath(common);
}
