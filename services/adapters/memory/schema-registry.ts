import { LetheError } from '../../core/errors.ts';
import type { RegisteredSchema, SchemaRegistry } from '../../core/ports.ts';

/** Says why readers of `schema` could not read what was written with `earlier`; null where they can. */
export type Incompatibility = (schema: string, earlier: string) => string | null;

/**
 * A schema registry in memory: the reference for the contract, and what commands without a server use. A text has one
 * id, whatever subjects it is registered under. Each new version is held against the one before.
 *
 * @param incompatibility by default everything is compatible.
 */
export function makeMemorySchemaRegistry(incompatibility: Incompatibility = () => null): SchemaRegistry {
  const texts = new Map<number, string>();
  const ids = new Map<string, number>();
  const subjects = new Map<string, RegisteredSchema[]>();

  const problem = (subject: string, schema: string): string | null => {
    const versions = subjects.get(subject) ?? [];
    const latest = versions.at(-1);
    if (latest === undefined || versions.some((version) => version.schema === schema)) return null;
    return incompatibility(schema, latest.schema);
  };

  return {
    schemaById: async (id) => texts.get(id) ?? null,
    versions: async (subject) => [...(subjects.get(subject) ?? [])],
    incompatibility: async (subject, schema) => problem(subject, schema),
    register: async (subject, schema) => {
      const reasons = problem(subject, schema);
      if (reasons !== null) {
        throw new LetheError('invalid_config', `the schema registry refuses a schema for ${subject}: ${reasons}`);
      }
      const id = ids.get(schema) ?? ids.size + 1;
      ids.set(schema, id);
      texts.set(id, schema);
      const versions = subjects.get(subject) ?? [];
      if (!versions.some((version) => version.id === id)) versions.push({ id, schema });
      subjects.set(subject, versions);
      return id;
    },
  };
}
