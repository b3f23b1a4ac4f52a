import { buildAutomaton } from './automaton.ts';
import { collectDeclarations, type Declaration, type Declared } from './declarations.ts';
import type { Path } from './path.ts';
import type { HeaderPlan, LeafRule, OutputKey, OutputPlan, RoutePlan } from './plan.ts';
import type { Purpose } from './purposes.ts';
import { type Rule, ruleFinder } from './rules.ts';

export type NamedPath = { readonly path: Path; readonly text: string };

export type OutputBlueprint = {
  readonly topic: string;
  readonly purpose: Purpose;
  readonly unconsented: 'withhold' | 'strip';
  readonly key: 'pseudonym' | 'none' | NamedPath;
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
  const outputs = blueprint.outputs.map(({ topic, purpose, unconsented, key }, index): OutputPlan => {
    const ofRule = leafRules();
    const ageOf = (category: string | undefined) =>
      category === undefined ? purpose.plan.retentionMs : purpose.maxAgeMs(category);
    const leaves = declarations.map(({ category }, id) =>
      ofRule(chosen[index]?.leaves[id] ?? null, ageOf(category?.name)),
    );
    return {
      index,
      topic,
      purpose: purpose.plan,
      unconsented,
      key: outputKey(key, idOf, leaves),
      leaves,
      headers: blueprint.headers.map(({ category }, at) =>
        ofRule(chosen[index]?.headers[at] ?? null, ageOf(category.name)),
      ),
    };
  });
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

/** Leaves with the same rule and limit share one object. */
function leafRules(): (rule: Rule | null, maxAgeMs: number) => LeafRule {
  const made = new Map<string, LeafRule>();
  return (rule, maxAgeMs) => {
    const name = `${rule?.index ?? -1} ${maxAgeMs}`;
    const known = made.get(name);
    if (known !== undefined) return known;
    const fresh: LeafRule = { action: rule?.action ?? { kind: 'drop' }, rule: rule?.ref ?? null, maxAgeMs };
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
