import avro from 'avsc';
import { makeMemorySchemaRegistry } from '../../services/adapters/memory/schema-registry.ts';
import { schemaRegistryContract } from './schema-registry.ts';

function unreadable(schema: string, earlier: string): string | null {
  const options = { wrapUnions: true };
  try {
    avro.Type.forSchema(JSON.parse(schema), options).createResolver(avro.Type.forSchema(JSON.parse(earlier), options));
    return null;
  } catch {
    return 'it cannot read what was written before';
  }
}

schemaRegistryContract('memory', async () => ({
  registry: makeMemorySchemaRegistry(unreadable),
  demandBackward: async () => {},
}));
