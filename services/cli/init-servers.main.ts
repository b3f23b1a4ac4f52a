/** What `lethe init` looks at on servers: topics and the registry. */
import { makeDatumReader, type ReadDatum, WIRE_HEADER, wireSchemaId } from '../adapters/avro/datum.ts';
import { valueSubject } from '../adapters/avro/output-schemas.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import { parseAvroSchema } from '../core/policy/avro-schema.ts';
import type { Observer } from '../core/propose/observe.ts';
import type { InitOptions } from './commands/init.ts';
import { type AvroReader, type Observed, observeSubject, observeTopic, schemaJson } from './init.ts';
import type { NamedSource } from './init-names.ts';
import { makeProgress } from './progress.ts';
import { commandSettings } from './settings.main.ts';
import { topicReaderOf } from './topic-reader.main.ts';

/** @param most null: all records. */
export async function observeServers(
  observer: Observer,
  source: Exclude<NamedSource, { readonly kind: 'file' }>,
  most: number | null,
  options: InitOptions,
): Promise<Observed> {
  if (source.kind === 'subject') {
    const { registry } = commandSettings(options, ['registry']);
    return observeSubject(observer, makeRegistry(registry), source.subject);
  }
  const { topic } = source;
  const settings = commandSettings(options, ['kafka'], ['registry']);
  const registry = settings.registry === null ? null : makeRegistry(settings.registry);
  const reader = topicReaderOf(settings);
  const progress = makeProgress(process.stderr, 'Reading', most, (records) => `${Math.round(records)} records`);
  try {
    const avro = { registry, subject: valueSubject(topic), read: avroReader(settings.limits.maxDepth) };
    return await observeTopic(observer, reader, topic, most, avro, progress.at);
  } finally {
    progress.end();
    await reader.close();
  }
}

/** Reads values by the schemas of the topic's subject, each compiled once. */
function avroReader(maxDepth: number): AvroReader {
  const readers = new Map<number, ReadDatum | null>();
  return (value, schemas) => {
    const id = wireSchemaId(value);
    const schema = id === null ? undefined : schemas.get(id);
    if (id === null || schema === undefined) return undefined;
    let read = readers.get(id);
    if (read === undefined) {
      const type = parseAvroSchema(schemaJson(schema));
      read = type.ok ? makeDatumReader(type.type, maxDepth) : null;
      readers.set(id, read);
    }
    return read?.(value, WIRE_HEADER);
  };
}
