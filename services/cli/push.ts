/** `lethe push`: topics, then output schemas, then the bundle. The order matters: a worker may use it at once. */
import { LetheError } from '../core/errors.ts';
import type { CompiledBundle, CompiledRoute } from '../core/policy/plan.ts';
import type { Bundle, BundleStore, SchemaRegistry } from '../core/ports.ts';

export type PushOptions = {
  readonly bundle: Bundle;
  readonly compiled: CompiledBundle;
  readonly store: BundleStore;
  /** Null where none is set; an Avro route then cannot be pushed. */
  readonly registry: SchemaRegistry | null;
  /** What each output of a route publishes, as schema texts, for the raw schemas given. */
  readonly outputSchemas: (
    route: CompiledRoute,
    rawSchemas: readonly string[],
  ) => readonly { readonly subject: string; readonly schemas: readonly string[] }[];
  /** The registry's subject of a topic's values. */
  readonly subjectOf: (topic: string) => string;
  /** Creates topics that are missing; throws where one can be neither found nor created. */
  readonly ensureTopics: () => Promise<void>;
  /** Whether consent events were recorded of which the view in Redis shows none. */
  readonly consentsLost: () => Promise<boolean>;
  /** Progress for a person. */
  readonly say: (line: string) => void;
};

const EMPTIED =
  'WARNING: lethe.consent-events holds events, and Redis none of them: it was emptied. Until they are imported again (lethe consent import), records of subjects who objected or opted out are published. Stop the workers until then.';

/**
 * Makes a bundle the active one. Schemas of all outputs are checked before the first is registered, and nothing is made
 * active before everything it needs is there.
 *
 * @throws LetheError `invalid_config` where an output's schema is incompatible with what its readers know.
 */
export async function push(options: PushOptions): Promise<void> {
  const { bundle, store, say } = options;
  await options.ensureTopics();
  await registerSchemas(options);
  // Nothing active, and nobody's consents: Redis is new, or was emptied. Then whoever objected looks like one who never did.
  if ((await store.activeDigest()) === null && (await options.consentsLost())) say(EMPTIED);
  await store.activate(bundle);
  say(`Active for all workers from their next batch on: ${bundle.digest}`);
}

async function registerSchemas({ compiled, registry, outputSchemas, subjectOf, say }: PushOptions): Promise<void> {
  const avro = compiled.routes.filter(({ format }) => format === 'avro');
  if (avro.length === 0) return;
  if (registry === null) {
    throw new LetheError('invalid_config', `Avro routes (${avro.map(({ name }) => name).join(', ')}) need a registry`, {
      fix: 'Set SCHEMA_REGISTRY_URL.',
    });
  }
  const wanted: { subject: string; schema: string }[] = [];
  const refusals: string[] = [];
  for (const route of avro) {
    const raw = await registry.versions(subjectOf(route.topic));
    if (raw.length === 0) {
      say(`${subjectOf(route.topic)} has no schema yet: those of its outputs are registered when one appears`);
    }
    for (const { subject, schemas } of outputSchemas(
      route,
      raw.map(({ schema }) => schema),
    )) {
      for (const schema of schemas) {
        const reasons = await registry.incompatibility(subject, schema);
        if (reasons === null) wanted.push({ subject, schema });
        else refusals.push(`${subject}: ${reasons}`);
      }
    }
  }
  if (refusals.length > 0) {
    throw new LetheError(
      'invalid_config',
      `the registry takes these outputs' schemas for incompatible with what their readers know:\n${refusals.map((line) => `  ${line}`).join('\n')}`,
      { fix: 'Publish to a new topic, or relax the compatibility level of the subject where its readers can bear it.' },
    );
  }
  for (const { subject, schema } of wanted) {
    const id = await registry.register(subject, schema);
    say(`Schema ${id} registered for ${subject}`);
  }
}
