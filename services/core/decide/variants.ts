import type { Category, LeafRule, OutputPlan, RoutePlan } from '../policy/plan.ts';
import type { Effect, Variant } from './variant.ts';

/** The variants of one output of one plan; each is made when first needed and then shared. Their number is bounded. */
export type Variants = {
  /** Whether explicit consent makes any difference to this output. */
  readonly asksExplicit: boolean;
  /** Whether the output encrypts anything: whether it matters that a subject's data key was destroyed. */
  readonly encrypts: boolean;
  /** How many there can be; ids are below it. */
  readonly size: number;
  /**
   * @param explicit sensitive leaves may be released (explicit consent is in force, or the basis asks for none).
   * @param stripped only non-personal leaves may be released.
   * @param age of the record, milliseconds.
   * @param shredded the subject has no data key and never will: what would be encrypted is absent.
   */
  readonly pick: (explicit: boolean, stripped: boolean, age: number, shredded?: boolean) => Variant;
};

export function makeVariants(plan: RoutePlan, output: OutputPlan): Variants {
  const leaves = plan.leaves.map((leaf) => ruled(leaf.category, output.leaves[leaf.id]));
  const headers = plan.headers.map((header, i) => withoutNull(ruled(header.category, output.headers[i])));
  const releasing = [...leaves, ...headers].filter((part) => part.effect !== 'drop');
  const encrypting = releasing.some((part) => part.effect === 'encrypt');
  const asksExplicit = releasing.some((part) => part.category?.sensitive);
  // Limits at or above the record's own are never reached: such a record is withheld.
  const limits = Float64Array.from(
    new Set(releasing.map((part) => part.maxAgeMs).filter((limit) => limit < output.purpose.retentionMs)),
  ).sort();

  const perMode = limits.length + 1;
  const made: (Variant | undefined)[] = Array.from({ length: perMode * (encrypting ? 8 : 4) });
  return {
    asksExplicit,
    encrypts: encrypting,
    size: made.length,
    pick(explicit, stripped, age, shredded = false) {
      let passed = 0;
      while (passed < limits.length && age > (limits[passed] as number)) passed++;
      const mode = (explicit || !asksExplicit ? 1 : 0) + (stripped ? 2 : 0) + (shredded && encrypting ? 4 : 0);
      const id = mode * perMode + passed;
      return (made[id] ??= makeVariant(id, leaves, headers, mode % 2 === 1, stripped, age, mode >= 4));
    },
  };
}

/** A leaf or a header as one output treats it when nothing stands in the way. */
type Part = { readonly category: Category | null; readonly effect: Effect; readonly maxAgeMs: number };

/** What has no category or no rule is dropped, whatever the plan says besides. */
function ruled(category: Category | null, rule: LeafRule | undefined): Part {
  if (category === null || rule === undefined) return { category, effect: 'drop', maxAgeMs: 0 };
  return { category, effect: rule.action.kind, maxAgeMs: rule.maxAgeMs };
}

/** Headers are never null on the way out (kafkajs#1786): one that a rule nullifies is absent. */
function withoutNull(part: Part): Part {
  return part.effect === 'nullify' ? { ...part, effect: 'drop' } : part;
}

function makeVariant(
  id: number,
  leaves: readonly Part[],
  headers: readonly Part[],
  explicit: boolean,
  stripped: boolean,
  age: number,
  shredded: boolean,
): Variant {
  const outcome = (part: Part): Effect => {
    if (part.effect === 'drop') return 'drop';
    if (stripped && part.category?.personal !== false) return 'drop_stripped';
    if (!explicit && part.category?.sensitive !== false) return 'drop_not_explicit';
    if (age > part.maxAgeMs) return 'drop_retention';
    return shredded && part.effect === 'encrypt' ? 'drop_shredded' : part.effect;
  };
  const effects = leaves.map(outcome);
  return Object.freeze({
    id,
    released: Uint8Array.from(effects, (effect) => (releases(effect) ? 1 : 0)),
    effects: Object.freeze(effects),
    headerEffects: Object.freeze(headers.map(outcome)),
    stripped,
    lacksExplicit: effects.includes('drop_not_explicit'),
    lacksRetention: effects.includes('drop_retention'),
    shredded,
    lacksKey: effects.includes('drop_shredded'),
  });
}

/** Whether an effect lets something of the value (a null, too) into the output. */
export function releases(effect: Effect): boolean {
  switch (effect) {
    case 'keep':
    case 'nullify':
    case 'redact':
    case 'mask':
    case 'pseudonymize':
    case 'truncate_ip':
    case 'generalize':
    case 'encrypt':
      return true;
    case 'drop':
    case 'drop_not_explicit':
    case 'drop_retention':
    case 'drop_stripped':
    case 'drop_shredded':
      return false;
  }
}
