import avro, { type Type } from 'avsc';
import { LetheError } from '../../core/errors.ts';
import { fits } from './bounds.ts';
import { makeSafeLong, schemaFingerprint } from './fingerprint.ts';

/** Bytes in front of the datum: the marker C3 01 and the fingerprint. */
const HEADER_BYTES = 10;

/** Why bytes could not be read; says nothing of what they hold. */
export type SingleObjectProblem = 'not_single_object' | 'schema_unknown' | 'undecodable';

export type SingleObjectResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: SingleObjectProblem };

export type SingleObjectCodec<T> = {
  /** @throws LetheError `bug` where the value does not fit the schema; the message never holds the value. */
  readonly encode: (value: T) => Uint8Array;
  /** Bad bytes are a result, not an exception. Never allocates more than the bytes account for. */
  readonly decode: (bytes: Uint8Array) => SingleObjectResult<T>;
};

/**
 * Avro's single-object encoding (Avro 1.12 specification): C3 01, the CRC-64-AVRO fingerprint of the schema's canonical
 * form, little-endian, then the datum. It names its schema without a registry, so what Lethe writes for itself never
 * waits for one.
 *
 * Unions are unwrapped (`null` or the value itself): a schema with an ambiguous union is refused. Longs are numbers,
 * exact, and refused beyond 2^53. Maps and logical types are not supported. Records decode to plain property bags whose
 * prototype is avsc's.
 *
 * @param schema the Avro schema, parsed: what `encode` writes and what `decode` returns.
 * @param older earlier versions of it, whose data must still be readable (Avro schema resolution).
 */
export function makeSingleObjectCodec<T>(schema: unknown, older: readonly unknown[] = []): SingleObjectCodec<T> {
  const current = compile(schema);
  const header = headerOf(schema);
  const readers = new Map([[header.toString('hex'), { type: current, resolver: undefined as never }]]);
  for (const old of older) {
    const type = compile(old);
    readers.set(headerOf(old).toString('hex'), { type, resolver: current.createResolver(type) as never });
  }

  return {
    encode(value) {
      let body: Buffer;
      try {
        body = current.toBuffer(value);
      } catch {
        // avsc's message and its properties hold the value: neither may travel on, not even as a cause.
        throw new LetheError('bug', `a value does not fit the Avro schema ${current.name}`);
      }
      return Buffer.concat([header, body]);
    },
    decode(bytes) {
      const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (input.length < HEADER_BYTES || input[0] !== 0xc3 || input[1] !== 0x01) return NOT_SINGLE_OBJECT;
      const reader = readers.get(input.toString('hex', 0, HEADER_BYTES));
      if (reader === undefined) return SCHEMA_UNKNOWN;
      const body = input.subarray(HEADER_BYTES);
      if (!fits(reader.type, body)) return UNDECODABLE;
      try {
        return { ok: true, value: current.fromBuffer(body, reader.resolver) as T };
      } catch {
        return UNDECODABLE;
      }
    },
  };
}

const NOT_SINGLE_OBJECT = { ok: false, problem: 'not_single_object' } as const;
const SCHEMA_UNKNOWN = { ok: false, problem: 'schema_unknown' } as const;
const UNDECODABLE = { ok: false, problem: 'undecodable' } as const;

function compile(schema: unknown): Type {
  return avro.Type.forSchema(schema as never, { registry: { long: makeSafeLong() }, wrapUnions: false });
}

function headerOf(schema: unknown): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(0xc301, 0);
  header.writeBigUInt64LE(schemaFingerprint(schema), 2);
  return header;
}
