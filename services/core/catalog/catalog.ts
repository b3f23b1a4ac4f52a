/**
 * What analysts are told of each sanitized topic (issue 4): read off the proof of what can get where (prove/prove.ts), so
 * that the catalogue says what workers do and nothing else.
 */
import { actionText } from '../diff/words.ts';
import { deriveOutputSchema } from '../policy/avro-output-schema.ts';
import type { Category, CompiledBundle, CompiledRoute, OutputPlan, RegimePlan } from '../policy/plan.ts';
import type { PurposesDocument } from '../policy/document.ts';
import { compareText, formatPosition } from '../policy/report.ts';
import type { Basis } from '../policy/plan.ts';
import type { Ground } from '../prove/grounds.ts';
import { type Located, prove, type RawSchemas } from '../prove/prove.ts';
import { readVersion } from '../prove/schema-version.ts';
import type { Blocked, Way } from '../prove/ways.ts';
import type { CatalogExample } from './example.ts';
import { plainForm } from './form-words.ts';
import { type JsonSchema, sketchJsonSchema } from './json-schema.ts';
import { undeclaredFields } from './undeclared.ts';

/** A form in words, and as a policy says it. */
export type CatalogForm = { readonly action: string; readonly plain: string; readonly policy: string };

export type CatalogField = {
  /** `map_keys`: names found in data, of values under a wildcard. */
  readonly kind: 'field' | 'map_keys' | 'header';
  /** The declared path, or the name of a header. */
  readonly path: string;
  readonly category: string;
  readonly personal: boolean;
  readonly sensitive: boolean;
  readonly form: CatalogForm;
  /** Only where consent was explicit, or the basis is a legal obligation. */
  readonly explicitConsent: boolean;
  /** Published without a lawful ground too, in what is left of a stripped record. */
  readonly withoutGround: boolean;
  /** Milliseconds since the event; older, it is not published. */
  readonly maxAgeMs: number;
  /** `file:line:col`. */
  readonly rule: string | null;
  /** Labels of raw schema versions that have it; empty: JSON, or whichever. */
  readonly versions: readonly string[];
};

export type WhyLeftOut = 'no_rule' | 'dropped_by_rule' | 'guard';

export type CatalogLeftOut = {
  readonly kind: Blocked['kind'];
  readonly path: string;
  readonly category: string;
  readonly why: WhyLeftOut;
  /** The rule that drops it, `file:line:col`. */
  readonly rule: string | null;
  /** What the guard is called or where it stands, and its reason. */
  readonly guard: { readonly name: string; readonly why: string | null } | null;
};

export type CatalogKey =
  | { readonly kind: 'pseudonym'; readonly domain: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'field'; readonly path: string; readonly form: CatalogForm };

export type CatalogSchema =
  | { readonly kind: 'avro'; readonly from: 'registry' | 'file'; readonly version: string; readonly schema: unknown }
  | { readonly kind: 'json'; readonly schema: JsonSchema }
  /** No raw schema is known, or none that can be used. */
  | { readonly kind: 'unknown' };

export type CatalogGround = Ground & {
  /** Regions of its regimes, in the order of regimes.yaml. */
  readonly regions: readonly string[];
};

export type CatalogTopic = {
  readonly topic: string;
  readonly route: string;
  readonly rawTopic: string;
  readonly format: 'json' | 'avro';
  readonly purpose: {
    readonly name: string;
    readonly description: string | null;
    /** The third party that a consent must name. */
    readonly recipient: string | null;
    /** Null: configuration does not say. */
    readonly readers: readonly string[] | null;
  };
  readonly grounds: readonly CatalogGround[];
  readonly unconsented: 'withhold' | 'strip';
  /** Milliseconds; an older record is withheld as a whole. */
  readonly retentionMs: number;
  /** Milliseconds that a value may lie in the topic (`lethe topics`); null: nothing is promised about the topic. */
  readonly inTopicMs: number | null;
  readonly key: CatalogKey;
  /** Fields and keys of maps, by path. */
  readonly fields: readonly CatalogField[];
  readonly headers: readonly CatalogField[];
  readonly leftOut: readonly CatalogLeftOut[];
  /** Of Avro: what the newest raw schema has and the policy does not declare. Null: no schema tells. */
  readonly undeclared: readonly string[] | null;
  readonly schema: CatalogSchema;
  readonly examples: readonly CatalogExample[];
};

export type Catalog = {
  /** Digest of the bundle. */
  readonly bundle: string;
  readonly regimes: readonly {
    readonly name: string;
    readonly regions: readonly string[];
    readonly fallback: boolean;
  }[];
  /** By name. */
  readonly topics: readonly CatalogTopic[];
};

export type CatalogSources = {
  readonly digest: string;
  readonly compiled: CompiledBundle;
  readonly purposes: PurposesDocument['purposes'];
  readonly schemasOf: (route: CompiledRoute) => RawSchemas;
  /** By topic. */
  readonly examplesOf: (topic: string) => readonly CatalogExample[];
};

export function makeCatalog({ digest, compiled, purposes, schemasOf, examplesOf }: CatalogSources): Catalog {
  const proof = prove(compiled, schemasOf);
  const topics = compiled.routes.flatMap((route) => {
    const newest = newestSchema(route, schemasOf);
    const outputs = proof.routes.find(({ name }) => name === route.name)?.outputs ?? [];
    return outputs.map(({ plan, grounds, cells }): CatalogTopic => {
      const ways = cells.flatMap((cell) => cell.ways);
      const fields = ways.filter(({ kind }) => kind === 'field' || kind === 'map_keys').map(fieldOf);
      const authored = purposes[plan.purpose.name];
      return {
        topic: plan.topic,
        route: route.name,
        rawTopic: route.topic,
        format: route.format,
        purpose: {
          name: plan.purpose.name,
          description: authored?.description ?? null,
          recipient: plan.purpose.recipient,
          readers: authored?.readers ?? null,
        },
        grounds: grounds.map((ground) => ({ ...ground, regions: regionsOf(ground, compiled.regimes) })),
        unconsented: plan.unconsented,
        retentionMs: plan.purpose.retentionMs,
        inTopicMs: plan.purpose.publishedMs ?? null,
        key: keyOf(plan, ways),
        fields: inOrder(fields),
        headers: ways.filter(({ kind }) => kind === 'header').map(fieldOf),
        leftOut: inOrder(cells.flatMap((cell) => cell.blocked).map(leftOutOf)),
        undeclared: newest === null ? null : undeclaredFields(newest.json, newest.plan),
        schema: schemaOf(route, plan, newest, ways),
        examples: examplesOf(plan.topic),
      };
    });
  });
  return {
    bundle: digest,
    regimes: compiled.regimes.names.map((name) => ({
      name,
      regions: regionsOf({ regimes: [name] }, compiled.regimes),
      fallback: name === compiled.regimes.fallback,
    })),
    topics: topics.toSorted((a, b) => compareText(a.topic, b.topic)),
  };
}

/** The ground of each regime, in the order of regimes.yaml; `elsewhere`: of every region listed nowhere. */
export function groundByRegime(
  { grounds }: Pick<CatalogTopic, 'grounds'>,
  regimes: Catalog['regimes'],
): readonly {
  readonly regime: string;
  readonly regions: readonly string[];
  readonly elsewhere: boolean;
  readonly basis: Basis;
}[] {
  return regimes.flatMap(({ name, regions, fallback }) => {
    const ground = grounds.find((one) => one.regimes.includes(name));
    return ground === undefined ? [] : [{ regime: name, regions, elsewhere: fallback, basis: ground.basis }];
  });
}

function regionsOf({ regimes }: Pick<Ground, 'regimes'>, { byRegion }: RegimePlan): readonly string[] {
  return [...byRegion].filter(([, regime]) => regimes.includes(regime)).map(([region]) => region);
}

function formOf(action: Way['action']): CatalogForm {
  return { action: action.kind, plain: plainForm(action), policy: actionText(action) };
}

function fieldOf({ kind, path, category, action, rule, conditions, versions }: Located<Way>): CatalogField {
  return {
    kind: kind === 'key' ? 'field' : kind,
    path: kind === 'header' ? path.slice('headers.'.length) : path,
    ...flags(category),
    form: kind === 'map_keys' ? { ...formOf(action), plain: 'names of the values, as they are' } : formOf(action),
    explicitConsent: conditions.explicit,
    withoutGround: !conditions.lawful,
    maxAgeMs: conditions.maxAgeMs,
    rule: rule === null ? null : formatPosition(rule.position),
    versions,
  };
}

function flags({ name, personal, sensitive }: Category): Pick<CatalogField, 'category' | 'personal' | 'sensitive'> {
  return { category: name, personal, sensitive };
}

function leftOutOf({ kind, path, category, rule, guarded }: Located<Blocked>): CatalogLeftOut {
  const guard = guarded?.by[0];
  return {
    kind,
    path: kind === 'header' ? path.slice('headers.'.length) : path,
    category: category.name,
    why: guard !== undefined ? 'guard' : rule === null ? 'no_rule' : 'dropped_by_rule',
    rule: rule === null ? null : formatPosition(rule.position),
    guard: guard === undefined ? null : { name: guard.name ?? formatPosition(guard.position), why: guard.why },
  };
}

function keyOf(plan: OutputPlan, ways: readonly Located<Way>[]): CatalogKey {
  const way = ways.find(({ kind }) => kind === 'key');
  if (plan.key.kind === 'pseudonym') return { kind: 'pseudonym', domain: plan.purpose.name };
  if (plan.key.kind === 'none' || way === undefined) return { kind: 'none' };
  return { kind: 'field', path: way.path, form: formOf(way.action) };
}

function inOrder<T extends { readonly path: string }>(items: readonly T[]): readonly T[] {
  return items.toSorted((a, b) => compareText(a.path, b.path));
}

type NewestSchema = {
  readonly from: 'registry' | 'file';
  readonly version: string;
  readonly json: unknown;
  readonly plan: CompiledRoute['plan'];
};

/** The last version that is a schema of records. */
function newestSchema(route: CompiledRoute, schemasOf: CatalogSources['schemasOf']): NewestSchema | null {
  if (route.format !== 'avro') return null;
  const { from, versions } = schemasOf(route);
  if (from === 'nowhere') return null;
  for (const { label, schema } of versions.toReversed()) {
    const read = readVersion(route, schema);
    if (read !== null) return { from, version: label, json: JSON.parse(schema) as unknown, plan: read.plan };
  }
  return null;
}

function schemaOf(
  route: CompiledRoute,
  output: OutputPlan,
  newest: NewestSchema | null,
  ways: readonly Located<Way>[],
): CatalogSchema {
  if (route.format === 'json') {
    const fields = ways.filter(({ kind }) => kind === 'field');
    return {
      kind: 'json',
      schema: sketchJsonSchema(
        output.topic,
        fields.map(({ path, category, action }) => ({ path, category: category.name, action })),
      ),
    };
  }
  const plan = newest?.plan.outputs[output.index];
  if (newest === null || plan === undefined) return { kind: 'unknown' };
  const schema = deriveOutputSchema(newest.json, newest.plan, plan);
  if (schema === null) return { kind: 'unknown' };
  return { kind: 'avro', from: newest.from, version: newest.version, schema };
}
