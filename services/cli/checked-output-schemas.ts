/** Output schemas for commands that only look: held against the registry as a worker's would be, and not registered. */
import { LetheError } from '../core/errors.ts';
import type { SchemaRegistry } from '../core/ports.ts';

export type CheckedOutputSchemas = {
  /** As the Avro codec asks for it. The id is made up. Throws `invalid_config` where the registry would refuse. */
  readonly idOf: (subject: string, schemaText: string) => Promise<number>;
  /** The schema of such an id; null: no such id. */
  readonly textOf: (id: number) => string | null;
};

export function makeCheckedOutputSchemas(
  registry: Pick<SchemaRegistry, 'incompatibility' | 'versions'>,
): CheckedOutputSchemas {
  const known: { readonly subject: string; readonly text: string }[] = [];
  return {
    idOf: async (subject, schemaText) => {
      const id = known.findIndex((one) => one.subject === subject && one.text === schemaText);
      if (id >= 0) return id;
      // What is registered already is found again, whatever came after it.
      if (
        (await registry.incompatibility(subject, schemaText)) !== null &&
        !(await isRegistered(subject, schemaText))
      ) {
        throw new LetheError('invalid_config', `the schema registry would refuse a schema for ${subject}`);
      }
      return known.push({ subject, text: schemaText }) - 1;
    },
    textOf: (id) => known[id]?.text ?? null,
  };

  async function isRegistered(subject: string, schemaText: string): Promise<boolean> {
    const wanted = canonical(schemaText);
    return (await registry.versions(subject)).some(({ schema }) => canonical(schema) === wanted);
  }
}

/** The same schema is printed the same, whatever the order of its keys. */
function canonical(text: string): string {
  return JSON.stringify(JSON.parse(text), (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
