/** The plan's automaton made ready for bytes: keys as bytes, choices as small integers. */
import { KnownKeys } from './known-keys.ts';
import type { RoutePlan, ShapeNode } from '../../policy/plan.ts';

/** What to do with an object or array at a node. */
export const SKIP = 0;
export const WALK = 1;
/** A declared scalar governs: the record is `action_failed`. */
export const REFUSE = 2;

/** A leaf's part in deciding about the record; a leaf may have several. */
export const IS_SUBJECT = 1;
export const IS_TIME = 2;
export const IS_REGION = 4;

export type Shape = {
  readonly id: number;
  readonly leaf: number;
  readonly roles: number;
  readonly objects: number;
  readonly arrays: number;
  /** A null here is a container that is null. */
  readonly nullIsContainer: boolean;
  /** Words of 32 bits that hold one for each key declared by name. */
  readonly fieldWords: number;
  readonly known: KnownKeys;
  rest: Shape | null;
  items: Shape | null;
};

/** Makes the shapes of a plan, root first. */
export function makeShapes(plan: RoutePlan): readonly Shape[] {
  const shapes = plan.nodes.map((node) => bareShape(node, plan));
  for (const node of plan.nodes) {
    const shape = at(shapes, node.id);
    shape.rest = node.rest < 0 ? null : at(shapes, node.rest);
    shape.items = node.items < 0 ? null : at(shapes, node.items);
    for (const [name, child] of node.fields ?? []) shape.known.declare(name, at(shapes, child));
  }
  return shapes;
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`the plan names ${index}, which it does not hold`);
  return item;
}

function bareShape(node: ShapeNode, plan: RoutePlan): Shape {
  const leaf = node.leaf < 0 ? null : at(plan.leaves, node.leaf);
  const declared = leaf !== null && leaf.category !== null;
  const walks = (has: boolean): number => (has && !node.leafWins ? WALK : declared ? REFUSE : SKIP);
  const hasObject = node.fields !== null || node.rest >= 0;
  const hasArray = node.items >= 0;
  return {
    id: node.id,
    leaf: node.leaf,
    roles: rolesOf(node.leaf, plan),
    objects: walks(hasObject),
    arrays: walks(hasArray),
    nullIsContainer: leaf === null && (hasObject || hasArray),
    fieldWords: ((node.fields?.size ?? 0) + 31) >> 5,
    known: new KnownKeys(node.rest < 0),
    rest: null,
    items: null,
  };
}

function rolesOf(leaf: number, plan: RoutePlan): number {
  if (leaf < 0) return 0;
  const { subject, time, region } = plan.read;
  return (leaf === subject ? IS_SUBJECT : 0) | (leaf === time ? IS_TIME : 0) | (leaf === region ? IS_REGION : 0);
}
