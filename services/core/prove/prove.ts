/**
 * `lethe prove`: which category can get into which output, and whether the guards hold (issue 4). What is proven is
 * proven of the compiled plans and of the schema versions walked, and of no others.
 */
import { type Breach, breachesOf } from '../policy/guard-breaches.ts';
import { covers, guardText } from '../policy/guard.ts';
import type { Category, CompiledBundle, CompiledRoute, Guard, OutputPlan, RoutePlan } from '../policy/plan.ts';
import { compareText } from '../policy/report.ts';
import { type Ground, groundsOf } from './grounds.ts';
import { readVersion } from './schema-version.ts';
import { type Blocked, type Way, waysOf } from './ways.ts';

/** The raw schemas of an Avro route that are at hand. */
export type RawSchemas = {
  readonly from: 'registry' | 'file' | 'nowhere';
  readonly versions: readonly { readonly label: string; readonly schema: string }[];
};

/** `versions`: labels of the schema versions in which the path is; empty for JSON, and where it is in none of them. */
export type Located<T> = T & { readonly versions: readonly string[] };

export type Cell = {
  readonly category: Category;
  readonly ways: readonly Located<Way>[];
  readonly blocked: readonly Located<Blocked>[];
};

export type OutputProof = {
  readonly plan: OutputPlan;
  readonly grounds: readonly Ground[];
  /** Categories that the route's records can hold, by name. */
  readonly cells: readonly Cell[];
};

export type RouteProof = {
  readonly name: string;
  readonly topic: string;
  readonly format: 'json' | 'avro';
  /** Null for JSON: what is declared is all there is. */
  readonly schemas: {
    readonly from: RawSchemas['from'];
    readonly walked: readonly string[];
    /** Versions that are no schema of records. */
    readonly unusable: readonly string[];
    /** Other versions may declare more by their tags. */
    readonly tagged: boolean;
  } | null;
  readonly outputs: readonly OutputProof[];
};

export type GuardProof = {
  readonly guard: Guard;
  readonly text: string;
  readonly holds: boolean;
  readonly brokenBy: readonly Located<Breach>[];
  /** Outputs of its purposes. */
  readonly outputs: readonly string[];
  /** Tags with which a schema version not walked would break it, were the field not dropped then. */
  readonly tags: readonly { readonly route: string; readonly tag: string }[];
};

export type Proof = {
  readonly routes: readonly RouteProof[];
  readonly guards: readonly GuardProof[];
  readonly holds: boolean;
};

/** A plan of a route and where values can be in it; the label of the schema version that it is for, or null. */
type Case = { readonly label: string | null; readonly plan: RoutePlan; readonly reached: ReadonlySet<number> };

/**
 * @param bundle compiled with `brokenGuards: 'dropped'`, or there is nothing to tell of broken guards.
 * @param schemasOf asked for Avro routes alone.
 */
export function prove(bundle: CompiledBundle, schemasOf: (route: CompiledRoute) => RawSchemas): Proof {
  const breaches: Located<Breach>[] = [];
  const routes = bundle.routes.map((route): RouteProof => {
    const schemas = route.format === 'avro' ? schemasOf(route) : null;
    const read = (schemas?.versions ?? []).map(({ label, schema }) => ({ label, version: readVersion(route, schema) }));
    const cases: Case[] = read.flatMap(({ label, version }) => (version === null ? [] : [{ label, ...version }]));
    // What `fields` declares may come with any version, walked or not.
    const declared = new Set(route.plan.nodes.map(({ leaf }) => leaf));
    const all: Case[] = [...cases, { label: null, plan: route.plan, reached: declared }];
    breaches.push(...merged(all.map(({ label, plan }) => ({ label, found: breachesOf(plan) }))));
    return {
      name: route.name,
      topic: route.topic,
      format: route.format,
      schemas:
        schemas === null
          ? null
          : {
              from: schemas.from,
              walked: cases.flatMap(({ label }) => (label === null ? [] : [label])),
              unusable: read.flatMap(({ label, version }) => (version === null ? [label] : [])),
              tagged: route.tags !== null,
            },
      outputs: route.plan.outputs.map((output) => ({
        plan: output,
        grounds: groundsOf(output.purpose, bundle.regimes),
        cells: cellsOf(all, output.index),
      })),
    };
  });
  const guards = bundle.guards.map((guard): GuardProof => {
    const brokenBy = breaches.filter((breach) => breach.guard === guard);
    const outputs = bundle.routes.flatMap(({ plan }) =>
      plan.outputs.filter(({ purpose }) => guard.purposes.includes(purpose.name)).map(({ topic }) => topic),
    );
    const tags = bundle.routes.flatMap((route) => tagsThatBreak(guard, route));
    return { guard, text: guardText(guard), holds: brokenBy.length === 0, brokenBy, outputs, tags };
  });
  return { routes, guards, holds: guards.every(({ holds }) => holds) };
}

function cellsOf(cases: readonly Case[], output: number): readonly Cell[] {
  const found = cases.map(({ label, plan, reached }) => {
    const one = plan.outputs[output];
    return { label, ...(one === undefined ? { ways: [], blocked: [] } : waysOf(plan, one, reached)) };
  });
  const ways = merged(found.map(({ label, ways: some }) => ({ label, found: some })));
  const blocked = merged(found.map(({ label, blocked: some }) => ({ label, found: some })));
  const categories = new Map([...ways, ...blocked].map(({ category }) => [category.name, category]));
  return [...categories.values()]
    .toSorted((a, b) => compareText(a.name, b.name))
    .map((category) => ({
      category,
      ways: ways.filter((way) => way.category.name === category.name),
      blocked: blocked.filter((one) => one.category.name === category.name),
    }));
}

/** Each finding once, with the versions it was made in. */
function merged<T extends object>(
  cases: readonly { readonly label: string | null; readonly found: readonly T[] }[],
): readonly Located<T>[] {
  const known = new Map<string, T & { versions: string[] }>();
  for (const { label, found } of cases) {
    for (const one of found) {
      const key = JSON.stringify(one);
      const same = known.get(key) ?? { ...one, versions: [] };
      known.set(key, same);
      if (label !== null && !same.versions.includes(label)) same.versions.push(label);
    }
  }
  return [...known.values()];
}

/** A path that nobody declares. */
const ANYWHERE = '__any_field_with_the_tag';

/** Tries out what a field would do that a schema tags so. */
function tagsThatBreak(
  guard: Guard,
  route: CompiledRoute,
): readonly { readonly route: string; readonly tag: string }[] {
  return [...(route.tags ?? [])]
    .filter(([, category]) => covers(guard.category, category))
    .filter(([, category]) =>
      breachesOf(route.planWith(new Map([[ANYWHERE, category]]))).some(
        (breach) => breach.path === ANYWHERE && breach.guard === guard,
      ),
    )
    .map(([tag]) => ({ route: route.name, tag }));
}
