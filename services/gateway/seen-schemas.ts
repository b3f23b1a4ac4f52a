/**
 * What the active bundle had of the schema registry, for the candidate in shadow: that must ask nothing on the network.
 */
import { LetheError } from '../core/errors.ts';
import type { RegisteredSchema, SchemaRegistry } from '../core/ports.ts';

/** The id of an output's schema that nobody registered: a record that would carry it differs from what is published. */
const UNREGISTERED = 0;

export type SeenSchemas = {
  /** The registry, with what it answers remembered. */
  readonly watched: SchemaRegistry;
  /** Answers from what was seen, at once; throws `unavailable` for what was not. Registers nothing. */
  readonly seen: SchemaRegistry;
};

export function makeSeenSchemas(registry: SchemaRegistry): SeenSchemas {
  const bySubject = new Map<string, readonly RegisteredSchema[]>();
  /** As many as the outputs and raw schema versions of the routes. */
  const registered = new Map<string, number>();
  const keyOf = (subject: string, schema: string): string => JSON.stringify([subject, schema]);

  return {
    watched: {
      ...registry,
      versions: async (subject) => {
        const versions = await registry.versions(subject);
        bySubject.set(subject, versions);
        return versions;
      },
      register: async (subject, schema) => {
        const id = await registry.register(subject, schema);
        registered.set(keyOf(subject, schema), id);
        return id;
      },
    },
    seen: {
      schemaById: notSeen,
      versions: (subject) => {
        const versions = bySubject.get(subject);
        return versions === undefined ? notSeen() : Promise.resolve(versions);
      },
      incompatibility: notSeen,
      register: (subject, schema) => Promise.resolve(registered.get(keyOf(subject, schema)) ?? UNREGISTERED),
    },
  };
}

function notSeen(): Promise<never> {
  const told = 'its raw topic has schemas that the active bundle never asked for';
  return Promise.reject(new LetheError('unavailable', told, { dependency: 'registry' }));
}
