/** The schemas of what a configuration publishes, held against what the registry knows. */
import { LetheError } from '../core/errors.ts';
import type { CompiledBundle, CompiledRoute } from '../core/policy/plan.ts';
import type { SchemaRegistry } from '../core/ports.ts';

export type PushedSchemas = {
  readonly compiled: CompiledBundle;
  /** Null where none is set; an Avro route then cannot be pushed. */
  readonly registry: SchemaRegistry | null;
  /** What each output of a route publishes, as schema texts, for the raw schemas given. */
  readonly outputSchemas: (
    route: CompiledRoute,
    rawSchemas: readonly string[],
  ) => readonly { readonly subject: string; readonly schemas: readonly string[] }[];
  /** The registry's subject of a topic's values. */
  readonly subjectOf: (topic: string) => string;
  /** Progress for a person. */
  readonly say: (line: string) => void;
};

/**
 * The schemas to register for a configuration's outputs. Registers nothing.
 *
 * @throws LetheError `invalid_config` where one is incompatible with what its readers know, or there is no registry.
 */
export async function checkedSchemas({
  compiled,
  registry,
  outputSchemas,
  subjectOf,
  say,
}: PushedSchemas): Promise<readonly { readonly subject: string; readonly schema: string }[]> {
  const avro = compiled.routes.filter(({ format }) => format === 'avro');
  if (avro.length === 0) return [];
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
  return wanted;
}
