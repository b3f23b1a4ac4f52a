/** Avro records as trees, for explaining them. Deciding and redacting never build one (codec.ts). */
import type { Tree } from '../../core/explain/tree.ts';
import { parseAvroSchema } from '../../core/policy/avro-schema.ts';
import type { AvroScalar, AvroType } from '../../core/policy/avro-schema.ts';
import { RawReader } from './raw-reader.ts';
import { makeTextReader } from './scalar-text.ts';
import { readBlocks, Scanners } from './scan.ts';

/** Magic byte and schema id. */
const HEADER = 5;
/** The codec has checked a record's depth before anybody looks at it again. */
const MAX_DEPTH = 10_000;

/** The schema id that a value in Confluent's wire format names; null where it is none. */
export function wireSchemaId(value: Uint8Array): number | null {
  if (value.length < HEADER || value[0] !== 0) return null;
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(1);
}

/**
 * The tree of a value in Confluent's wire format: records and maps as objects, what is null or absent as null, bytes as
 * base64 text. Null where the bytes are not of the schema.
 *
 * @param schemaText self-contained.
 */
export function treeOfAvro(schemaText: string, value: Uint8Array): Tree | null {
  const parsed = parseAvroSchema(JSON.parse(schemaText));
  if (!parsed.ok || wireSchemaId(value) === null) return null;
  const reader = new RawReader(MAX_DEPTH);
  reader.open(Buffer.from(value.buffer, value.byteOffset, value.byteLength), HEADER);
  const scanners = new Scanners();

  const read = (type: AvroType): Tree | null => {
    switch (type.kind) {
      case 'null':
        return { kind: 'scalar', literal: 'null' };
      case 'union': {
        const branch = type.branches[reader.long()];
        return branch === undefined ? null : read(branch);
      }
      case 'record': {
        const members = new Map<string, Tree>();
        for (const field of type.fields) {
          const member = read(field.type);
          if (member === null) return null;
          members.set(field.name, member);
        }
        return { kind: 'object', members };
      }
      case 'array': {
        const items: Tree[] = [];
        const count = readBlocks(reader, scanners.leastSize(type.items), () => {
          const item = read(type.items);
          return item !== null && items.push(item) > 0;
        });
        return count < 0 ? null : { kind: 'array', items };
      }
      case 'map': {
        const members = new Map<string, Tree>();
        const count = readBlocks(reader, 1, () => {
          if (!reader.skipKey()) return false;
          const key = reader.src.toString('utf8', reader.textFrom, reader.pos);
          const member = read(type.values);
          return member !== null && members.set(key, member).size > 0;
        });
        return count < 0 ? null : { kind: 'object', members };
      }
      default: {
        const from = reader.pos;
        if (!scanners.of(type)(reader)) return null;
        return { kind: 'scalar', literal: literalOf(type, reader.src, from, reader.pos) };
      }
    }
  };
  const tree = read(parsed.type);
  return tree === null || reader.pos !== value.length ? null : tree;
}

/** A scalar as JSON: numbers with every digit, what JSON has no number for as text. */
function literalOf(type: AvroScalar, src: Buffer, from: number, to: number): string {
  const text = makeTextReader(type)(src, from, to);
  switch (type.kind) {
    case 'string':
    case 'enum':
      return JSON.stringify(text ?? '');
    case 'float':
      return text ?? JSON.stringify(String(src.readFloatLE(from)));
    case 'double':
      return text ?? JSON.stringify(String(src.readDoubleLE(from)));
    case 'bytes':
    case 'fixed':
      return text ?? JSON.stringify(contentOf(type, src, from, to).toString('base64'));
    default:
      return text ?? 'null';
  }
}

function contentOf(type: AvroScalar, src: Buffer, from: number, to: number): Buffer {
  return src.subarray(type.kind === 'fixed' ? from : contentStart(src, from), to);
}

/** Behind the length. */
function contentStart(src: Buffer, from: number): number {
  let at = from;
  while ((src[at++] as number) >= 0x80);
  return at;
}
