/** Routes, codecs and wire-format records for tests of the Avro codec. avsc is the referee on both ends. */
import { createHmac } from 'node:crypto';
import avro from 'avsc';
import { makeAvroCodec } from '../../../../services/adapters/avro/codec.ts';
import { makeMemorySchemaRegistry } from '../../../../services/adapters/memory/schema-registry.ts';
import type { DecodeLimits, RecordCodec } from '../../../../services/core/apply/codec.ts';
import { makeVariants } from '../../../../services/core/decide/variants.ts';
import type { Keyring } from '../../../../services/core/keyring.ts';
import type { SchemaRegistry } from '../../../../services/core/ports.ts';
import type { PolicyDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import type { CompiledRoute } from '../../../../services/core/policy/plan.ts';
import { compiledRoute } from '../../core/policy/compiled.ts';

export const NOW = Date.UTC(2026, 0, 15);

export const KEYRING: Keyring = {
  subjectTokens: (subject) => [createHmac('sha256', 'subject').update(subject).digest('base64url')],
  pseudonym: (domain, text) => createHmac('sha256', domain).update(text).digest('base64url'),
  pseudonymsOf: (domain, text) => [KEYRING.pseudonym(domain, text)],
};

/** Every long as a BigInt, so that avsc reads it exactly. */
export const EXACT_LONG = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

type ForSchemaOptions = NonNullable<Parameters<typeof avro.Type.forSchema>[1]>;

/** A type of avsc: unions wrapped, longs exact, logical types left as they are. */
export function typeOf(schema: unknown): avro.Type {
  return avro.Type.forSchema(
    schema as avro.Schema,
    {
      wrapUnions: true,
      logicalTypes: {},
      registry: { long: EXACT_LONG },
      // Longs with a logical type are objects, which the registry does not cover.
      typeHook: (attributes: unknown) =>
        (attributes as { type?: unknown }).type === 'long' ? (EXACT_LONG as unknown as avro.Type) : undefined,
    } as ForSchemaOptions,
  );
}

/** Confluent's wire format around an encoded value. */
export function wire(id: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, body]);
}

export const TOPIC = 'raw.clicks';

/** An Avro route whose subject is `id`, with one output for rules given. */
export function avroRoute(
  fields: Readonly<Record<string, string>>,
  rules: readonly RuleDocument[],
  rest: Partial<PolicyDocument> & { readonly unconsented?: 'withhold' | 'strip'; readonly key?: string } = {},
): CompiledRoute {
  const { unconsented = 'withhold', key = 'none', ...policy } = rest;
  return compiledRoute({
    policies: [
      {
        route: 'clicks',
        from: { topic: TOPIC, format: 'avro' },
        subject: 'id',
        fields,
        outputs: [{ topic: 'clean.clicks', purpose: 'analytics', unconsented, key, rules }],
        ...policy,
      },
    ],
  });
}

export type Bench = {
  readonly codec: RecordCodec;
  readonly registry: SchemaRegistry;
  readonly route: CompiledRoute;
  /** Id of the raw schema. */
  readonly id: number;
};

/** A codec for a route whose raw topic has one schema. */
export async function benchOf(route: CompiledRoute, schema: unknown, limits?: DecodeLimits): Promise<Bench> {
  const registry = makeMemorySchemaRegistry();
  const id = await registry.register(`${route.topic}-value`, JSON.stringify(schema));
  return { codec: codecOver(route, registry, limits), registry, route, id };
}

/** A codec for a route over a registry. */
export function codecOver(route: CompiledRoute, registry: SchemaRegistry, limits?: DecodeLimits): RecordCodec {
  return makeAvroCodec({
    route,
    registry,
    keyring: KEYRING,
    outputSchemaId: (subject, text) => registry.register(subject, text),
    ...(limits === undefined ? {} : { limits }),
  });
}

export type Outcome =
  | { readonly poison: string; readonly path: string | null }
  | {
      readonly value: unknown;
      readonly schema: unknown;
      readonly released: number;
      readonly keyText: string | null;
      readonly subject: string;
      readonly eventTime: number;
      readonly region: string | null;
      readonly tally: Readonly<Record<string, number>>;
    };

export type Mode = { readonly explicit?: boolean; readonly stripped?: boolean; readonly age?: number };

/** Decodes one raw value, applies the first output and reads what came out with avsc. */
export async function run(bench: Bench, raw: Uint8Array, mode: Mode = {}): Promise<Outcome> {
  const { codec, registry } = bench;
  await codec.begin([raw]);
  const decoded = codec.decode(raw, NOW, NOW);
  if (!decoded.ok) return { poison: decoded.poison.code, path: decoded.poison.path };
  const { plan, subject, eventTime, region } = decoded.record;
  const output = plan.outputs[0];
  if (output === undefined) throw new Error('no output');
  const { explicit = true, stripped = false, age = 0 } = mode;
  const variant = makeVariants(plan, output).pick(explicit, stripped, age);
  const tally = new Uint32Array(plan.leaves.length);
  const applied = codec.apply(decoded.record, output, variant, tally);
  if (!applied.ok) {
    if (tally.some((count) => count > 0)) throw new Error('a failed record was counted');
    return { poison: applied.poison.code, path: applied.poison.path };
  }
  const value = Buffer.from(applied.value);
  const text = await registry.schemaById(value.readUInt32BE(1));
  if (value[0] !== 0 || text === null) throw new Error('no wire format');
  const schema: unknown = JSON.parse(text);
  return {
    value: plainOf(typeOf(schema).fromBuffer(value.subarray(5))),
    schema,
    released: applied.released,
    keyText: applied.keyText,
    subject,
    eventTime,
    region,
    tally: Object.fromEntries(plan.leaves.map((leaf) => [leaf.path, tally[leaf.id] ?? 0])),
  };
}

/** Encodes a value (unions wrapped) with the raw schema and runs it. */
export async function publish(bench: Bench, schema: unknown, value: unknown, mode: Mode = {}): Promise<Outcome> {
  return run(bench, wire(bench.id, typeOf(schema).toBuffer(value)), mode);
}

/** Instances of avsc's generated classes as plain objects. */
export function plainOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainOf(inner)]));
}
