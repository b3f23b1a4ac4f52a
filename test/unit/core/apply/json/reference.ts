/**
 * What the JSON engine must come to, written the plain way: on parsed values, along the plan's nodes. For records
 * without duplicate keys and without numbers that JSON.parse does not keep.
 */
import type { Scalar } from '../../../../../services/core/apply/action.ts';
import { makeTransform } from '../../../../../services/core/apply/make-transform.ts';
import type { Leaf, OutputPlan, RoutePlan, ShapeNode } from '../../../../../services/core/policy/plan.ts';
import { keyring } from './plan-fixture.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The value, or that there is none. */
type Out = { readonly value: Json } | null;

export class ActionFailed extends Error {
  readonly path: string;
  constructor(path: string) {
    super(path);
    this.path = path;
  }
}

/** What an output gets of a record. Throws `ActionFailed` for the first action, in document order, that fails. */
export function reference(plan: RoutePlan, output: OutputPlan, record: Json): Json {
  const node = (id: number): ShapeNode => plan.nodes[id] as ShapeNode;
  const isReleased = (leaf: number): boolean =>
    plan.leaves[leaf]?.category !== null && output.leaves[leaf]?.action.kind !== 'drop';

  function visit(value: Json, id: number): Out {
    if (id < 0) return null;
    const shape = node(id);
    if (Array.isArray(value)) {
      if (shape.leafWins || shape.items < 0) return refuse(shape);
      const members = value.map((element: Json) => visit(element, shape.items)).filter((out) => out !== null);
      return members.length === 0 ? null : { value: members.map((out) => out.value) };
    }
    if (typeof value === 'object' && value !== null) {
      if (shape.leafWins || (shape.fields === null && shape.rest < 0)) return refuse(shape);
      const entries = Object.entries(value)
        .map(([key, member]) => [key, visit(member, shape.fields?.get(key) ?? shape.rest)] as const)
        .flatMap(([key, out]) => (out === null ? [] : [[key, out.value] as const]));
      return entries.length === 0 ? null : { value: Object.fromEntries(entries) };
    }
    if (shape.leaf < 0) {
      const walks = shape.fields !== null || shape.rest >= 0 || shape.items >= 0;
      return value === null && walks && shape.beneath.some(isReleased) ? { value: null } : null;
    }
    return isReleased(shape.leaf) ? { value: act(value as string | number | boolean | null, shape.leaf) } : null;
  }

  function refuse(shape: ShapeNode): null {
    const leaf: Leaf | undefined = plan.leaves[shape.leaf];
    if (leaf !== undefined && leaf.category !== null) throw new ActionFailed(leaf.path);
    return null;
  }

  function act(value: string | number | boolean | null, leaf: number): Json {
    const action = output.leaves[leaf]?.action;
    if (value === null || action === undefined || action.kind === 'nullify') return null;
    if (action.kind === 'keep' || action.kind === 'drop') return value;
    const kind = typeof value as Scalar['kind'];
    const text = kind === 'string' ? (value as string) : JSON.stringify(value);
    const changed = makeTransform(action, keyring)({ kind, text });
    if (changed === null) throw new ActionFailed(plan.leaves[leaf]?.path ?? '');
    return changed.kind === 'string' ? changed.text : (JSON.parse(changed.text) as Json);
  }

  return visit(record, 0)?.value ?? {};
}
