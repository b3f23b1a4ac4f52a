/** Writes what an action made of a scalar as the type the output schema has for it. */
import type { Scalar } from '../../core/apply/action.ts';
import { parseDecimal } from '../../core/apply/decimal.ts';
import type { OutScalar } from '../../core/policy/avro-output-scalar.ts';
import type { AvroScalar } from '../../core/policy/avro-schema.ts';
import type { RecordWriter } from './record-writer.ts';

/** False: the type cannot hold the value. */
export type WriteScalar = (writer: RecordWriter, value: Scalar) => boolean;

const INTEGER = /^-?[0-9]{1,19}$/;

/** @param type the raw type, whose size a decimal that stays a fixed keeps. */
export function makeScalarWriter(type: AvroScalar, out: OutScalar): WriteScalar {
  if (out.decimalScale >= 0) return decimalWriter(out.decimalScale, out.name === '' ? -1 : type.size);
  switch (out.base) {
    case 'string':
      return (writer, value) => {
        writer.text(value.text);
        return true;
      };
    case 'boolean':
      return (writer, value) => {
        writer.byte(value.text === 'true' ? 1 : 0);
        return value.kind === 'boolean';
      };
    case 'int':
      return integerWriter(32);
    case 'long':
      return integerWriter(64);
    case 'float':
    case 'double':
      return floatingWriter(out.base);
    default:
      return () => false;
  }
}

function integerWriter(bits: number): WriteScalar {
  return (writer, value) => {
    if (value.kind !== 'number' || !INTEGER.test(value.text)) return false;
    const number = BigInt(value.text);
    if (BigInt.asIntN(bits, number) !== number) return false;
    writer.long(number);
    return true;
  };
}

function floatingWriter(base: 'float' | 'double'): WriteScalar {
  return (writer, value) => {
    const number = value.kind === 'number' ? Number(value.text) : Number.NaN;
    if (!Number.isFinite(base === 'float' ? Math.fround(number) : number)) return false;
    if (base === 'double') writer.double(number);
    else writer.float(number);
    return true;
  };
}

/** @param size bytes of a fixed; −1: `bytes`, as few as hold the number. */
function decimalWriter(scale: number, size: number): WriteScalar {
  return (writer, value) => {
    const decimal = value.kind === 'number' ? parseDecimal(value.text) : null;
    if (decimal === null || decimal.scale > scale) return false;
    const bytes = twosComplement(decimal.units * 10n ** BigInt(scale - decimal.scale), size);
    if (bytes === null) return false;
    if (size < 0) writer.size(bytes.length);
    writer.raw(bytes);
    return true;
  };
}

function twosComplement(units: bigint, size: number): Uint8Array | null {
  const magnitude = units < 0n ? -units - 1n : units;
  const least = Math.floor(magnitude.toString(2).length / 8) + 1;
  const length = size < 0 ? least : size;
  if (least > length) return null;
  const hex = BigInt.asUintN(8 * length, units).toString(16);
  return Buffer.from(hex.padStart(2 * length, '0'), 'hex');
}
