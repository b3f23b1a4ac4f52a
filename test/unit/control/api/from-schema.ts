/** Values from a JSON Schema as the OpenAPI document has it: fitting ones, and ones that somebody tampered with. */
import fc from 'fast-check';

export type Schema = Readonly<Record<string, unknown>>;

/** Values that fit, of the keywords that our shapes use. An unknown keyword is an error: it would not be tried. */
export function fitting(schema: Schema): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema['const']);
  if ('enum' in schema) return fc.constantFrom(...(schema['enum'] as unknown[]));
  if ('anyOf' in schema) return fc.oneof(...(schema['anyOf'] as Schema[]).map(fitting));
  switch (schema['type']) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: Number(schema['minimum'] ?? 0), max: Number(schema['maximum'] ?? 1_000) });
    case 'string':
      return text(schema);
    case 'array':
      return fc.array(fitting(schema['items'] as Schema), { minLength: Number(schema['minItems'] ?? 0), maxLength: 4 });
    case 'object':
      return object(schema);
    default:
      throw new Error(`no generator for ${JSON.stringify(schema)}`);
  }
}

function text(schema: Schema): fc.Arbitrary<string> {
  if (schema['format'] === 'date-time') {
    return fc
      .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  if (typeof schema['pattern'] === 'string') return fc.stringMatching(new RegExp(schema['pattern'], 'u'));
  return fc.string({
    minLength: Number(schema['minLength'] ?? 0),
    maxLength: Math.min(Number(schema['maxLength'] ?? 40), 40),
    unit: fc.constantFrom('a', 'Z', '0', '@', '.', ' ', '*', 'é', '漢', '𝛼'),
  });
}

function object(schema: Schema): fc.Arbitrary<unknown> {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>;
  const model = Object.fromEntries(Object.entries(properties).map(([key, each]) => [key, fitting(each)]));
  return fc.record(model, { requiredKeys: (schema['required'] ?? []) as string[] });
}

const TRICKS: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  9_007_199_254_740_992,
  '',
  ' ',
  '\0',
  'a\u0000b',
  '\uD800',
  '\uDFFF\uD800',
  '\u202Egnp.exe',
  '\uFEFF',
  'ﬀ',
  '١٢٣',
  '2026-13-45T99:99:99Z',
  '2026-01-05',
  '9'.repeat(400),
  'x'.repeat(5_000),
  '😀'.repeat(2_000),
  [],
  [[]],
  {},
  { toString: 1 },
  { constructor: { prototype: {} } },
  { length: 1 },
  '${jndi:ldap://x}',
  "'; drop table consents; --",
  '*',
  '__proto__',
];

/** A value with one to three places of it replaced, removed, doubled, or added to. */
export function tampered(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const change = fc.record({
    place: fc.nat(),
    how: fc.constantFrom('replace', 'remove', 'add', 'grow') as fc.Arbitrary<How>,
    trick: fc.constantFrom(...TRICKS),
    key: fc.constantFrom('extra', 'Subject', 'constructor', 'toString', '', 'events', '\u0000', 'a/b~c', '0'),
  });
  return fc
    .tuple(value, fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([original, changes]) =>
      changes.reduce<unknown>(
        (body, each) => changed(body, { ...each, trick: structuredClone(each.trick) }),
        JSON.parse(JSON.stringify(original)),
      ),
    );
}

type How = 'replace' | 'remove' | 'add' | 'grow';
type Change = { readonly place: number; readonly how: How; readonly trick: unknown; readonly key: string };
type Place = { readonly holder: Record<string, unknown> | unknown[]; readonly key: string };

function changed(body: unknown, { place, how, trick, key }: Change): unknown {
  const places = placesOf(body);
  const chosen = places[place % (places.length + 1)];
  if (chosen === undefined) return how === 'add' && isHolder(body) ? added(body, key, trick) : trick;
  const { holder, key: at } = chosen;
  const slots = holder as Record<string, unknown>;
  if (how === 'remove') {
    if (Array.isArray(holder)) holder.splice(Number(at), 1);
    else delete slots[at];
  } else if (how === 'grow' && Array.isArray(slots[at])) {
    const list = slots[at] as unknown[];
    slots[at] = Array.from({ length: 1_100 }, () => list[0] ?? trick);
  } else if (how === 'add' && isHolder(slots[at])) {
    slots[at] = added(slots[at], key, trick);
  } else slots[at] = trick;
  return body;
}

function added(holder: Record<string, unknown> | unknown[], key: string, trick: unknown): unknown {
  return Array.isArray(holder) ? [...holder, trick] : { ...holder, [key]: trick };
}

function isHolder(value: unknown): value is Record<string, unknown> | unknown[] {
  return typeof value === 'object' && value !== null;
}

function placesOf(value: unknown): readonly Place[] {
  if (!isHolder(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => [{ holder: value, key }, ...placesOf(item)]);
}
