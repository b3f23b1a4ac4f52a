/** What a change of configuration could do, whatever the records: every way in which more, or less, could leave. */
import { taggedFields } from '../policy/avro-fields.ts';
import { formatPath } from '../policy/path.ts';
import type { CompiledBundle, CompiledRoute, RoutePlan } from '../policy/plan.ts';
import type { RegimeNames } from './compare-basis.ts';
import { compareOutput, type PlanPair } from './compare-output.ts';
import { collectFindings, type Finding, type Said } from './finding.ts';
import { placePairs } from './place-pairs.ts';

export type DiffSide = {
  readonly bundle: CompiledBundle;
  /** Names what was compiled; two sides of one digest are the same. */
  readonly digest: string;
};

/** Schema texts under which records of a raw topic may be written (Avro), as far as anybody knows. */
export type SchemasOf = (topic: string) => readonly string[];

/** A route with no output: what a bundle makes of a topic that it does not read. */
export function withoutOutputs(route: CompiledRoute): RoutePlan {
  return { ...route.plan, outputs: [] };
}

/**
 * Compares two configurations. Routes are the same where they read the same raw topic, outputs where they write the same
 * one. Pure; empty for two configurations that say the same.
 *
 * Not compared is which records are dead letters: those are kept, and come out, if at all, by the rules of that day. The
 * measured diff counts them.
 */
export function staticDiff(before: DiffSide, after: DiffSide, schemasOf: SchemasOf = () => []): readonly Finding[] {
  const names = { before: before.bundle.regimes, after: after.bundle.regimes };
  const old = new Map(before.bundle.routes.map((route) => [route.topic, route]));
  const fresh = new Map(after.bundle.routes.map((route) => [route.topic, route]));
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().flatMap((topic) => {
    const routes = { before: old.get(topic) ?? null, after: fresh.get(topic) ?? null };
    const known = schemasOf(topic);
    const findings = collectFindings(routes.after?.name ?? routes.before?.name ?? topic);
    compareRoutes(routes, names, known, before.digest === after.digest, findings.add);
    return findings.found();
  });
}

type RoutePair = { readonly before: CompiledRoute | null; readonly after: CompiledRoute | null };

function compareRoutes(
  { before, after }: RoutePair,
  names: RegimeNames,
  known: readonly string[],
  identical: boolean,
  add: (said: Said) => void,
): void {
  const some = after ?? before;
  if (some === null) return;
  if (before === null) add({ kind: 'route_added', consequence: 'exposes', after: some.topic });
  if (after === null) add({ kind: 'route_removed', consequence: 'hides', before: some.topic });
  if (before !== null && after !== null) {
    if (before.name !== after.name) {
      add({ kind: 'route_renamed', consequence: 'none', before: before.name, after: after.name });
    }
    if (before.format !== after.format) {
      add({ kind: 'format', consequence: 'unclear', before: before.format, after: after.format });
    }
    compareReads(before.plan, after.plan, add);
  }
  const tagged = (before?.tags ?? null) !== null || (after?.tags ?? null) !== null;
  const texts = new Set([
    ...known,
    ...[before?.schemaText, after?.schemaText].filter((text) => typeof text === 'string'),
  ]);
  if (tagged && texts.size === 0 && !identical) {
    add({ kind: 'schemas_unknown', consequence: 'unclear' });
  }
  for (const plans of planPairs({ before, after }, tagged, texts)) {
    compareCategories(plans, add);
    const topics = new Set([...plans.before.outputs, ...plans.after.outputs].map(({ topic }) => topic));
    for (const topic of topics) {
      const outputOf = (plan: RoutePlan) => plan.outputs.find((output) => output.topic === topic) ?? null;
      compareOutput(plans, { before: outputOf(plans.before), after: outputOf(plans.after) }, names, add);
    }
  }
}

/** The plans to hold against each other: one pair, or one a schema where tags say what fields are. */
function planPairs({ before, after }: RoutePair, tagged: boolean, texts: ReadonlySet<string>): readonly PlanPair[] {
  const pair = (planOf: (route: CompiledRoute) => RoutePlan): PlanPair => {
    const plans = {
      before: before === null ? withoutOutputs(after as CompiledRoute) : planOf(before),
      after: after === null ? withoutOutputs(before as CompiledRoute) : planOf(after),
    };
    return { ...plans, places: placePairs(plans.before, plans.after) };
  };
  if (!tagged) return [pair(({ plan }) => plan)];
  const bySchema = [...texts].map((text) => pair((route) => planOfSchema(route, text)));
  // Schemas to come may tag any field: what becomes of one is seen on a field that has nothing but its tag.
  return [...bySchema, pair(planOfTags)];
}

/** The plan of records written with a schema. A text that is none declares nothing. */
export function planOfSchema(route: CompiledRoute, text: string): RoutePlan {
  if (route.tags === null) return route.plan;
  let schema: unknown = null;
  try {
    schema = JSON.parse(text);
  } catch {
    // Its records are dead letters.
  }
  return route.planWith(taggedFields(schema, route.tags));
}

function planOfTags({ tags, plan, planWith }: CompiledRoute): RoutePlan {
  if (tags === null) return plan;
  return planWith(
    new Map([...tags].map(([tag, category]) => [formatPath([{ kind: 'key', name: `(tag ${tag})` }]), category])),
  );
}

function compareReads(before: RoutePlan, after: RoutePlan, add: (said: Said) => void): void {
  for (const kind of ['subject', 'time', 'region'] as const) {
    const [old, fresh] = [pathRead(before, kind), pathRead(after, kind)];
    // Another subject, age or law: nothing that follows from it can be compared.
    if (old !== fresh) add({ kind, consequence: 'unclear', before: old, after: fresh });
  }
}

function pathRead(plan: RoutePlan, what: 'subject' | 'time' | 'region'): string | null {
  return plan.leaves[plan.read[what]]?.path ?? null;
}

/** A category by itself lets nothing out: what follows from it is told of each output. */
function compareCategories({ before, after, places }: PlanPair, add: (said: Said) => void): void {
  for (const place of places) {
    const old = before.leaves[place.before]?.category ?? null;
    const fresh = after.leaves[place.after]?.category ?? null;
    if (old === null || fresh === null || old.name === fresh.name) continue;
    const said = { before: old.name, after: fresh.name, category: fresh.name };
    add({ kind: 'category', consequence: 'none', path: place.path, ...said });
  }
  for (const { name, category } of after.headers) {
    const old = before.headers.find((header) => header.name === name)?.category;
    if (old === undefined || old.name === category.name) continue;
    const said = { before: old.name, after: category.name, category: category.name };
    add({ kind: 'category', consequence: 'none', path: `headers.${name}`, ...said });
  }
}
