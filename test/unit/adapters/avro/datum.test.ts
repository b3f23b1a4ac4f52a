import avro from 'avsc';
import { describe, expect, it } from 'vitest';
import { makeDatumReader, wireSchemaId } from '../../../../services/adapters/avro/datum.ts';
import { parseAvroSchema } from '../../../../services/core/policy/avro-schema.ts';
import { ExactNumber } from '../../../../services/core/propose/datum.ts';

const SCHEMA = {
  type: 'record',
  name: 'R',
  fields: [
    { name: 'text', type: 'string' },
    { name: 'flag', type: 'boolean' },
    { name: 'long', type: 'long' },
    { name: 'real', type: 'double' },
    { name: 'raw', type: 'bytes' },
    { name: 'kind', type: { type: 'enum', name: 'K', symbols: ['A', 'B'] } },
    { name: 'items', type: { type: 'array', items: ['null', 'int'] } },
    { name: 'map', type: { type: 'map', values: 'string' } },
    { name: 'next', type: ['null', 'R'] },
  ],
};
const VALUE = {
  text: 'zorp',
  flag: true,
  long: 7,
  real: 1.5,
  raw: Buffer.from('x'),
  kind: 'B',
  items: [null, { int: 3 }],
  map: { someone: 'x' },
  next: null,
};
const schema = parseAvroSchema(SCHEMA);
const readerOf = (depth = 100) => {
  if (!schema.ok) throw new Error('schema');
  return makeDatumReader(schema.type, depth);
};
const type = avro.Type.forSchema(SCHEMA as avro.Schema, { wrapUnions: true });

describe('makeDatumReader', () => {
  it('reads every type, maps as maps', () => {
    const bytes = type.toBuffer({ ...VALUE, next: { R: VALUE } });
    const plain = { ...VALUE, raw: '', items: [null, 3], map: new Map([['someone', 'x']]) };
    expect(readerOf()(Buffer.concat([Buffer.from('head'), bytes]), 4)).toEqual({ ...plain, next: plain });
  });

  it('reads longs beyond a double to the digit', () => {
    const long = avro.types.LongType.__with({
      fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
      toBuffer: (value: bigint) => {
        const buffer = Buffer.alloc(8);
        buffer.writeBigInt64LE(value);
        return buffer;
      },
      fromJSON: BigInt,
      toJSON: String,
      isValid: (value: unknown) => typeof value === 'bigint',
      compare: (a: bigint, b: bigint) => Number(a - b),
    });
    const bytes = long.toBuffer(1234567890123456789n);
    const parsed = parseAvroSchema('long');
    expect(parsed.ok && makeDatumReader(parsed.type, 9)(bytes, 0)).toEqual(new ExactNumber('1234567890123456789'));
  });

  it('reads nothing of bytes that are cut, go on or nest too deeply', () => {
    const bytes = type.toBuffer({ ...VALUE, next: { R: VALUE } });
    const read = readerOf();
    for (let end = 0; end < bytes.length; end++) expect(read(bytes.subarray(0, end), 0)).toBeUndefined();
    expect(read(Buffer.concat([bytes, Buffer.of(0)]), 0)).toBeUndefined();
    expect(readerOf(2)(bytes, 0)).toBeUndefined();
    expect(readerOf(3)(bytes, 0)).not.toBeUndefined();
  });
});

describe('wireSchemaId', () => {
  it('reads the id in front', () => {
    expect(wireSchemaId(Uint8Array.of(0, 0, 0, 1, 2, 9))).toBe(258);
    expect(wireSchemaId(Uint8Array.of(1, 0, 0, 1, 2))).toBeNull();
    expect(wireSchemaId(Uint8Array.of(0, 0, 0, 1))).toBeNull();
  });
});
