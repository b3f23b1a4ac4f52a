/**
 * Kafka's record batches (message format 2), written in one go into memory of the right size.
 * https://kafka.apache.org/documentation/#recordbatch
 */
import type { Message } from 'kafkajs';
import { crc32c } from './crc32c.ts';

export type RecordBatchHead = {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly transactional: boolean;
};

const MAGIC = 2;
const TRANSACTIONAL = 0x10;
/** Before the records: offset 8, length 4, leader epoch 4, magic 1, checksum 4, and what the checksum covers, 40. */
const HEAD_BYTES = 61;
/** Where the length counts from, and the checksum. */
const LENGTH_FROM = 12;
const CHECKED_FROM = 21;

/** One batch, ready to be written. Sizes are known before the first byte is. */
export class RecordBatch {
  readonly bytes: number;
  readonly #messages: readonly Message[];
  readonly #head: RecordBatchHead;
  readonly #firstTimestamp: number;
  /** Of each record: milliseconds since the first timestamp. */
  readonly #deltas: Float64Array;
  readonly #maxTimestamp: number;
  /** Of each record: the size behind its length. */
  readonly #sizes: Int32Array;

  /** @param now epoch milliseconds: the timestamp of a message that has none. */
  constructor(messages: readonly Message[], head: RecordBatchHead, now: number) {
    this.#messages = messages;
    this.#head = head;
    const times = timesOf(messages, now);
    let [first, max] = [times[0] ?? now, times[0] ?? now];
    for (const time of times) {
      if (time < first) first = time;
      if (time > max) max = time;
    }
    this.#firstTimestamp = first;
    this.#maxTimestamp = max;
    this.#deltas = times.map((time) => time - first);
    this.#sizes = new Int32Array(messages.length);
    let total = HEAD_BYTES;
    for (let index = 0; index < messages.length; index++) {
      const message = messages[index]!;
      const size = recordBytes(message, index, this.#deltas[index] as number);
      this.#sizes[index] = size;
      total += varintBytes(size) + size;
    }
    this.bytes = total;
  }

  /** Writes the batch at a place of `out`, which has room for it; returns the place behind it. */
  write(out: Buffer, start: number): number {
    const { producerId, producerEpoch, firstSequence, transactional } = this.#head;
    const count = this.#messages.length;
    out.writeBigInt64BE(0n, start);
    out.writeInt32BE(this.bytes - LENGTH_FROM, start + 8);
    out.writeInt32BE(0, start + 12);
    out[start + 16] = MAGIC;
    out.writeInt16BE(transactional ? TRANSACTIONAL : 0, start + CHECKED_FROM);
    out.writeInt32BE(count - 1, start + 23);
    out.writeBigInt64BE(BigInt(this.#firstTimestamp), start + 27);
    out.writeBigInt64BE(BigInt(this.#maxTimestamp), start + 35);
    out.writeBigInt64BE(producerId, start + 43);
    out.writeInt16BE(producerEpoch, start + 51);
    out.writeInt32BE(firstSequence, start + 53);
    out.writeInt32BE(count, start + 57);
    let at = start + HEAD_BYTES;
    for (let index = 0; index < count; index++) {
      const message = this.#messages[index]!;
      at = writeVarint(out, at, this.#sizes[index] as number);
      out[at++] = 0;
      at = writeVarint(out, at, this.#deltas[index] as number);
      at = writeVarint(out, at, index);
      at = writeField(out, at, message.key ?? null);
      at = writeField(out, at, message.value);
      at = writeHeaders(out, at, message.headers);
    }
    out.writeUInt32BE(crc32c(out, start + CHECKED_FROM, at), start + 17);
    return at;
  }
}

/** Milliseconds. Neighbours mostly have the same timestamp, which then is read once. */
function timesOf(messages: readonly Message[], now: number): Float64Array {
  const times = new Float64Array(messages.length);
  let text: string | undefined;
  let time = now;
  for (let index = 0; index < messages.length; index++) {
    const { timestamp } = messages[index]!;
    if (timestamp !== text) {
      text = timestamp;
      time = timestamp === undefined ? now : Number(timestamp);
    }
    times[index] = time;
  }
  return times;
}

function recordBytes(message: Message, offsetDelta: number, timestampDelta: number): number {
  return (
    1 +
    varintBytes(timestampDelta) +
    varintBytes(offsetDelta) +
    fieldBytes(message.key ?? null) +
    fieldBytes(message.value) +
    headersBytes(message.headers)
  );
}

type Field = string | Uint8Array | null;

function fieldBytes(field: Field): number {
  if (field === null) return 1;
  const length = lengthOf(field);
  return varintBytes(length) + length;
}

function lengthOf(field: string | Uint8Array): number {
  return typeof field === 'string' ? Buffer.byteLength(field) : field.length;
}

function writeField(out: Buffer, start: number, field: Field): number {
  if (field === null) return writeVarint(out, start, -1);
  if (typeof field !== 'string') {
    const at = writeVarint(out, start, field.length);
    out.set(field, at);
    return at + field.length;
  }
  const { length } = field;
  let at = writeVarint(out, start, length);
  for (let i = 0; i < length; i++) {
    const unit = field.charCodeAt(i);
    // Pseudonyms, coordinates and header names are ASCII; for other text it was the wrong start.
    if (unit > 0x7f) {
      at = writeVarint(out, start, Buffer.byteLength(field));
      return at + out.write(field, at);
    }
    out[at + i] = unit;
  }
  return at + length;
}

function headersBytes(headers: Message['headers']): number {
  let count = 0;
  let bytes = 0;
  for (const name in headers) {
    const values = headers[name];
    const nameBytes = fieldBytes(name);
    for (const value of Array.isArray(values) ? values : [values]) {
      bytes += nameBytes + fieldBytes(value ?? null);
      count++;
    }
  }
  return varintBytes(count) + bytes;
}

function writeHeaders(out: Buffer, start: number, headers: Message['headers']): number {
  let count = 0;
  for (const name in headers) {
    const values = headers[name];
    count += Array.isArray(values) ? values.length : 1;
  }
  let at = writeVarint(out, start, count);
  for (const name in headers) {
    const values = headers[name];
    for (const value of Array.isArray(values) ? values : [values]) {
      at = writeField(out, at, name);
      at = writeField(out, at, value ?? null);
    }
  }
  return at;
}

/** Zigzag: small negative numbers are short too. Exact for whole numbers up to 2^52. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function varintBytes(value: number): number {
  let rest = zigzag(value);
  let bytes = 1;
  while (rest > 0x7f) {
    rest = Math.floor(rest / 128);
    bytes++;
  }
  return bytes;
}

function writeVarint(out: Buffer, start: number, value: number): number {
  let rest = zigzag(value);
  let at = start;
  while (rest > 0x7f) {
    out[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  out[at++] = rest;
  return at;
}
