/** The raw schemas of Avro routes that a command can look at. */
import type { CompiledBundle } from '../core/policy/plan.ts';
import type { SchemaRegistry } from '../core/ports.ts';
import type { RawSchemas } from '../core/prove/prove.ts';

/**
 * By name of each Avro route: every registered version (oldest first), else the schema file that its policy names. A
 * route of which neither is known is not in it.
 *
 * @param registry null where none is set.
 * @param subjectOf the registry's subject of a topic's values.
 * @throws LetheError `unavailable` where the registry does not answer.
 */
export async function rawSchemasOf(
  compiled: Pick<CompiledBundle, 'routes'>,
  registry: Pick<SchemaRegistry, 'versions'> | null,
  subjectOf: (topic: string) => string,
): Promise<ReadonlyMap<string, RawSchemas>> {
  const schemas = new Map<string, RawSchemas>();
  for (const { name, topic, format, schemaText } of compiled.routes) {
    if (format !== 'avro') continue;
    const registered = registry === null ? [] : await registry.versions(subjectOf(topic));
    if (registered.length > 0) {
      const versions = registered.map(({ id, schema }) => ({ label: `id ${id}`, schema }));
      schemas.set(name, { from: 'registry', versions });
    } else if (schemaText !== null) {
      schemas.set(name, { from: 'file', versions: [{ label: 'file', schema: schemaText }] });
    }
  }
  return schemas;
}

/** For routes of which no schema is known. */
export const NO_SCHEMAS: RawSchemas = { from: 'nowhere', versions: [] };
