import { LetheError } from './errors.ts';
import type { SchemaRegistry } from './ports.ts';

/** In place of a registry where none is set: only Avro routes notice. */
export const NO_REGISTRY: SchemaRegistry = {
  schemaById: none,
  versions: none,
  incompatibility: none,
  register: none,
};

function none(): Promise<never> {
  return Promise.reject(
    new LetheError('unavailable', 'Registry: none is set, and an Avro route needs one', {
      dependency: 'registry',
      fix: 'Set SCHEMA_REGISTRY_URL.',
    }),
  );
}
