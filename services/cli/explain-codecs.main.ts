import { makeAvroCodec } from '../adapters/avro/codec.ts';
import { treeOfAvro, wireSchemaId } from '../adapters/avro/record-tree.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import { makeJsonCodec } from '../core/apply/json/json-codec.ts';
import { LetheError } from '../core/errors.ts';
import type { ExplainPorts } from '../core/explain/explain.ts';
import { treeOfJson } from '../core/explain/tree.ts';
import type { Keyring } from '../core/keyring.ts';
import type { CompiledRoute } from '../core/policy/plan.ts';
import { makeCheckedOutputSchemas } from './checked-output-schemas.ts';

/** The codec of a route's records as they stand in Kafka, and how to look into them. Registers nothing. */
export function codecOf(
  route: CompiledRoute,
  keyring: Keyring,
  settings: Pick<Settings, 'registry' | 'limits'>,
): Pick<ExplainPorts, 'codec' | 'readRaw' | 'readOutput'> {
  if (route.format === 'json') {
    const codec = makeJsonCodec(route.plan, keyring, settings.limits);
    return { codec, readRaw: treeOfJson, readOutput: treeOfJson };
  }
  if (settings.registry === null) {
    throw new LetheError('invalid_config', `the route ${route.name} is Avro, and SCHEMA_REGISTRY_URL is not set`, {
      fix: 'Set SCHEMA_REGISTRY_URL to the registry that the producers use.',
    });
  }
  const registry = makeRegistry(settings.registry);
  const outputs = makeCheckedOutputSchemas(registry);
  const { limits } = settings;
  return {
    codec: makeAvroCodec({ route, registry, keyring, limits, outputSchemaId: outputs.idOf }),
    readRaw: async (value) => {
      const id = wireSchemaId(value);
      const schema = id === null ? null : await registry.schemaById(id);
      return schema === null ? null : treeOfAvro(schema, value);
    },
    readOutput: (value) => {
      const schema = outputs.textOf(wireSchemaId(value) ?? -1);
      return schema === null ? null : treeOfAvro(schema, value);
    },
  };
}
