import avro, { type Type } from 'avsc';

/** The fingerprint of no bytes; by the algorithm also its polynomial. */
const EMPTY = 0xc15d213aa4d7a795n;

const TABLE: readonly bigint[] = Array.from({ length: 256 }, (_, byte) => {
  let fp = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) fp = (fp >> 1n) ^ (fp & 1n ? EMPTY : 0n);
  return fp;
});

/**
 * CRC-64-AVRO, also called the Rabin fingerprint (Avro 1.12 specification, "Schema Fingerprints").
 *
 * @returns an unsigned 64-bit number.
 */
export function crc64Avro(bytes: Uint8Array): bigint {
  let fp = EMPTY;
  for (const byte of bytes) fp = (fp >> 8n) ^ (TABLE[Number((fp ^ BigInt(byte)) & 0xffn)] ?? 0n);
  return fp;
}

/**
 * A schema in Parsing Canonical Form (Avro 1.12 specification): full names, fixed order, no docs, aliases or defaults.
 *
 * @throws where the schema is no Avro schema.
 */
export function parsingCanonicalForm(schema: unknown): string {
  // Wrapped unions take every pair of branches; the form is the same however values are held.
  return JSON.stringify(avro.Type.forSchema(schema as never, { wrapUnions: true }).schema());
}

/** CRC-64-AVRO of a schema's Parsing Canonical Form: what names a schema in single-object encoding. */
export function schemaFingerprint(schema: unknown): bigint {
  return crc64Avro(new TextEncoder().encode(parsingCanonicalForm(schema)));
}

/**
 * Avro `long` as a JavaScript number, exact or refused. avsc's own reads some negative ones wrong (avsc#455) by doing
 * the arithmetic in doubles.
 */
export function makeSafeLong(): Type {
  // avsc is done with the bytes before it asks for the next ones.
  const bytes = Buffer.alloc(8);
  return avro.types.LongType.__with({
    fromBuffer: (read: Buffer) => {
      const value = read.readInt32LE(4) * 2 ** 32 + read.readUInt32LE(0);
      if (!Number.isSafeInteger(value)) throw new RangeError('a long beyond 2^53');
      return value;
    },
    toBuffer: (value: number) => {
      const high = Math.floor(value / 2 ** 32);
      bytes.writeInt32LE(high, 4);
      bytes.writeUInt32LE(value - high * 2 ** 32, 0);
      return bytes;
    },
    fromJSON: (value: unknown) => value,
    toJSON: (value: unknown) => value,
    isValid: (value: unknown) => Number.isSafeInteger(value),
    compare: (a: number, b: number) => Math.sign(a - b),
  });
}
