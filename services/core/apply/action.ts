/** Actions on one scalar, shared by every codec. Pure; written for text so that no number loses precision. */
import type { Keyring } from '../keyring.ts';
import type { Action } from '../policy/plan.ts';
import type { Encrypting } from './encrypt.ts';

export type ScalarKind = 'string' | 'number' | 'boolean';

/** A scalar: a string's characters, a number's literal as written, or `true` / `false`. */
export type Scalar = { readonly kind: ScalarKind; readonly text: string };

/** A transformer made once per action. Null: the action cannot handle the value (`action_failed`). */
export type Transform = (value: Scalar) => Scalar | null;

/**
 * Compiles an action that changes values (not keep, drop or nullify, which codecs do themselves) to a transformer.
 * Null values never reach it: null stays null. Without `encrypting` an `encrypt` fails for every value.
 */
export type MakeTransform = (
  action: Exclude<Action, { kind: 'keep' | 'drop' | 'nullify' }>,
  keyring: Keyring,
  encrypting?: Encrypting,
) => Transform;
