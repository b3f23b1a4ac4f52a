/**
 * Avro schemas as graphs: every name resolved, so that a recursive type is a cycle and a type used in two places is one
 * object. Only what a plan can be applied to; avsc (adapters/avro) judges whether a schema is a valid one.
 */

export type AvroScalarKind = 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string' | 'enum' | 'fixed';

export type AvroLogical = { readonly name: string; readonly precision: number | null; readonly scale: number | null };

export type AvroNull = { readonly kind: 'null'; readonly id: number; readonly tags: readonly string[] };

export type AvroScalar = {
  readonly kind: AvroScalarKind;
  readonly id: number;
  readonly tags: readonly string[];
  readonly logical: AvroLogical | null;
  /** Full name of an enum or fixed; empty for others. */
  readonly name: string;
  /** Of an enum. */
  readonly symbols: readonly string[];
  readonly symbolDefault: string | null;
  /** Of a fixed, in bytes. */
  readonly size: number;
};

export type AvroField = {
  readonly name: string;
  readonly type: AvroType;
  readonly tags: readonly string[];
  /** Undefined where the schema gives none. */
  readonly defaultValue: unknown;
};

export type AvroRecord = {
  readonly kind: 'record';
  readonly id: number;
  readonly tags: readonly string[];
  readonly name: string;
  readonly fields: readonly AvroField[];
};

export type AvroArray = {
  readonly kind: 'array';
  readonly id: number;
  readonly tags: readonly string[];
  readonly items: AvroType;
};

export type AvroMap = {
  readonly kind: 'map';
  readonly id: number;
  readonly tags: readonly string[];
  readonly values: AvroType;
};

export type AvroUnion = {
  readonly kind: 'union';
  readonly id: number;
  readonly tags: readonly string[];
  readonly branches: readonly AvroType[];
};

export type AvroType = AvroNull | AvroScalar | AvroRecord | AvroArray | AvroMap | AvroUnion;

export type ParsedAvroSchema =
  | { readonly ok: true; readonly type: AvroType; readonly names: ReadonlySet<string> }
  | { readonly ok: false; readonly reason: string };

const PRIMITIVES: ReadonlySet<string> = new Set([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Types within types as written. Far above real schemas, far below what a call stack holds. */
const MAX_NESTING = 200;

class Unusable extends Error {}

/** True for the name of a primitive type of Avro. */
export function isPrimitive(name: string): boolean {
  return PRIMITIVES.has(name);
}

/** A name as Avro resolves it: dotted names are full already, others belong to the namespace around them. */
export function fullName(name: string, namespace: string): string {
  if (name.includes('.')) return name.startsWith('.') ? name.slice(1) : name;
  return namespace === '' ? name : `${namespace}.${name}`;
}

/** What stands before the last dot of a full name; empty where there is none. */
export function namespaceOf(full: string): string {
  const dot = full.lastIndexOf('.');
  return dot < 0 ? '' : full.slice(0, dot);
}

/** What stands after the last dot of a full name. */
export function shortName(full: string): string {
  return full.slice(full.lastIndexOf('.') + 1);
}

/**
 * Reads a self-contained schema (parsed JSON). The reason of a refusal names types and fields of the schema, never
 * data.
 */
export function parseAvroSchema(json: unknown): ParsedAvroSchema {
  const reader = new SchemaReader();
  try {
    return { ok: true, type: reader.read(json, '', 0), names: new Set(reader.named.keys()) };
  } catch (error) {
    if (error instanceof Unusable) return { ok: false, reason: error.message };
    throw error;
  }
}

class SchemaReader {
  readonly named = new Map<string, AvroType>();
  #nextId = 0;

  read(json: unknown, namespace: string, depth: number): AvroType {
    if (depth > MAX_NESTING) throw new Unusable('types are nested too deeply');
    if (typeof json === 'string') return this.#reference(json, namespace);
    if (Array.isArray(json)) {
      const branches = json.map((branch) => this.read(branch, namespace, depth + 1));
      if (branches.some((branch) => branch.kind === 'union')) throw new Unusable('a union stands within a union');
      return { kind: 'union', id: this.#id(), tags: [], branches };
    }
    if (!isObject(json)) throw new Unusable('a type is neither a name, a union nor an object');
    return this.#defined(json, namespace, depth);
  }

  #id(): number {
    return this.#nextId++;
  }

  #reference(name: string, namespace: string): AvroType {
    if (PRIMITIVES.has(name)) return this.#primitive(name, [], null);
    const known = this.named.get(fullName(name, namespace)) ?? this.named.get(name);
    if (known === undefined) throw new Unusable(`type ${name} is not defined`);
    return known;
  }

  #primitive(kind: string, tags: readonly string[], logical: AvroLogical | null): AvroType {
    if (kind === 'null') return { kind, id: this.#id(), tags };
    return {
      kind: kind as AvroScalarKind,
      id: this.#id(),
      tags,
      logical,
      name: '',
      symbols: [],
      symbolDefault: null,
      size: 0,
    };
  }

  #defined(json: JsonObject, namespace: string, depth: number): AvroType {
    const kind = json['type'];
    const tags = tagsIn(json);
    if (typeof kind !== 'string') {
      const inner = this.read(kind, namespace, depth + 1);
      return tags.length === 0 ? inner : { ...inner, id: this.#id(), tags: [...tags, ...inner.tags] };
    }
    if (PRIMITIVES.has(kind)) return this.#primitive(kind, tags, logicalIn(json));
    switch (kind) {
      case 'array':
        return { kind, id: this.#id(), tags, items: this.read(json['items'], namespace, depth + 1) };
      case 'map':
        return { kind, id: this.#id(), tags, values: this.read(json['values'], namespace, depth + 1) };
      case 'record':
      case 'error':
        return this.#record(json, namespace, depth, tags);
      case 'enum':
      case 'fixed':
        return this.#named(kind, json, namespace, tags);
      default: {
        const known = this.#reference(kind, namespace);
        return tags.length === 0 ? known : { ...known, id: this.#id(), tags: [...tags, ...known.tags] };
      }
    }
  }

  #record(json: JsonObject, namespace: string, depth: number, tags: readonly string[]): AvroType {
    const name = this.#define(json, namespace);
    const fields: AvroField[] = [];
    const record: AvroRecord = { kind: 'record', id: this.#id(), tags, name, fields };
    this.named.set(name, record);
    if (!Array.isArray(json['fields'])) throw new Unusable(`record ${name} has no fields`);
    const seen = new Set<string>();
    for (const field of json['fields'] as readonly unknown[]) {
      const fieldName = isObject(field) ? field['name'] : null;
      if (!isObject(field) || typeof fieldName !== 'string' || !validName(fieldName)) {
        throw new Unusable(`record ${name} has a field without a valid name`);
      }
      if (seen.has(fieldName)) throw new Unusable(`record ${name} has field ${fieldName} twice`);
      seen.add(fieldName);
      const type = this.read(field['type'], namespaceOf(name), depth + 1);
      fields.push({ name: fieldName, type, tags: tagsIn(field), defaultValue: field['default'] });
    }
    return record;
  }

  #named(kind: 'enum' | 'fixed', json: JsonObject, namespace: string, tags: readonly string[]): AvroType {
    const name = this.#define(json, namespace);
    const symbols = kind === 'enum' ? json['symbols'] : [];
    if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string')) {
      throw new Unusable(`enum ${name} has no symbols`);
    }
    const size = kind === 'fixed' ? json['size'] : 0;
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw new Unusable(`fixed ${name} has no size`);
    }
    const symbolDefault = typeof json['default'] === 'string' ? json['default'] : null;
    const logical = logicalIn(json);
    const type: AvroType = { kind, id: this.#id(), tags, logical, name, symbols, symbolDefault, size };
    this.named.set(name, type);
    return type;
  }

  #define(json: JsonObject, namespace: string): string {
    const written = json['name'];
    if (typeof written !== 'string') throw new Unusable('a type has no name');
    const own = json['namespace'];
    const name = fullName(written, typeof own === 'string' ? own : namespace);
    if (!name.split('.').every(validName)) throw new Unusable('a type has no valid name');
    if (this.named.has(name) || PRIMITIVES.has(name)) throw new Unusable(`type ${name} is defined twice`);
    return name;
  }
}

/** `__proto__` is a valid name in Avro, and turns objects into something else in JavaScript consumers. */
function validName(name: string): boolean {
  return NAME.test(name) && name !== '__proto__';
}

type JsonObject = { readonly [key: string]: unknown };

function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function tagsIn(json: JsonObject): readonly string[] {
  const tags = json['confluent:tags'];
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
}

function logicalIn(json: JsonObject): AvroLogical | null {
  const name = json['logicalType'];
  if (typeof name !== 'string') return null;
  const count = (value: unknown): number | null => (Number.isSafeInteger(value) ? (value as number) : null);
  return { name, precision: count(json['precision']), scale: count(json['scale']) };
}
