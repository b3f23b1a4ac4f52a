/** Where the declared values of a record stand, and what of it nobody declared. */
import type { RoutePlan, ShapeNode } from '../policy/plan.ts';
import { isNull, kindOf, type Tree, type TreeScalar } from './tree.ts';

/** A scalar of a record. `path` is where it stands, with the keys of the record: `items[0].sku`. */
export type Occurrence = { readonly path: string; readonly scalar: TreeScalar };

/** A place that holds an object or array, or that nobody declared. */
export type Place = { readonly path: string; readonly kind: ReturnType<typeof kindOf> };

export type Occurrences = {
  /** By leaf id, in the order of the record. */
  readonly byLeaf: readonly (readonly Occurrence[])[];
  /** Nulls where an object or array is declared, with the node. */
  readonly nullContainers: readonly (Occurrence & { readonly node: number })[];
  /** The topmost values that no path of the policy names: they never leave. */
  readonly undeclared: readonly Place[];
  /** By leaf id: objects and arrays where a scalar is declared (`action_failed`). */
  readonly refused: ReadonlyMap<number, readonly Place[]>;
};

/** Walks a record along a plan as the codecs do (see `ShapeNode`). */
export function findOccurrences(record: Tree, plan: RoutePlan): Occurrences {
  const byLeaf: Occurrence[][] = plan.leaves.map(() => []);
  const nullContainers: (Occurrence & { node: number })[] = [];
  const undeclared: Place[] = [];
  const refused = new Map<number, Place[]>();

  const visit = (tree: Tree, nodeId: number, path: string): void => {
    const node = plan.nodes[nodeId];
    if (node === undefined) {
      undeclared.push({ path, kind: kindOf(tree) });
    } else if (tree.kind === 'scalar') {
      if (node.leaf >= 0) byLeaf[node.leaf]?.push({ path, scalar: tree });
      else if (isNull(tree) && (walksMembers(node) || walksItems(node))) {
        nullContainers.push({ path, scalar: tree, node: nodeId });
      } else undeclared.push({ path, kind: kindOf(tree) });
    } else if (tree.kind === 'object' && walksMembers(node)) {
      for (const [key, member] of tree.members) visit(member, memberNode(node, key), below(path, key));
    } else if (tree.kind === 'array' && walksItems(node)) {
      tree.items.forEach((item, index) => visit(item, node.items, `${path}[${index}]`));
    } else if (node.leaf >= 0 && plan.leaves[node.leaf]?.category !== null) {
      const places = refused.get(node.leaf) ?? [];
      places.push({ path, kind: kindOf(tree) });
      refused.set(node.leaf, places);
    } else {
      undeclared.push({ path, kind: kindOf(tree) });
    }
  };
  visit(record, 0, '');
  return { byLeaf, nullContainers, undeclared, refused };
}

/** Objects are walked here. */
export function walksMembers(node: ShapeNode): boolean {
  return !node.leafWins && (node.fields !== null || node.rest >= 0);
}

/** Arrays are walked here. */
export function walksItems(node: ShapeNode): boolean {
  return !node.leafWins && node.items >= 0;
}

export function memberNode(node: ShapeNode, key: string): number {
  return node.fields?.get(key) ?? node.rest;
}

function below(path: string, key: string): string {
  const name = key.replaceAll(/[.*[\]\\]/g, String.raw`\$&`);
  return path === '' ? name : `${path}.${name}`;
}
