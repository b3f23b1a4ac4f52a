/** Observes what `lethe init` is given, whatever it comes from. */
import { LetheError } from '../core/errors.ts';
import type { SchemaRegistry } from '../core/ports.ts';
import { schemaWithDocs } from '../core/propose/avro-places.ts';
import type { Datum } from '../core/propose/datum.ts';
import type { Observer } from '../core/propose/observe.ts';
import type { TopicReader } from '../core/topic-reader.ts';
import { fileRecords } from './init-records.ts';
import { topicValues } from './init-topic.ts';

export type Observed = {
  readonly format: 'json' | 'avro';
  /** Without any value or name of a file. */
  readonly source: string;
  readonly unreadable: number;
  /** Why nothing could be read; null where something was. */
  readonly failure: string | null;
};

type Told = (done: number) => void;

/** @param most null: all records. @param told how many bytes are done. */
export async function observeFile(
  observer: Observer,
  name: string,
  input: () => AsyncIterable<Uint8Array>,
  maxBytes: number,
  most: number | null,
  told: Told,
): Promise<Observed> {
  let unreadable = 0;
  let done = 0;
  for await (const { datum, bytes } of fileRecords(input, maxBytes)) {
    if (datum === undefined || !observer.observe(datum)) unreadable++;
    told((done += bytes));
    if (most !== null && observer.records() + unreadable >= most) break;
  }
  const failure =
    observer.records() > 0
      ? null
      : unreadable === 0
        ? `${name} is empty`
        : `there is no JSON object in ${name} (JSON lines, or one JSON array, are read)`;
  return { format: 'json', source: count(observer.records(), 'record'), unreadable, failure };
}

export type AvroReader = (value: Uint8Array, schemas: ReadonlyMap<number, string>) => Datum | undefined;

/** @param told how many records are done. */
export async function observeTopic(
  observer: Observer,
  reader: TopicReader,
  topic: string,
  most: number | null,
  avro: { readonly registry: SchemaRegistry | null; readonly subject: string; readonly read: AvroReader },
  told: Told,
): Promise<Observed> {
  let schemas: ReadonlyMap<number, string> | null = null;
  const schemasOf = async (): Promise<ReadonlyMap<number, string>> => {
    if (avro.registry === null) {
      throw new LetheError('invalid_config', `records of ${topic} are Avro, and SCHEMA_REGISTRY_URL is not set`, {
        fix: 'Set it to the base URL of the schema registry.',
      });
    }
    // As in the worker: an id of another subject is none of this topic.
    const versions = await avro.registry.versions(avro.subject);
    for (const { schema } of versions) {
      const type = schemaWithDocs(schemaJson(schema));
      if (type !== null) observer.describe(type);
    }
    return new Map(versions.map(({ id, schema }) => [id, schema]));
  };
  const counts = { json: 0, avro: 0 };
  let unreadable = 0;
  const values = topicValues(reader, topic, most, async (value) => avro.read(value, (schemas ??= await schemasOf())));
  for await (const { datum, format } of values) {
    counts[format]++;
    if (datum === undefined || !observer.observe(datum)) unreadable++;
    told(counts.json + counts.avro);
  }
  const failure =
    observer.records() > 0
      ? null
      : unreadable === 0
        ? `the topic ${topic} holds no records`
        : `no record of ${topic} that was looked at is a JSON object, or Avro of the subject ${avro.subject}`;
  const source = `${count(observer.records(), 'record')} of ${topic}`;
  return { format: counts.avro > counts.json ? 'avro' : 'json', source, unreadable, failure };
}

/** Throws `unavailable` where the registry has no such subject. */
export async function observeSubject(observer: Observer, registry: SchemaRegistry, subject: string): Promise<Observed> {
  const versions = await registry.versions(subject);
  if (versions.length === 0) {
    throw new LetheError('unavailable', `the schema registry has no subject ${subject}`, {
      retryable: false,
      dependency: 'registry',
      fix: "Check --subject; that of a topic's values is usually TOPIC-value.",
    });
  }
  let unreadable = 0;
  for (const { schema } of versions) {
    const type = schemaWithDocs(schemaJson(schema));
    if (type?.kind === 'record' || type?.kind === 'union') observer.declare(type);
    else unreadable++;
  }
  const failure = observer.records() > 0 ? null : `no version of ${subject} is an Avro record`;
  return { format: 'avro', source: `${count(observer.records(), 'version')} of ${subject}`, unreadable, failure };
}

/** Undefined where a text is no JSON. */
export function schemaJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function count(many: number, what: string): string {
  return `${many.toLocaleString('en')} ${what}${many === 1 ? '' : 's'}`;
}
