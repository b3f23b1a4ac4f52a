/** Avro scalars as text, from the bytes of a record that have been checked; exact, whatever their size. */
import type { Scalar } from '../../core/apply/action.ts';
import { dateOfEpochDay, eventTimeOf } from '../../core/apply/time.ts';
import { decimalScale } from '../../core/policy/avro-output-scalar.ts';
import type { AvroScalar } from '../../core/policy/avro-schema.ts';
import type { Action } from '../../core/policy/plan.ts';

/** Reads the datum in `src` from `from` to `to`; null where an action cannot handle it. */
export type ReadScalar = (src: Buffer, from: number, to: number) => Scalar | null;

/** Numbers of up to this many bytes are exact as a double (49 bits). */
const SMALL_VARINT = 7;
/** A decimal of more bytes is not worth the time its digits take. */
const MAX_DECIMAL_BYTES = 400;
/** ECMA-262: no Date lies further from the epoch. */
const MAX_DATE_MS = 8.64e15;
const MICROS = 1000n;
const NANOS = 1_000_000n;

/** What `text` reads of a scalar that is kept: for the record key. Null: bytes, which have no text. */
export function makeTextReader(type: AvroScalar): (src: Buffer, from: number, to: number) => string | null {
  const read = makePlainReader(type);
  return (src, from, to) => read(src, from, to)?.text ?? null;
}

/**
 * Makes the reader of what an action works on. Instants are epoch milliseconds for an action on dates, days since the
 * epoch are a bare date for it; to other actions they are the number that stands there. Bytes can be replaced,
 * hashed or encrypted, as base64 text, and nothing else.
 */
export function makeScalarReader(type: AvroScalar, action: Action): ReadScalar {
  if (action.kind === 'redact') return () => EMPTY;
  if (isOpaque(type)) {
    if (action.kind !== 'pseudonymize' && action.kind !== 'encrypt') return () => null;
    const start = makeContentStart(type);
    return (src, from, to) => ({ kind: 'string', text: src.toString('base64', start(src, from), to) });
  }
  if (action.kind === 'generalize' && action.by.how === 'date') return makeDateReader(type);
  return makePlainReader(type);
}

const EMPTY: Scalar = { kind: 'string', text: '' };

function isOpaque(type: AvroScalar): boolean {
  return (type.kind === 'bytes' || type.kind === 'fixed') && decimalScale(type) < 0;
}

function makePlainReader(type: AvroScalar): ReadScalar {
  switch (type.kind) {
    case 'string':
      return (src, from, to) => ({ kind: 'string', text: src.toString('utf8', textStart(src, from), to) });
    case 'int':
    case 'long':
      return (src, from, to) => ({ kind: 'number', text: longText(src, from, to) });
    case 'float':
      return (src, from) => finite(floatText(src.readFloatLE(from)));
    case 'double':
      return (src, from) => finite(doubleText(src.readDoubleLE(from)));
    case 'boolean':
      return (src, from) => ({ kind: 'boolean', text: src[from] === 1 ? 'true' : 'false' });
    case 'enum': {
      const { symbols } = type;
      return (src, from, to) => ({ kind: 'string', text: symbols[Number(readLong(src, from, to))] ?? '' });
    }
    case 'bytes':
    case 'fixed': {
      const scale = decimalScale(type);
      if (scale < 0) return () => null;
      const start = makeContentStart(type);
      return (src, from, to) => {
        const text = decimalText(src, start(src, from), to, scale);
        return text === null ? null : { kind: 'number', text };
      };
    }
  }
}

function makeDateReader(type: AvroScalar): ReadScalar {
  const plain = makePlainReader(type);
  if (type.kind !== 'int' && type.kind !== 'long') return plain;
  const unit = type.logical?.name ?? '';
  if (unit === 'date') {
    return (src, from, to) => {
      const text = dateOfEpochDay(Number(readLong(src, from, to)));
      return text === null ? null : { kind: 'string', text };
    };
  }
  if (unit.startsWith('time-')) return () => null;
  const toMs = millisecondsOf(unit);
  return toMs === null ? plain : (src, from, to) => ({ kind: 'number', text: String(toMs(readLong(src, from, to))) });
}

/** How a logical type counts instants; null where it is none, and a number stands for milliseconds. */
function millisecondsOf(unit: string): ((value: number | bigint) => number | bigint) | null {
  switch (unit) {
    case 'timestamp-micros':
    case 'local-timestamp-micros':
      return (value) => floorDivide(value, MICROS);
    case 'timestamp-nanos':
    case 'local-timestamp-nanos':
      return (value) => floorDivide(value, NANOS);
    default:
      return null;
  }
}

function floorDivide(value: number | bigint, unit: bigint): number | bigint {
  if (typeof value === 'number') return Math.floor(value / Number(unit));
  const rest = value % unit;
  return (value - (rest < 0n ? rest + unit : rest)) / unit;
}

/**
 * Event time of a record, epoch milliseconds: a timestamp, a number of milliseconds, or RFC 3339 text. Null for
 * anything else: a date, a time of day and a local timestamp name no instant.
 */
export function makeTimeReader(type: AvroScalar): (src: Buffer, from: number, to: number) => number | null {
  const unit = type.logical?.name ?? '';
  if (type.kind === 'string') {
    return (src, from, to) => eventTimeOf('string', src.toString('utf8', textStart(src, from), to));
  }
  if (type.kind !== 'int' && type.kind !== 'long') return () => null;
  if (unit === 'date' || unit.startsWith('time-') || unit.startsWith('local-')) return () => null;
  const toMs = millisecondsOf(unit) ?? ((value: number | bigint) => value);
  return (src, from, to) => {
    const ms = Number(toMs(readLong(src, from, to)));
    return Math.abs(ms) <= MAX_DATE_MS ? ms : null;
  };
}

/** The subject as text: a string, or the decimal digits of an integer. Null for any other type. */
export function makeSubjectReader(type: AvroScalar): (src: Buffer, from: number, to: number) => string | null {
  return type.kind === 'string' || type.kind === 'int' || type.kind === 'long' ? makeTextReader(type) : () => null;
}

/** The region code: text or a symbol. */
export function makeRegionReader(type: AvroScalar): (src: Buffer, from: number, to: number) => string | null {
  return type.kind === 'string' || type.kind === 'enum' ? makeTextReader(type) : () => null;
}

/** Where the characters of a string or the bytes of a `bytes` begin: behind their length. */
function textStart(src: Buffer, from: number): number {
  let at = from;
  while ((src[at++] as number) >= 0x80);
  return at;
}

function makeContentStart(type: AvroScalar): (src: Buffer, from: number) => number {
  return type.kind === 'fixed' ? (_src, from) => from : textStart;
}

/** The long that fills `src` from `from` to `to`. */
export function readLong(src: Buffer, from: number, to: number): number | bigint {
  if (to - from <= SMALL_VARINT) {
    let value = 0;
    let weight = 1;
    for (let at = from; at < to; at++) {
      value += ((src[at] as number) & 0x7f) * weight;
      weight *= 128;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  let value = 0n;
  for (let at = to - 1; at >= from; at--) value = (value << 7n) | BigInt((src[at] as number) & 0x7f);
  return (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n);
}

function longText(src: Buffer, from: number, to: number): string {
  return String(readLong(src, from, to));
}

function finite(text: string | null): Scalar | null {
  return text === null ? null : { kind: 'number', text };
}

function doubleText(value: number): string | null {
  return Number.isFinite(value) ? String(value) : null;
}

/** The shortest decimal that is this float and no other. */
export function floatText(value: number): string | null {
  if (!Number.isFinite(value)) return null;
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(9)));
}

/** A big-endian two's-complement number with `scale` decimals, all of them printed. */
function decimalText(src: Buffer, from: number, to: number, scale: number): string | null {
  if (to === from || to - from > MAX_DECIMAL_BYTES) return null;
  const unsigned = BigInt(`0x${src.toString('hex', from, to)}`);
  const negative = (src[from] as number) >= 0x80;
  const units = negative ? (1n << BigInt(8 * (to - from))) - unsigned : unsigned;
  const digits = units.toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return negative ? `-${text}` : text;
}
