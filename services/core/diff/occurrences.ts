import type { PlacePair } from './place-pairs.ts';

/** How often each pair of leaves occurs in a record, from how often each leaf of either plan does. */
export type Occurrences = (before: ArrayLike<number>, after: ArrayLike<number>) => Float64Array;

type Vertex = { readonly side: 'before' | 'after'; readonly leaf: number; readonly edges: number[] };

type Step = {
  readonly pair: number;
  readonly side: 'before' | 'after';
  readonly leaf: number;
  readonly others: readonly number[];
};

/**
 * Codecs count leaves, not places. A leaf's count is the sum over the pairs it is in, so a pair that is the last unknown
 * one of a leaf follows from the others. Where wildcards cross (`a.*` and `*.b`) some cannot be told apart: each then
 * counts as often as it can at most, so that no exposure is missed.
 */
export function makeOccurrences(pairs: readonly PlacePair[]): Occurrences {
  const vertices = new Map<string, Vertex>();
  const note = (side: Vertex['side'], leaf: number, pair: number): void => {
    if (leaf < 0) return;
    const key = `${side} ${leaf}`;
    const vertex = vertices.get(key);
    if (vertex === undefined) vertices.set(key, { side, leaf, edges: [pair] });
    else vertex.edges.push(pair);
  };
  for (const [index, { before, after }] of pairs.entries()) {
    note('before', before, index);
    note('after', after, index);
  }
  const { steps, known } = inOrder([...vertices.values()]);
  const bounds = [...vertices.values()].filter(({ edges }) => edges.some((edge) => !known.has(edge)));

  return (before, after) => {
    const found = new Float64Array(pairs.length);
    const countOf = ({ side, leaf }: Pick<Vertex, 'side' | 'leaf'>): number =>
      (side === 'before' ? before[leaf] : after[leaf]) ?? 0;
    for (const step of steps) {
      let left = countOf(step);
      for (const other of step.others) left -= found[other] as number;
      found[step.pair] = Math.max(0, left);
    }
    for (const vertex of bounds) {
      let left = countOf(vertex);
      for (const edge of vertex.edges) if (known.has(edge)) left -= found[edge] as number;
      for (const edge of vertex.edges) {
        if (!known.has(edge)) found[edge] = smaller(found[edge] as number, Math.max(0, left));
      }
    }
    // Zero stood for "not bounded yet", and −1 for "bounded by nothing".
    for (let i = 0; i < found.length; i++) if ((found[i] as number) < 0) found[i] = 0;
    return found;
  };
}

/** The smaller bound; 0: none so far; −1: a bound of nothing. */
function smaller(bound: number, other: number): number {
  if (bound < 0 || other === 0) return -1;
  return bound === 0 ? other : Math.min(bound, other);
}

/** Settles pair after pair by a leaf of which it is the only unknown one, as long as there is such a leaf. */
function inOrder(vertices: readonly Vertex[]): {
  readonly steps: readonly Step[];
  readonly known: ReadonlySet<number>;
} {
  const steps: Step[] = [];
  const known = new Set<number>();
  for (let settled = true; settled; ) {
    settled = false;
    for (const { side, leaf, edges } of vertices) {
      const unknown = edges.filter((edge) => !known.has(edge));
      const [pair] = unknown;
      if (unknown.length !== 1 || pair === undefined) continue;
      steps.push({ pair, side, leaf, others: edges.filter((edge) => edge !== pair) });
      known.add(pair);
      settled = true;
    }
  }
  return { steps, known };
}
