import avro from 'avsc';
import { makeMemorySchemaRegistry } from '../../services/adapters/memory/schema-registry.ts';
import { schemaRegistryContract } from './schema-registry.ts';

function unreadable(schema: string, earlier: string): string | null {
  const typeOf = (text: string): avro.Type => avro.Type.forSchema(JSON.parse(text), { wrapUnions: true });
  try {
    typeOf(schema).createResolver(typeOf(earlier));
    return null;
  } catch {
    return 'it cannot read what was written before';
  }
}

schemaRegistryContract('memory', async () => ({
  registry: makeMemorySchemaRegistry(unreadable),
  demandBackward: async () => {},
}));
