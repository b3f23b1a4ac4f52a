/** What writing one variant of one output takes, decided per leaf and container before any record comes. */
import type { Transform } from '../action.ts';
import { type CipherSlot, placeOf } from '../encrypt.ts';
import { makeTransform } from '../make-transform.ts';
import type { Variant } from '../../decide/variant.ts';
import type { Keyring } from '../../keyring.ts';
import type { OutputPlan, RoutePlan } from '../../policy/plan.ts';

export const DROP = 0;
export const COPY = 1;
export const NULLIFY = 2;
export const TRANSFORM = 3;

export type Program = {
  readonly variant: Variant;
  /** By leaf id. */
  readonly todo: Uint8Array;
  /** By leaf id; only those of `TRANSFORM` are ever called. */
  readonly transforms: readonly Transform[];
  /** By shape id: 1 where something beneath is released. */
  readonly opens: Uint8Array;
};

const refuse: Transform = () => null;

/** Transformers of an output, by leaf id. `slot` has to hold the cipher of the record in hand. */
export function makeTransforms(
  plan: RoutePlan,
  output: OutputPlan,
  keyring: Keyring,
  slot: CipherSlot,
): readonly Transform[] {
  return output.leaves.map(({ action }, leaf) => {
    switch (action.kind) {
      case 'keep':
      case 'drop':
      case 'nullify':
        return refuse;
      default:
        return makeTransform(action, keyring, { place: placeOf(output, plan.leaves[leaf]?.path ?? ''), slot });
    }
  });
}

/** Compiles a variant. A leaf that is not declared, or whose rule drops it, stays absent whatever the variant says. */
export function makeProgram(
  plan: RoutePlan,
  output: OutputPlan,
  transforms: readonly Transform[],
  variant: Variant,
): Program {
  const todo = new Uint8Array(plan.leaves.length);
  for (const { id, category } of plan.leaves) {
    if (category === null || variant.released[id] !== 1) continue;
    switch (output.leaves[id]?.action.kind) {
      case undefined:
      case 'drop':
        break;
      case 'keep':
        todo[id] = COPY;
        break;
      case 'nullify':
        todo[id] = NULLIFY;
        break;
      default:
        todo[id] = TRANSFORM;
    }
  }
  const opens = new Uint8Array(plan.nodes.length);
  for (const { id, beneath } of plan.nodes) opens[id] = beneath.some((leaf) => todo[leaf] !== DROP) ? 1 : 0;
  return { variant, todo, transforms, opens };
}
