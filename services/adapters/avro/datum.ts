/** Avro data as values to look at: for commands that want all of a record, not what a plan declares. */
import { type Datum, ExactNumber } from '../../core/propose/datum.ts';
import type { AvroScalar, AvroType } from '../../core/policy/avro-schema.ts';
import { makeTextReader } from './scalar-text.ts';
import { RawReader } from './raw-reader.ts';
import { readBlocks, Scanners } from './scan.ts';

/** Reads one datum; undefined where the bytes hold none. */
export type ReadDatum = (bytes: Uint8Array, from: number) => Datum | undefined;

type Read = (reader: RawReader) => Datum | undefined;

/** Magic byte and schema id of the registry's wire format. */
export const WIRE_HEADER = 5;

/** The schema id in front of a value; null where there is none. */
export function wireSchemaId(value: Uint8Array): number | null {
  if (value.length < WIRE_HEADER || value[0] !== 0) return null;
  return new DataView(value.buffer, value.byteOffset).getUint32(1);
}

/** Compiles a schema into a reader. Malformed data never throws. @param maxDepth containers within containers. */
export function makeDatumReader(type: AvroType, maxDepth: number): ReadDatum {
  const readers = new DatumReaders();
  const read = readers.of(type);
  const reader = new RawReader(maxDepth);
  return (bytes, from) => {
    reader.open(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), from);
    const datum = read(reader);
    return reader.pos === reader.end ? datum : undefined;
  };
}

class DatumReaders {
  readonly #known = new Map<AvroType, Read>();
  readonly #scanners = new Scanners();

  of(type: AvroType): Read {
    const known = this.#known.get(type);
    if (known !== undefined) return known;
    // Stands in until the reader is made: a recursive type meets itself.
    let made: Read = () => undefined;
    this.#known.set(type, (reader) => made(reader));
    made = this.#make(type);
    this.#known.set(type, made);
    return made;
  }

  #make(type: AvroType): Read {
    switch (type.kind) {
      case 'null':
        return () => null;
      case 'union': {
        const branches = type.branches.map((branch) => this.of(branch));
        return (reader) => branches[reader.long()]?.(reader);
      }
      case 'record': {
        const fields = type.fields.map(({ name, type: inner }) => ({ name, read: this.of(inner) }));
        return within((reader) => {
          const record: { [key: string]: Datum } = {};
          for (const { name, read } of fields) {
            const value = read(reader);
            if (value === undefined) return undefined;
            record[name] = value;
          }
          return record;
        });
      }
      case 'array': {
        const item = this.of(type.items);
        const least = this.#scanners.leastSize(type.items);
        return within((reader) => {
          const items: Datum[] = [];
          const count = readBlocks(reader, least, (inner) => {
            const value = item(inner);
            if (value !== undefined) items.push(value);
            return value !== undefined;
          });
          return count < 0 ? undefined : items;
        });
      }
      case 'map': {
        const read = this.of(type.values);
        return within((reader) => {
          const entries = new Map<string, Datum>();
          const count = readBlocks(reader, 1, (inner) => {
            if (!inner.skipKey()) return false;
            const key = inner.src.toString('utf8', inner.textFrom, inner.pos);
            const value = read(inner);
            if (value !== undefined) entries.set(key, value);
            return value !== undefined;
          });
          return count < 0 ? undefined : entries;
        });
      }
      default:
        return this.#scalar(type);
    }
  }

  #scalar(type: AvroScalar): Read {
    const scan = this.#scanners.of(type);
    const text = makeTextReader(type);
    const isText = type.kind === 'string' || type.kind === 'enum';
    return (reader) => {
      const from = reader.pos;
      if (!scan(reader)) return undefined;
      const found = text(reader.src, from, reader.pos);
      // Bytes, and numbers that are none.
      if (found === null) return '';
      if (isText) return found;
      if (type.kind === 'boolean') return found === 'true';
      const number = Number(found);
      return Number.isInteger(number) && !Number.isSafeInteger(number) ? new ExactNumber(found) : number;
    };
  }
}

function within(read: Read): Read {
  return (reader) => {
    if (++reader.depth > reader.maxDepth) return undefined;
    const datum = read(reader);
    reader.depth--;
    return datum;
  };
}
