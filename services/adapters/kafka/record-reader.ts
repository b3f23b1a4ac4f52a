/**
 * Reads the record batches of a fetch (message format 2, https://kafka.apache.org/documentation/#recordbatch) in place of
 * kafkajs 2.2.4's own reader, whose flaws matter to a gateway that has to keep promises about every record:
 *
 * - its read_committed filter goes by the first offsets of aborted transactions in the order in which the broker lists
 *   them, one for each record, and takes any record with the key 00000000 for an abort marker: it lets aborted records
 *   through where transactions are interleaved;
 * - it copies all headers of a record once for each header, so that one record of many headers stops a worker for hours,
 *   and mixes inherited members into headers called `constructor` or `toString`;
 * - it spreads a batch's records over an argument list, which overflows the stack where they are many;
 * - a batch that compaction left empty shows nothing to pass, and the consumer fetches it for ever.
 */
import kafkajs from 'kafkajs';
import { crc32c } from './crc32c.ts';

/** A record as kafkajs' consumer takes it. Control records are passed without being shown to anybody. */
export type ReadRecord = {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, Buffer | null | (Buffer | null)[]>;
  readonly attributes: number;
  readonly isControlRecord: boolean;
  /** Why nobody can read the record: of it only the place is known. */
  readonly unreadable?: 'undecodable' | 'too_large';
};

export type AbortedTransaction = { readonly producerId: bigint; readonly firstOffset: bigint };

const HEAD_BYTES = 61;
const LENGTH_FROM = 12;
const MAGIC_AT = 16;
const CHECKED_FROM = 21;
const CODEC = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const ABORT_MARKER = 0;

/** Not the records are at fault, but who reads them. */
class UnknownCodec extends RangeError {}

type Codec = { readonly decompress: (buffer: Buffer) => Promise<Buffer> };

export const isFormat2 = (set: Buffer): boolean => set.length <= MAGIC_AT || set[MAGIC_AT] === 2;

/**
 * The records of a partition's part of a fetch, committed ones only. Whatever is left out is stood for by a control
 * record at the end of its batch, so that the consumer gets past it. A batch that was cut off at the end is left for the
 * next fetch.
 *
 * @throws RangeError where bytes are no record batches, or not those that the producer sent.
 */
export async function readRecords(set: Buffer, aborted: readonly AbortedTransaction[]): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  // The broker lists them by where they end; they begin in another order (as Java's CompletedFetch has it).
  const beginning = [...aborted].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const open = new Set<bigint>();
  let begun = 0;
  for (let at = 0; at + HEAD_BYTES <= set.length; ) {
    const end = at + LENGTH_FROM + set.readInt32BE(at + 8);
    if (end < at + HEAD_BYTES) throw new RangeError('a record batch is shorter than its head');
    if (end > set.length) break;
    const base = set.readBigInt64BE(at);
    const attributes = set.readInt16BE(at + 21);
    const last = base + BigInt(set.readInt32BE(at + 23));
    const producerId = set.readBigInt64BE(at + 43);
    for (let next = beginning[begun]; next !== undefined && next.firstOffset <= last; next = beginning[++begun]) {
      open.add(next.producerId);
    }
    let reached = false;
    if ((attributes & CONTROL) !== 0) {
      if (markerType(set, at, end) === ABORT_MARKER) open.delete(producerId);
    } else if ((attributes & TRANSACTIONAL) === 0 || !open.has(producerId)) {
      await readOrMark(set.subarray(at, end), attributes, Number(base), records);
      reached = records.at(-1)?.offset === String(last);
    }
    if (!reached) records.push(passed(String(last)));
    at = end;
  }
  return records;
}

/**
 * A batch that cannot be read must not stop its partition, and with it the whole worker, whose fetch it is part of: where
 * its bytes are those that were sent, its records are shown as unreadable. A kilobyte can announce gigabytes.
 */
async function readOrMark(batch: Buffer, attributes: number, base: number, into: ReadRecord[]): Promise<void> {
  const before = into.length;
  try {
    await readBatch(batch, attributes, base, into);
  } catch (error) {
    if (error instanceof UnknownCodec || crc32c(batch, CHECKED_FROM, batch.length) !== batch.readUInt32BE(17))
      throw error;
    into.length = before;
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const last = base + batch.readInt32BE(23);
    const count = Math.min(batch.readInt32BE(57), last - base + 1);
    const timestamp = String(batch.readBigInt64BE(35));
    // Where compaction left gaps nobody can tell any more: the last places are as good as any.
    for (let offset = last - count + 1; offset <= last; offset++) {
      const place = { ...passed(String(offset)), timestamp, value: NOTHING, isControlRecord: false };
      into.push({ ...place, unreadable: tooLarge ? 'too_large' : 'undecodable' });
    }
  }
}

async function readBatch(batch: Buffer, attributes: number, base: number, into: ReadRecord[]): Promise<void> {
  const firstTimestamp = Number(batch.readBigInt64BE(27));
  const maxTimestamp = Number(batch.readBigInt64BE(35));
  const count = batch.readInt32BE(57);
  const codec = attributes & CODEC;
  const packed = batch.subarray(HEAD_BYTES);
  const bytes = codec === 0 ? packed : await codecOf(codec).decompress(packed);
  const reader = new Reader(bytes);
  for (let index = 0; index < count; index++) {
    const length = reader.varint();
    const end = reader.at + length;
    if (length < 0 || end > bytes.length) throw new RangeError('a record is longer than its batch');
    const recordAttributes = bytes[reader.at++] ?? 0;
    const timestamp = firstTimestamp + reader.varint();
    const offset = base + reader.varint();
    const key = reader.bytes();
    const value = reader.bytes();
    into.push({
      offset: String(offset),
      timestamp: String((attributes & LOG_APPEND_TIME) === 0 ? timestamp : maxTimestamp),
      key,
      value,
      headers: reader.headers(),
      attributes: recordAttributes,
      isControlRecord: false,
    });
    reader.at = end;
  }
}

function codecOf(type: number): Codec {
  const make = (kafkajs.CompressionCodecs as unknown as Record<number, (() => Codec) | undefined>)[type];
  if (make === undefined) throw new UnknownCodec(`records are compressed with codec ${type}, which nobody knows`);
  return make();
}

/** A marker's key is its version and type, 16 bits each; its batch holds that one record and is not compressed. */
function markerType(set: Buffer, at: number, end: number): number | null {
  const reader = new Reader(set.subarray(at + HEAD_BYTES, end));
  reader.varint();
  reader.at++;
  reader.varint();
  reader.varint();
  const key = reader.bytes();
  return key === null || key.length < 4 ? null : key.readInt16BE(2);
}

/** Of a record nobody can read; it is no tombstone. */
const NOTHING = Buffer.alloc(0);
const NO_HEADERS: ReadRecord['headers'] = Object.freeze(Object.create(null) as ReadRecord['headers']);

const passed = (offset: string): ReadRecord => ({
  offset,
  timestamp: '0',
  key: null,
  value: null,
  headers: NO_HEADERS,
  attributes: 0,
  isControlRecord: true,
});

class Reader {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** A zigzag varint of up to 64 bits, exact within 2^53. */
  varint(): number {
    const bytes = this.#bytes;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[this.at++];
      if (byte === undefined) throw new RangeError('a number ends beyond its batch');
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = bytes[this.at++];
      if (byte === undefined) throw new RangeError('a number ends beyond its batch');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number((value >> 1n) ^ -(value & 1n));
    }
    throw new RangeError('a number is too long');
  }

  bytes(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const from = this.at;
    this.at += length;
    if (this.at > this.#bytes.length) throw new RangeError('a field ends beyond its batch');
    return this.#bytes.subarray(from, this.at);
  }

  headers(): ReadRecord['headers'] {
    const count = this.varint();
    if (count <= 0) return NO_HEADERS;
    // No prototype: a header may be called `constructor` or `__proto__`.
    const headers = Object.create(null) as ReadRecord['headers'];
    for (let index = 0; index < count; index++) {
      const name = this.bytes()?.toString() ?? '';
      const value = this.bytes();
      const known = headers[name];
      if (known === undefined) headers[name] = value;
      else if (Array.isArray(known)) known.push(value);
      else headers[name] = [known, value];
    }
    return headers;
  }
}
