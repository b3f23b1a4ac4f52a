/** Checks undeclared data byte by byte and leaves it behind: what is not declared must still be well-formed. */
import type { AvroScalar, AvroType } from '../../core/policy/avro-schema.ts';
import type { RawReader } from './raw-reader.ts';

/** Reads one datum; false where the bytes hold none. */
export type ReadOp = (reader: RawReader) => boolean;

/**
 * Elements without bytes (nulls, empty records) that a record may announce: four bytes can claim a million of them.
 */
const MAX_WEIGHTLESS = 4096;

/** Makes scanners of a schema's types, each once. */
export class Scanners {
  readonly #known = new Map<AvroType, ReadOp>();
  readonly #sizes = new Map<AvroType, number>();

  of(type: AvroType): ReadOp {
    const known = this.#known.get(type);
    if (known !== undefined) return known;
    // Stands in until the scanner is made: a recursive type meets itself.
    let made: ReadOp = () => false;
    this.#known.set(type, (reader) => made(reader));
    made = this.#make(type);
    this.#known.set(type, made);
    return made;
  }

  /** The fewest bytes a datum of the type takes. */
  leastSize(type: AvroType): number {
    const known = this.#sizes.get(type);
    if (known !== undefined) return known;
    // A type within itself: a lower bound is all that is needed.
    this.#sizes.set(type, 0);
    const size = this.#leastSize(type);
    this.#sizes.set(type, size);
    return size;
  }

  #leastSize(type: AvroType): number {
    switch (type.kind) {
      case 'null':
        return 0;
      case 'float':
        return 4;
      case 'double':
        return 8;
      case 'fixed':
        return type.size;
      case 'record':
        return type.fields.reduce((sum, field) => sum + this.leastSize(field.type), 0);
      case 'union':
        return 1 + Math.min(...type.branches.map((branch) => this.leastSize(branch)));
      default:
        return 1;
    }
  }

  #make(type: AvroType): ReadOp {
    switch (type.kind) {
      case 'null':
        return () => true;
      case 'union': {
        const branches = type.branches.map((branch) => this.of(branch));
        return (reader) => {
          const branch = branches[reader.long()];
          return branch !== undefined && branch(reader);
        };
      }
      case 'record': {
        const fields = type.fields.map((field) => this.of(field.type));
        return deeper((reader) => {
          for (const field of fields) if (!field(reader)) return false;
          return true;
        });
      }
      case 'array': {
        const item = this.of(type.items);
        const least = this.leastSize(type.items);
        return deeper((reader) => readBlocks(reader, least, item) >= 0);
      }
      case 'map': {
        const value = this.of(type.values);
        return deeper((reader) => readBlocks(reader, 1, (inner) => inner.skipKey() && value(inner)) >= 0);
      }
      default:
        return scanScalar(type);
    }
  }
}

/** A container's reader that keeps count of how deep it is. */
export function deeper(op: ReadOp): ReadOp {
  return (reader) => {
    if (++reader.depth > reader.maxDepth || !op(reader)) return false;
    reader.depth--;
    return true;
  };
}

function scanScalar(type: AvroScalar): ReadOp {
  switch (type.kind) {
    case 'boolean':
      return (reader) => reader.skipBoolean();
    case 'int':
      return (reader) => reader.skipInt();
    case 'long':
      return (reader) => reader.skipLong();
    case 'float':
      return (reader) => reader.skipFixed(4);
    case 'double':
      return (reader) => reader.skipFixed(8);
    case 'bytes':
      return (reader) => reader.skipBytes();
    case 'string':
      return (reader) => reader.skipString();
    case 'fixed': {
      const { size } = type;
      return (reader) => reader.skipFixed(size);
    }
    case 'enum': {
      const symbols = type.symbols.length;
      return (reader) => reader.skipEnum(symbols);
    }
  }
}

/**
 * Reads the blocks of an array or map. A block that announces more elements than the rest of the record can hold is
 * refused before any is read; so is one whose stated size is not that of its elements.
 *
 * @param least the fewest bytes an element takes.
 * @returns the number of elements, or −1.
 */
export function readBlocks(reader: RawReader, least: number, element: ReadOp): number {
  let total = 0;
  for (;;) {
    let count = reader.long();
    if (count === 0) return total;
    let blockEnd = -1;
    if (count < 0) {
      count = -count;
      const size = reader.long();
      if (!(size >= 0 && size <= reader.end - reader.pos)) return -1;
      blockEnd = reader.pos + size;
    }
    if (least === 0) {
      reader.weightless += count;
      if (!(reader.weightless <= MAX_WEIGHTLESS)) return -1;
    } else if (!(count * least <= reader.end - reader.pos)) {
      return -1;
    }
    for (let i = 0; i < count; i++) if (!element(reader)) return -1;
    if (blockEnd >= 0 && reader.pos !== blockEnd) return -1;
    total += count;
  }
}
