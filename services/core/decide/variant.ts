/**
 * A variant is one way an output can come out for a record: which leaves are released, and why the others are not.
 * There are few per output (what was consented explicitly × what has outlived its category's retention × stripped or
 * not), so each is made once and shared by all records it fits. It doubles as the audit's decision shape.
 */
import type { ActionKind } from '../policy/plan.ts';

/** What happens to one leaf or header: the action, or why it is absent. */
export type Effect =
  | Exclude<ActionKind, 'drop'>
  | 'drop'
  | 'drop_not_explicit'
  | 'drop_retention'
  | 'drop_stripped'
  /** It would be encrypted, and the subject's data key was destroyed. */
  | 'drop_shredded';

export type Variant = {
  /** Unique within an output of a plan, from 0, dense. */
  readonly id: number;
  /** By leaf id: 1 where the leaf's action applies and releases something, 0 where the leaf is absent. */
  readonly released: Uint8Array;
  /** By leaf id. */
  readonly effects: readonly Effect[];
  /** By header index. */
  readonly headerEffects: readonly Effect[];
  /** Only non-personal leaves are released; the record key is null unless the key's leaf is non-personal. */
  readonly stripped: boolean;
  /** Some leaf that a rule releases is withheld here for want of explicit consent. */
  readonly lacksExplicit: boolean;
  /** Some leaf that a rule releases is withheld here because it outlived its category's retention. */
  readonly lacksRetention: boolean;
  /** Made for a subject whose data key was destroyed. */
  readonly shredded: boolean;
  /** Some leaf that a rule encrypts is withheld here because the subject's data key was destroyed. */
  readonly lacksKey: boolean;
};
