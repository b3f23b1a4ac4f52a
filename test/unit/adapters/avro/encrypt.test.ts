import { describe, expect, it } from 'vitest';
import { makeAvroCodec } from '../../../../services/adapters/avro/codec.ts';
import { makeMemorySchemaRegistry } from '../../../../services/adapters/memory/schema-registry.ts';
import type { SubjectCiphers } from '../../../../services/core/data-key.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { makeEngine, type RecordDecision } from '../../../../services/core/engine.ts';
import { event } from '../../core/engine-fixture.ts';
import { avroRoute, KEYRING, NOW, TOPIC, typeOf, wire } from './routes.ts';

const SCHEMA = {
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'n', type: 'long' },
    { name: 'b', type: ['null', 'bytes'] },
    { name: 'd', type: { type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 } },
    { name: 'k', type: { type: 'enum', name: 'Kind', symbols: ['one', 'two'] } },
    { name: 'kind', type: 'string' },
  ],
};
const route = avroRoute({ id: 'user.unique_id', n: 'user', b: 'user', d: 'user', k: 'user', kind: 'system' }, [
  { select: 'system', action: 'keep' },
  { select: 'user', action: 'encrypt' },
]);

async function run(ciphers: SubjectCiphers | null, b: Buffer | null) {
  const registry = makeMemorySchemaRegistry();
  const id = await registry.register(`${TOPIC}-value`, JSON.stringify(SCHEMA));
  const codec = makeAvroCodec({ route, registry, keyring: KEYRING, outputSchemaId: registry.register });
  const value = {
    id: 'c-1',
    n: 2n ** 62n,
    b: b === null ? null : { bytes: b },
    d: Buffer.from([0x03, 0xe8]),
    k: 'two',
    kind: 'x',
  };
  const raw = wire(id, typeOf(SCHEMA).toBuffer(value));
  await codec.begin([raw]);
  const decoded = codec.decode(raw, NOW, NOW);
  if (!decoded.ok) throw new Error(decoded.poison.code);
  const engine = makeEngine({ keyring: KEYRING }).begin({ codec, now: NOW, ...(ciphers === null ? {} : { ciphers }) });
  const decision = engine.evaluate(
    decoded.record,
    undefined,
    consentStateOf([event({ purpose: '*', at: NOW - 1000 })]),
  );
  return { decision, registry };
}

/** The published record as avsc reads it under the schema that it names. */
async function read({ decision, registry }: Awaited<ReturnType<typeof run>>) {
  const output = decision.kind === 'decided' ? decision.outputs[0] : undefined;
  if (output?.kind !== 'published' || output.value === null) throw new Error('nothing is published');
  const bytes = Buffer.from(output.value);
  const schema = JSON.parse((await registry.schemaById(bytes.readUInt32BE(1))) ?? '') as typeof SCHEMA;
  return { value: typeOf(schema).fromBuffer(bytes.subarray(5)) as Record<string, unknown>, schema };
}

describe('encrypt in Avro', () => {
  it('makes text of every scalar, its JSON text to the letter, and keeps null null', async () => {
    const sealed: string[] = [];
    const ciphers: SubjectCiphers = () => ({
      encrypt: ({ topic, purpose, path }, json) => {
        expect([topic, purpose]).toEqual(['clean.clicks', 'analytics']);
        sealed.push(`${path} ${json}`);
        return `sealed ${sealed.length}`;
      },
    });
    const { value, schema } = await read(await run(ciphers, Buffer.from('é')));
    expect(sealed).toEqual(['id "c-1"', 'n 4611686018427387904', 'b "w6k="', 'd 10.00', 'k "two"']);
    const fields = Object.fromEntries(schema.fields.map(({ name, type }) => [name, type]));
    expect(fields).toMatchObject({
      n: ['null', 'string'],
      b: ['null', 'string'],
      d: ['null', 'string'],
      kind: 'string',
    });
    expect(value).toMatchObject({ id: { string: 'sealed 1' }, n: { string: 'sealed 2' }, b: { string: 'sealed 3' } });
    expect((await read(await run(ciphers, null))).value).toMatchObject({ b: null });
  });

  it('leaves out what would be encrypted for a subject whose key was destroyed: the schema allows it', async () => {
    const { value } = await read(await run(() => 'shredded', Buffer.from('é')));
    expect(value).toEqual({ id: null, n: null, b: null, d: null, k: null, kind: 'x' });
  });

  it('fails the record where there is no cipher', async () => {
    const { decision }: { decision: RecordDecision } = await run(null, null);
    expect(decision).toEqual({ kind: 'dead_lettered', poison: { code: 'action_failed', path: 'id' } });
  });
});
