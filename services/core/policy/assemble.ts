import { buildAutomaton } from './automaton.ts';
import { collectDeclarations, type Declaration, type Declared } from './declarations.ts';
import { guardedPseudonym, guardedRule } from './guard.ts';
import { hasWildcard, type Path } from './path.ts';
import type {
  Category,
  Cleanup,
  ConsentAt,
  Guard,
  HeaderPlan,
  LeafRule,
  OutputKey,
  OutputPlan,
  RoutePlan,
  SourcePosition,
} from './plan.ts';
import type { Purpose } from './purposes.ts';
import { type Rule, ruleFinder } from './rules.ts';

export type NamedPath = { readonly path: Path; readonly text: string };

export type OutputBlueprint = {
  readonly topic: string;
  readonly purpose: Purpose;
  readonly unconsented: 'withhold' | 'strip';
  readonly consentAt: ConsentAt;
  readonly cleanup: Cleanup;
  readonly key: 'pseudonym' | 'none' | NamedPath;
  /** Where the key was written, or else the output. */
  readonly keyPosition: SourcePosition;
  readonly rules: readonly Rule[];
};

/** A route with all but its leaves resolved. */
export type RouteBlueprint = {
  readonly name: string;
  readonly topic: string;
  readonly format: 'json' | 'avro';
  readonly read: {
    readonly subject: NamedPath;
    readonly time: NamedPath | null;
    readonly region: NamedPath | null;
  };
  readonly headers: readonly HeaderPlan[];
  readonly outputs: readonly OutputBlueprint[];
  readonly guards: readonly Guard[];
};

export type Assembled = {
  readonly plan: RoutePlan;
  readonly declarations: readonly Declaration[];
  /** By output: the rule of each leaf, and of each header. */
  readonly chosen: readonly { readonly leaves: readonly (Rule | null)[]; readonly headers: readonly (Rule | null)[] }[];
};

/** Makes the plan of a route from what is declared. Null: the declarations multiply beyond what can be run. */
export function assemble(blueprint: RouteBlueprint, declared: readonly Declared[]): Assembled | null {
  const { subject, time, region } = blueprint.read;
  const declarations = collectDeclarations(declared, pathsOf([subject, time, region]), selectedPaths(blueprint));
  const nodes = declarations === null ? null : buildAutomaton(declarations);
  if (declarations === null || nodes === null) return null;
  const ids = new Map(declarations.map(({ text }, id) => [text, id]));
  const idOf = (path: NamedPath | null): number => (path === null ? -1 : (ids.get(path.text) ?? -1));

  const chosen = blueprint.outputs.map(({ rules }) => {
    const find = ruleFinder(rules);
    return {
      leaves: declarations.map(({ path, text, category }) => (category ? find.ofLeaf(path, text, category) : null)),
      headers: blueprint.headers.map(({ category }) => find.ofCategory(category)),
    };
  });
  const subjectCategory = declarations[idOf(subject)]?.category?.name ?? null;
  const outputs = blueprint.outputs.map(
    ({ topic, purpose, unconsented, consentAt, cleanup, key, keyPosition }, index): OutputPlan => {
      const ofRule = leafRules(blueprint.guards, purpose);
      const ofHeader = leafRules(blueprint.guards, purpose, true);
      const leaves = declarations.map(({ path, category }, id) =>
        ofRule(chosen[index]?.leaves[id] ?? null, category, hasWildcard(path)),
      );
      const guardedKey =
        key === 'pseudonym' ? guardedPseudonym(blueprint.guards, subjectCategory, purpose.plan.name) : undefined;
      return {
        index,
        topic,
        purpose: purpose.plan,
        unconsented,
        consentAt,
        ...(cleanup === 'delete' ? {} : { cleanup }),
        key: guardedKey === undefined ? outputKey(key, idOf, leaves) : { kind: 'none' },
        ...(guardedKey === undefined ? {} : { guardedKey }),
        keyPosition,
        leaves,
        headers: blueprint.headers.map(({ category }, at) =>
          ofHeader(chosen[index]?.headers[at] ?? null, category, false),
        ),
      };
    },
  );
  const plan: RoutePlan = {
    name: blueprint.name,
    topic: blueprint.topic,
    format: blueprint.format,
    leaves: declarations.map(({ text, category }, id) => ({ id, path: text, category })),
    nodes,
    read: { subject: idOf(subject), time: idOf(time), region: idOf(region) },
    headers: blueprint.headers,
    outputs,
  };
  return { plan, declarations, chosen };
}

/** The paths by which outputs tell values of a wildcard apart, each once. */
function selectedPaths({ outputs }: RouteBlueprint): readonly Path[] {
  const paths = new Map<string, Path>();
  for (const { rules, key } of outputs) {
    for (const { select } of rules) if (select.by === 'path') paths.set(select.text, select.path);
    if (typeof key !== 'string') paths.set(key.text, key.path);
  }
  return [...paths.values()];
}

function pathsOf(named: readonly (NamedPath | null)[]): readonly Path[] {
  return named.flatMap((one) => (one === null ? [] : [one.path]));
}

/** Leaves with the same rule, category and kind of path share one object. */
function leafRules(
  guards: readonly Guard[],
  purpose: Purpose,
  header = false,
): (rule: Rule | null, category: Category | null, keys: boolean) => LeafRule {
  const made = new Map<string, LeafRule>();
  return (rule, category, keys) => {
    const name = `${rule?.index ?? -1} ${keys} ${category?.name}`;
    const known = made.get(name);
    if (known !== undefined) return known;
    const maxAgeMs = category === null ? purpose.plan.retentionMs : purpose.maxAgeMs(category.name);
    const asked: LeafRule = { action: rule?.action ?? { kind: 'drop' }, rule: rule?.ref ?? null, maxAgeMs };
    // A header is never null: one that a rule nullifies is absent, and breaks nothing (decide/variants.ts).
    const absent = category === null || (header && asked.action.kind === 'nullify');
    const fresh = absent
      ? asked
      : guardedRule(asked, guards, { category: category.name, purpose: purpose.plan.name, keys });
    made.set(name, fresh);
    return fresh;
  };
}

/** Whether an action leaves anything of a value. */
export function releases({ action }: LeafRule): boolean {
  return action.kind !== 'drop' && action.kind !== 'nullify';
}

/** A key that no rule releases (a schema's tags may yet declare it) is no key. */
function outputKey(
  key: OutputBlueprint['key'],
  idOf: (path: NamedPath) => number,
  leaves: readonly LeafRule[],
): OutputKey {
  if (typeof key === 'string') return { kind: key };
  const leaf = idOf(key);
  const rule = leaves[leaf];
  return rule !== undefined && releases(rule) ? { kind: 'leaf', leaf } : { kind: 'none' };
}
