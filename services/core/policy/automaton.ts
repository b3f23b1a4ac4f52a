import type { Declaration } from './declarations.ts';
import { govern, type Place } from './govern.ts';
import type { Segment } from './path.ts';
import type { ShapeNode } from './plan.ts';

/**
 * Bounds on the automaton. A sane policy has a node per key; only wildcards in the middle of many paths multiply them.
 */
const MAX_NODES = 50_000;
const MAX_PLACES = 2_000_000;

type Draft = Omit<ShapeNode, 'beneath'>;

/**
 * Builds the path automaton (see `ShapeNode`) by subset construction: a node stands for the set of places in all
 * declarations that a concrete path leads to, so what wildcards say is merged into the named children. Null: wildcards
 * multiply the nodes beyond the bounds.
 */
export function buildAutomaton(declarations: readonly Declaration[]): readonly ShapeNode[] | null {
  const sets = placeSets(declarations);
  sets.idOf(declarations.map((_, leaf) => ({ leaf, at: 0 })));
  const nodes: Draft[] = [];
  for (let id = 0; ; id++) {
    const places = sets.at(id);
    if (places === undefined) return withBeneath(nodes);
    if (sets.exhausted()) return null;
    const { leaf, leafWins } = govern(places, declarations);
    // Where the leaf wins, what lies beneath is never looked at.
    const next = leafWins ? NOWHERE : step(places, declarations);
    const fields = new Map<string, number>();
    for (const [key, group] of next.byKey) fields.set(key, sets.idOf([...group, ...next.anyKey]));
    nodes.push({
      id,
      leaf,
      leafWins,
      fields: fields.size > 0 ? fields : null,
      rest: next.anyKey.length > 0 ? sets.idOf(next.anyKey) : -1,
      // A record is an object: whoever hands in an array is not helped by a `**` at the top.
      items: id > 0 && next.each.length > 0 ? sets.idOf(next.each) : -1,
    });
  }
}

/** Sets of places, each numbered once, from 0 in order of first use. */
function placeSets(declarations: readonly Declaration[]) {
  const offsets: number[] = [];
  let size = 0;
  for (const { path } of declarations) {
    offsets.push(size);
    size += path.length + 1;
  }
  const known = new Map<string, number>();
  const sets: (readonly Place[])[] = [];
  let held = 0;
  return {
    at: (id: number) => sets[id],
    exhausted: () => sets.length > MAX_NODES || held > MAX_PLACES,
    idOf: (places: readonly Place[]): number => {
      const key = places.map(({ leaf, at }) => (offsets[leaf] ?? 0) + at).toSorted((a, b) => a - b);
      const text = key.join();
      const found = known.get(text);
      if (found !== undefined) return found;
      held += places.length;
      known.set(text, sets.length);
      return sets.push(places) - 1;
    },
  };
}

type Step = {
  readonly byKey: ReadonlyMap<string, readonly Place[]>;
  /** Where every key leads, named or not. */
  readonly anyKey: readonly Place[];
  /** Where every element leads. */
  readonly each: readonly Place[];
};

const NOWHERE: Step = { byKey: new Map(), anyKey: [], each: [] };

/** One step from a set of places. A trailing `**` is consumed again and again: its place stays the path's end. */
function step(places: readonly Place[], declarations: readonly Declaration[]): Step {
  const byKey = new Map<string, Place[]>();
  const anyKey: Place[] = [];
  const each: Place[] = [];
  for (const { leaf, at } of places) {
    const path = declarations[leaf]?.path ?? [];
    const last = path.at(-1);
    const segment: Segment | undefined = at < path.length ? path[at] : last?.kind === 'deep' ? last : undefined;
    if (segment === undefined) continue;
    const next = { leaf, at: Math.min(at + 1, path.length) };
    if (segment.kind === 'key') {
      const group = byKey.get(segment.name);
      if (group === undefined) byKey.set(segment.name, [next]);
      else group.push(next);
    }
    if (segment.kind === 'any' || segment.kind === 'deep') anyKey.push(next);
    if (segment.kind === 'each' || segment.kind === 'deep') each.push(next);
  }
  return { byKey, anyKey, each };
}

/** Adds to each node the leaves beneath it. The only cycles are nodes that lead to themselves. */
function withBeneath(nodes: readonly Draft[]): readonly ShapeNode[] {
  const done: (readonly number[] | undefined)[] = [];
  function beneath(id: number): readonly number[] {
    const known = done[id];
    if (known !== undefined) return known;
    const node = nodes[id];
    if (node === undefined) return [];
    const leaves = new Set<number>();
    for (const child of new Set([...(node.fields?.values() ?? []), node.rest, node.items])) {
      const leaf = nodes[child]?.leaf ?? -1;
      if (leaf >= 0) leaves.add(leaf);
      if (child !== id) for (const deeper of beneath(child)) leaves.add(deeper);
    }
    const found = [...leaves].sort((a, b) => a - b);
    done[id] = found;
    return found;
  }
  return nodes.map((node) => ({ ...node, beneath: beneath(node.id) }));
}
