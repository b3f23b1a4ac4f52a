/**
 * Every way in which something of a record can get into an output, read off the plan that the worker executes and the
 * variants that it decides among: an output never comes out in any other way.
 */
import type { Effect } from '../decide/variant.ts';
import { makeVariants, releases } from '../decide/variants.ts';
import { UNDECLARED_SUBJECT } from '../policy/guard.ts';
import { hasWildcard, parsePath } from '../policy/path.ts';
import type {
  Action,
  Category,
  Guarded,
  LeafRule,
  OutputPlan,
  RoutePlan,
  RuleRef,
  SourcePosition,
} from '../policy/plan.ts';

/** What must be so for something to get there, beside a lawful ground for the output's purpose. */
export type Conditions = {
  /** Explicit consent is in force, or the basis is a legal obligation. */
  readonly explicit: boolean;
  /** False: it gets there without a lawful ground too, in what is left of a stripped record. */
  readonly lawful: boolean;
  /** Milliseconds since the event at most. */
  readonly maxAgeMs: number;
  /** It gets there with every tombstone of the subject, whatever was consented to and however old. */
  readonly tombstones: boolean;
};

/** `map_keys`: the names of values under a wildcard are data too, and leave as they are beside what is left of the values. */
export type WayKind = 'field' | 'map_keys' | 'header' | 'key';

export type Way = {
  readonly kind: WayKind;
  /** The declared path, `headers.NAME`; for a key that of the field or subject it is made of. */
  readonly path: string;
  readonly category: Category;
  readonly action: Action;
  /** Null: the record key that no rule chose. */
  readonly rule: RuleRef | null;
  /** Where the rule or the key was written; null where nobody knows. */
  readonly position: SourcePosition | null;
  readonly conditions: Conditions;
};

/** A value that never gets there: no rule is for it, its rule drops it, or a guard does. */
export type Blocked = {
  readonly kind: 'field' | 'header' | 'key';
  readonly path: string;
  readonly category: Category;
  readonly rule: RuleRef | null;
  readonly guarded: Guarded | null;
};

export type Ways = { readonly ways: readonly Way[]; readonly blocked: readonly Blocked[] };

/** The plan's subject as the key that is made of it takes it. */
const UNDECLARED: Category = { name: UNDECLARED_SUBJECT, personal: true, sensitive: false, quasiIdentifier: false };

/** @param reached the leaves at which a record can have a value; all others are left out. */
export function waysOf(plan: RoutePlan, output: OutputPlan, reached: ReadonlySet<number>): Ways {
  const ways: Way[] = [];
  const blocked: Blocked[] = [];
  const probe = probeVariants(plan, output);
  const keyLeaf = output.key.kind === 'leaf' ? output.key.leaf : -1;

  for (const { id, path, category } of plan.leaves) {
    const rule = output.leaves[id];
    if (category === null || rule === undefined || !reached.has(id)) continue;
    const conditions = probe(({ effects }) => effects[id]);
    if (conditions === null) {
      blocked.push({ kind: 'field', path, category, rule: rule.rule, guarded: rule.guarded ?? null });
      continue;
    }
    const way = wayOf('field', path, category, rule, conditions);
    ways.push(way);
    if (namesValues(path)) ways.push({ ...way, kind: 'map_keys', action: { kind: 'keep' } });
    if (id === keyLeaf) ways.push({ ...way, kind: 'key', position: output.keyPosition ?? way.position });
  }

  for (const [index, { name, category }] of plan.headers.entries()) {
    const rule = output.headers[index];
    if (rule === undefined) continue;
    const path = `headers.${name}`;
    const conditions = probe(({ headerEffects }) => headerEffects[index]);
    if (conditions !== null) ways.push(wayOf('header', path, category, rule, conditions));
    else blocked.push({ kind: 'header', path, category, rule: rule.rule, guarded: rule.guarded ?? null });
  }

  const subject = plan.leaves[plan.read.subject];
  const path = subject?.path ?? '';
  const category = subject?.category ?? UNDECLARED;
  if (output.key.kind === 'pseudonym') {
    ways.push({
      ...{ kind: 'key', path, category, rule: null, position: output.keyPosition ?? null },
      action: { kind: 'pseudonymize', domain: output.purpose.name },
      conditions: { explicit: false, lawful: true, maxAgeMs: output.purpose.retentionMs, tombstones: true },
    });
  } else if (output.guardedKey !== undefined) {
    blocked.push({ kind: 'key', path, category, rule: null, guarded: output.guardedKey });
  }
  return { ways, blocked };
}

function wayOf(
  kind: 'field' | 'header',
  path: string,
  category: Category,
  rule: LeafRule,
  conditions: Conditions,
): Way {
  return {
    kind,
    path,
    category,
    action: rule.action,
    rule: rule.rule,
    position: rule.rule?.position ?? null,
    conditions,
  };
}

/** Names found in data stand where a path has a wildcard. */
function namesValues(path: string): boolean {
  const parsed = parsePath(path);
  return parsed.ok && hasWildcard(parsed.path);
}

type Effects = { readonly effects: readonly Effect[]; readonly headerEffects: readonly Effect[] };

/**
 * Tries every variant that the output can come out as, and tells of one of its parts when it is released; null where it
 * never is.
 */
function probeVariants(
  plan: RoutePlan,
  output: OutputPlan,
): (effectOf: (variant: Effects) => Effect | undefined) => Conditions | null {
  const variants = makeVariants(plan, output);
  const { retentionMs } = output.purpose;
  const limits = [...output.leaves, ...output.headers].map(({ maxAgeMs }) => maxAgeMs);
  // Older records are withheld whole (decide/decide.ts), so between two limits nothing changes.
  const ages = [...new Set([...limits, retentionMs])].filter((age) => age <= retentionMs).sort((a, b) => b - a);
  const oldest = (
    explicit: boolean,
    stripped: boolean,
    effectOf: (variant: Effects) => Effect | undefined,
  ): number | undefined =>
    ages.find((age) => {
      const effect = effectOf(variants.pick(explicit, stripped, age));
      return effect !== undefined && releases(effect);
    });

  return (effectOf) => {
    const withExplicit = oldest(true, false, effectOf);
    const without = oldest(false, false, effectOf);
    const stripped = output.unconsented === 'strip' ? oldest(false, true, effectOf) : undefined;
    const found = [withExplicit, without, stripped].filter((age) => age !== undefined);
    if (found.length === 0) return null;
    return {
      explicit: without === undefined && stripped === undefined,
      lawful: stripped === undefined,
      maxAgeMs: Math.max(...found),
      tombstones: false,
    };
  };
}
