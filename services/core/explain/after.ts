/** Finds again, in what an output published, what became of each value of the record. */
import type { RoutePlan } from '../policy/plan.ts';
import { memberNode, walksItems, walksMembers } from './occurrences.ts';
import { isNull, type Tree, type TreeScalar } from './tree.ts';

export type After = {
  /** The published value by the scalar of the record that it comes from; absent where nothing of it was published. */
  readonly of: ReadonlyMap<TreeScalar, string>;
  /** Scalars of arrays whose elements cannot be told from each other any more. */
  readonly unclear: ReadonlySet<TreeScalar>;
};

/**
 * Lays an output over the record it was made of. Elements that leave nothing are left out of an array (DESIGN section
 * 12), so those that are there belong to the elements that release something, in order.
 *
 * @param released by leaf id, of the output's variant.
 */
export function matchOutput(record: Tree, published: Tree, plan: RoutePlan, released: Uint8Array): After {
  const of = new Map<TreeScalar, string>();
  const unclear = new Set<TreeScalar>();

  const visit = (tree: Tree, nodeId: number, out: Tree | undefined): void => {
    const node = plan.nodes[nodeId];
    if (node === undefined || out === undefined) return;
    if (tree.kind === 'scalar') {
      if (out.kind === 'scalar' && leavesSomething(tree, nodeId)) of.set(tree, out.literal);
    } else if (tree.kind === 'object') {
      if (out.kind !== 'object' || !walksMembers(node)) return;
      for (const [key, member] of tree.members) visit(member, memberNode(node, key), out.members.get(key));
    } else if (out.kind === 'array' && walksItems(node)) {
      const left = tree.items.filter((item) => leavesSomething(item, node.items));
      if (left.length === out.items.length) left.forEach((item, index) => visit(item, node.items, out.items[index]));
      else for (const item of left) doubt(item);
    }
  };

  const leavesSomething = (tree: Tree, nodeId: number): boolean => {
    const node = plan.nodes[nodeId];
    if (node === undefined) return false;
    if (tree.kind === 'scalar') {
      if (node.leaf >= 0) return released[node.leaf] === 1;
      return isNull(tree) && node.beneath.some((leaf) => released[leaf] === 1);
    }
    if (tree.kind === 'array') return walksItems(node) && tree.items.some((item) => leavesSomething(item, node.items));
    return (
      walksMembers(node) && [...tree.members].some(([key, member]) => leavesSomething(member, memberNode(node, key)))
    );
  };

  const doubt = (tree: Tree): void => {
    if (tree.kind === 'scalar') unclear.add(tree);
    else for (const inner of tree.kind === 'array' ? tree.items : tree.members.values()) doubt(inner);
  };

  visit(record, 0, published);
  return { of, unclear };
}
