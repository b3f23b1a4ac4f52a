import { LetheError } from './errors.ts';
import type { SchemaRegistry } from './ports.ts';

/**
 * In place of a registry where none is set: only Avro routes notice.
 *
 * @param fix what to do about it.
 */
export function withoutRegistry(fix: string): SchemaRegistry {
  const none = (): Promise<never> =>
    Promise.reject(
      new LetheError('unavailable', 'Registry: none is set, and an Avro route needs one', {
        dependency: 'registry',
        fix,
      }),
    );
  return { schemaById: none, versions: none, incompatibility: none, register: none };
}
