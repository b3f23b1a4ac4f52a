/** Arbitrary Avro schemas, values of them, and what a policy must leave of those, worked out in the plainest way. */
import fc from 'fast-check';

type Gen = fc.GeneratorValue;
type Json = string | { readonly [key: string]: unknown } | readonly Json[];
export type RecordJson = { type: 'record'; name: string; fields: { name: string; type: Json }[] };

const PRIMITIVES = ['boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'];
const KEYS = ['a', 'b', 'c', 'd'];

/** A record with a text field `id`, the subject. */
export function arbitraryRecord(g: Gen): RecordJson {
  const made: RecordJson[] = [];
  let names = 0;
  const pick = <T>(list: readonly T[]): T => list[g(fc.nat, { max: list.length - 1 })] as T;
  const record = (depth: number): RecordJson => {
    const keys = g(fc.subarray<string>, KEYS);
    const fields = keys.map((name) => ({ name, type: type(depth - 1, true) }));
    const one: RecordJson = { type: 'record', name: `R${names++}`, fields };
    made.push(one);
    return one;
  };
  const single = (depth: number): Json => {
    const kind = depth <= 0 ? 0 : g(fc.integer, { min: 0, max: 6 });
    if (kind <= 1) return pick(PRIMITIVES);
    if (kind === 2) return { type: 'array', items: type(depth - 1, true) };
    if (kind === 3) return { type: 'map', values: type(depth - 1, true) };
    if (kind === 4) return { type: 'enum', name: `E${names++}`, symbols: ['X', 'Y'] };
    // A type that is used before is named again, not defined.
    if (kind === 5 && made.length > 0) return pick(made).name;
    return record(depth);
  };
  const type = (depth: number, unions: boolean): Json => {
    if (!unions || g(fc.integer, { min: 0, max: 2 }) > 0) return single(depth);
    const branches = new Map<string, Json>();
    if (g(fc.boolean)) branches.set('null', 'null');
    for (let i = g(fc.integer, { min: 1, max: 3 }); i > 0; i--) {
      const before = made.length;
      const branch = single(depth);
      // What a second branch of a name defines is not in the schema.
      if (branches.has(branchName(branch))) made.length = before;
      else branches.set(branchName(branch), branch);
    }
    return [...branches.values()];
  };
  const root = record(4);
  return { ...root, fields: [{ name: 'id', type: 'string' }, ...root.fields] };
}

/** What a union of avsc wraps a value of the type in. */
function branchName(type: Json): string {
  if (typeof type === 'string') return type;
  const { type: kind, name } = type as { type: string; name?: string };
  return name ?? kind;
}

/** A value as avsc takes it, and the same with its unions left out. */
export type Value = { readonly wrapped: unknown; readonly plain: unknown };

export type Made = {
  readonly value: Value;
  /** Every text in it that is nowhere else, with the path at which it stands. */
  readonly canaries: ReadonlyMap<string, string>;
};

export function arbitraryValue(g: Gen, schema: RecordJson): Made {
  const named = new Map<string, Json>();
  const canaries = new Map<string, string>();
  const define = (type: Json): Json => {
    if (typeof type === 'string') return named.get(type) ?? type;
    if (!Array.isArray(type)) {
      const { name } = type as { name?: string };
      if (name !== undefined) named.set(name, type);
    }
    return type;
  };
  const list = (path: string, items: Json): Value[] =>
    Array.from({ length: g(fc.integer, { min: 0, max: 3 }) }, () => value(path, items));
  const both = (plain: unknown): Value => ({ plain, wrapped: plain });
  const canary = (path: string): string => {
    const text = `canary-${canaries.size}-ü${g(fc.boolean) ? 'x'.repeat(60) : ''}`;
    canaries.set(text, path);
    return text;
  };

  const value = (path: string, written: Json): Value => {
    const type = define(written);
    if (Array.isArray(type)) {
      for (const branch of type as readonly Json[]) defineAll(branch, define);
      const branches = type as readonly Json[];
      const branch = branches[g(fc.nat, { max: branches.length - 1 })] as Json;
      const inner = value(path, branch);
      return branch === 'null' ? both(null) : { plain: inner.plain, wrapped: { [branchName(branch)]: inner.wrapped } };
    }
    if (typeof type === 'string') return scalar(path, type);
    const {
      type: kind,
      items,
      values,
      fields,
      symbols,
    } = type as {
      type: string;
      items: Json;
      values: Json;
      fields: RecordJson['fields'];
      symbols: string[];
    };
    switch (kind) {
      case 'array': {
        defineAll(items, define);
        const inner = list(`${path}[]`, items);
        return { plain: inner.map((one) => one.plain), wrapped: inner.map((one) => one.wrapped) };
      }
      case 'map': {
        defineAll(values, define);
        const inner = list(path === '' ? '*' : `${path}.*`, values).map((one) => [canary('key'), one] as const);
        return {
          plain: Object.fromEntries(inner.map(([key, one]) => [key, one.plain])),
          wrapped: Object.fromEntries(inner.map(([key, one]) => [key, one.wrapped])),
        };
      }
      case 'record': {
        const inner = fields.map(
          (field) => [field.name, value(path === '' ? field.name : `${path}.${field.name}`, field.type)] as const,
        );
        return {
          plain: Object.fromEntries(inner.map(([key, one]) => [key, one.plain])),
          wrapped: Object.fromEntries(inner.map(([key, one]) => [key, one.wrapped])),
        };
      }
      case 'enum':
        return both(symbols[g(fc.nat, { max: symbols.length - 1 })]);
      default:
        throw new Error(`unexpected ${kind}`);
    }
  };

  const scalar = (path: string, kind: string): Value => {
    switch (kind) {
      case 'null':
        return both(null);
      case 'boolean':
        return both(g(fc.boolean));
      case 'int':
        return both(g(fc.integer));
      case 'long':
        return both(g(fc.bigInt, { min: -(2n ** 63n), max: 2n ** 63n - 1n }));
      case 'float':
        return both(g(fc.float, { noNaN: true }));
      case 'double':
        return both(g(fc.double, { noNaN: true }));
      case 'string':
        return both(canary(path));
      case 'bytes':
        return both(Buffer.from(canary(path)));
      default:
        throw new Error(`unexpected ${kind}`);
    }
  };

  defineAll(schema, define);
  return { value: value('', schema), canaries };
}

/** Types are defined where they are first written, whether or not a value goes there. */
function defineAll(type: Json, define: (type: Json) => Json): void {
  define(type);
  if (typeof type === 'string') return;
  if (Array.isArray(type)) {
    for (const branch of type as readonly Json[]) defineAll(branch, define);
    return;
  }
  const { items, values, fields } = type as { items?: Json; values?: Json; fields?: RecordJson['fields'] };
  if (items !== undefined) defineAll(items, define);
  if (values !== undefined) defineAll(values, define);
  for (const field of fields ?? []) defineAll(field.type, define);
}

/** What becomes of the scalar at a path. */
export type Fate = 'keep' | 'redact' | 'drop' | 'undeclared';

export const ABSENT = Symbol('absent');
export const FAILED = Symbol('failed');

/** What must be left of a value without unions. `fates` holds every declared path. */
export function sanitized(plain: unknown, path: string, fates: ReadonlyMap<string, Fate>): unknown {
  const fate = fates.get(path);
  const beneath = [...fates].filter(([other]) => other.startsWith(`${path}.`) || other.startsWith(`${path}[`));
  const isContainer = typeof plain === 'object' && plain !== null && !Buffer.isBuffer(plain);
  if (!isContainer) {
    if (fate === undefined) {
      return plain === null && beneath.some(([, one]) => one === 'keep' || one === 'redact') ? null : ABSENT;
    }
    if (fate === 'keep') return plain;
    return fate === 'redact' ? (plain === null ? null : '[redacted]') : ABSENT;
  }
  if (fate !== undefined) return FAILED;
  if (Array.isArray(plain)) {
    const left = plain.map((item) => sanitized(item, `${path}[]`, fates)).filter((item) => item !== ABSENT);
    if (left.includes(FAILED)) return FAILED;
    return left.length === 0 ? ABSENT : left;
  }
  const left = Object.entries(plain).flatMap(([key, inner]) => {
    const named = path === '' ? key : `${path}.${key}`;
    const declared = [...fates.keys()].some(
      (other) => other === named || (/^[.[]/.test(other.slice(named.length)) && other.startsWith(named)),
    );
    // A wildcard takes the fields of a record too.
    const one = sanitized(inner, declared || path === '' ? named : `${path}.*`, fates);
    return one === ABSENT ? [] : [[key, one] as const];
  });
  if (left.some(([, one]) => one === FAILED)) return FAILED;
  return left.length === 0 ? ABSENT : Object.fromEntries(left);
}
