import type { Type } from 'avsc';

/** Types within types; our schemas nest a handful. */
const MAX_DEPTH = 32;

/** What avsc's types say about themselves that a walk needs. */
type Walkable = Type & {
  readonly size: number;
  readonly symbols: readonly string[];
  readonly itemsType: Type;
  readonly fields: readonly { readonly type: Type }[];
  readonly types: readonly Type[];
};

class Misfit extends Error {}

/**
 * Walks an encoded datum without building anything and says whether it lies within its bytes. avsc allocates what a
 * length announces before it looks at what is there: a few bytes can claim an array of a billion elements. An element
 * takes at least one byte here, so an array of nulls (which our schemas have none of) does not fit.
 *
 * @param bytes the datum alone, without any header.
 */
export function fits(type: Type, bytes: Uint8Array): boolean {
  try {
    return skip(type as Walkable, bytes, 0, 0) === bytes.length;
  } catch (error) {
    if (error instanceof Misfit) return false;
    throw error;
  }
}

/** Skips one datum and returns where it ends. */
function skip(type: Walkable, bytes: Uint8Array, start: number, depth: number): number {
  if (depth > MAX_DEPTH) throw new Misfit();
  const kind = type.typeName as string;
  switch (kind) {
    case 'null':
      return start;
    case 'boolean':
      return advance(bytes, start, 1);
    case 'float':
      return advance(bytes, start, 4);
    case 'double':
      return advance(bytes, start, 8);
    case 'fixed':
      return advance(bytes, start, type.size);
    case 'int':
    case 'long':
    case 'abstract:long':
      return varint(bytes, start).end;
    case 'enum':
      return pick(bytes, start, type.symbols).end;
    case 'bytes':
    case 'string': {
      const length = varint(bytes, start);
      return advance(bytes, length.end, length.value);
    }
    case 'union:unwrapped':
    case 'union:wrapped': {
      const branch = pick(bytes, start, type.types);
      return skip(branch.chosen as Walkable, bytes, branch.end, depth + 1);
    }
    case 'record': {
      let at = start;
      for (const field of type.fields) at = skip(field.type as Walkable, bytes, at, depth + 1);
      return at;
    }
    case 'array':
      return blocks(type.itemsType as Walkable, bytes, start, depth);
    default:
      throw new Misfit();
  }
}

/** An array: blocks of a count (negative: a byte length follows) and that many elements, closed by a zero. */
function blocks(item: Walkable, bytes: Uint8Array, start: number, depth: number): number {
  let at = start;
  for (;;) {
    const count = varint(bytes, at);
    at = count.end;
    if (count.value === 0) return at;
    const n = Math.abs(count.value);
    if (count.value < 0) at = varint(bytes, at).end;
    for (let i = 0; i < n; i++) {
      const end = skip(item, bytes, at, depth + 1);
      if (end === at) throw new Misfit();
      at = end;
    }
  }
}

function pick<T>(bytes: Uint8Array, start: number, from: readonly T[]): { chosen: T; end: number } {
  const index = varint(bytes, start);
  const chosen = from[index.value];
  if (chosen === undefined) throw new Misfit();
  return { chosen, end: index.end };
}

function advance(bytes: Uint8Array, start: number, length: number): number {
  if (length < 0 || length > bytes.length - start) throw new Misfit();
  return start + length;
}

/** A zigzag varint. Values beyond 2^53 lose precision, which no length or index of ours can reach. */
function varint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  let scale = 1;
  for (let at = start; at < start + 10; at++) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return { value: value % 2 === 0 ? value / 2 : -(value + 1) / 2, end: at + 1 };
  }
  throw new Misfit();
}
