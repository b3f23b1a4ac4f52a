import type avro from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeVariants } from '../../../../services/core/decide/variants.ts';
import { avroPaths } from '../../../../services/core/policy/avro-fields.ts';
import { arbitraryRecord, arbitraryValue, FAILED, sanitized } from './arbitrary-schema.ts';
import type { Fate } from './arbitrary-schema.ts';
import { avroRoute, benchOf, NOW, typeOf, wire } from './routes.ts';

const CATEGORY: Record<Exclude<Fate, 'undeclared'>, string> = {
  keep: 'system',
  redact: 'user.contact.email',
  drop: 'user.behavior',
};
const FATES: readonly Fate[] = ['keep', 'redact', 'drop', 'undeclared'];

type Inner = avro.Type & {
  readonly types: readonly Inner[];
  readonly itemsType: Inner;
  readonly valuesType: Inner;
  readonly fields: readonly { readonly name: string; readonly type: Inner }[];
};

/** A value that avsc read, with its unions left out and its null fields gone: what is absent is null in Avro. */
function unwrapped(type: Inner, value: unknown): unknown {
  if (value === null) return null;
  const object = value as Record<string, unknown>;
  switch (type.typeName as string) {
    case 'union:wrapped': {
      const [name, inner] = Object.entries(object)[0] ?? ['', null];
      const branch = type.types.find((one) => (one.name ?? one.typeName.replace('abstract:', '')) === name);
      return branch === undefined ? new Error(`no branch ${name}`) : unwrapped(branch, inner);
    }
    case 'array':
      return (value as unknown[]).map((item) => unwrapped(type.itemsType, item));
    case 'map':
      return Object.fromEntries(Object.entries(object).map(([key, one]) => [key, unwrapped(type.valuesType, one)]));
    case 'record':
      return Object.fromEntries(
        type.fields
          .map(({ name, type: inner }) => [name, unwrapped(inner, object[name])])
          .filter(([, one]) => one !== null),
      );
    default:
      return value;
  }
}

/** The same for what a plain walk says must be left; null values of maps and elements stay. */
function withoutNullFields(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) return value.map((item) => withoutNullFields(item));
  const isMap = Object.keys(value).some((key) => key.startsWith('canary'));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => isMap || one !== null)
      .map(([key, one]) => [key, withoutNullFields(one)]),
  );
}

/**
 * Paths of which none takes for a scalar what another takes for a container, and none has a wildcard where another has
 * a name: precedence is held to its own tests.
 */
function consistent(paths: readonly string[]): readonly string[] {
  const isBelow = (path: string, other: string) => path.startsWith(`${other}.`) || path.startsWith(`${other}[`);
  const isNamed = (path: string) =>
    [...path.matchAll(/\.\*/g)].some(({ index }) => {
      const beside = `${path.slice(0, index)}.`;
      return paths.some((other) => other.startsWith(beside) && other[beside.length] !== '*');
    });
  return paths.filter((path) => !isNamed(path) && !paths.some((other) => isBelow(path, other)));
}

describe('whatever the schema, the value and the policy', () => {
  it('what comes out is what a plain walk leaves, and no other text is in its bytes', async () => {
    let published = 0;
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (g) => {
        const schema = arbitraryRecord(g);
        const { value, canaries } = arbitraryValue(g, schema);
        const chosen = consistent(avroPaths(schema))
          .filter((path) => path !== 'id')
          .map((path) => [path, FATES[g(fc.nat, { max: FATES.length - 1 })] as Fate] as const)
          .filter(([, fate]) => fate !== 'undeclared');
        const fates = new Map<string, Fate>(chosen);
        const fields = Object.fromEntries(
          [...fates].map(([path, fate]) => [path, fate === 'undeclared' ? '' : CATEGORY[fate]]),
        );
        const route = avroRoute(fields, [
          { select: 'system', action: 'keep' },
          { select: 'user.contact.email', action: 'redact' },
        ]);
        const { id: _, ...rest } = value.plain as Record<string, unknown>;
        const left = sanitized(rest, '', fates);

        const bench = await benchOf(route, schema);
        const raw = wire(bench.id, typeOf(schema).toBuffer(value.wrapped));
        await bench.codec.begin([raw]);
        const decoded = bench.codec.decode(raw, NOW, NOW);
        if (left === FAILED) {
          expect(decoded).toMatchObject({ ok: false, poison: { code: 'action_failed' } });
          return;
        }
        if (!decoded.ok) throw new Error(decoded.poison.code);
        const { plan } = decoded.record;
        const [output] = plan.outputs;
        if (output === undefined) throw new Error('no output');
        const variant = makeVariants(plan, output).pick(false, false, 0);
        const applied = bench.codec.apply(decoded.record, output, variant, new Uint32Array(plan.leaves.length));
        if (!applied.ok) throw new Error(applied.poison.code);
        const bytes = Buffer.from(applied.value);
        const text = await bench.registry.schemaById(bytes.readUInt32BE(1));
        const type = typeOf(JSON.parse(text ?? '')) as Inner;
        const got = unwrapped(type, type.fromBuffer(bytes.subarray(5)));
        expect(got).toEqual(withoutNullFields(typeof left === 'symbol' ? {} : left));
        expect(applied.released === 0).toBe(typeof left === 'symbol');
        if (applied.released > 0) published++;
        for (const [canary, path] of canaries) {
          // Keys of a map leave with a value that does.
          if (path === 'key' || fates.get(path) === 'keep') continue;
          expect(bytes.includes(canary)).toBe(false);
        }
      }),
      { numRuns: 600 },
    );
    expect(published).toBeGreaterThan(120);
  }, 120_000);

  it('mutated bytes are read or refused, at once, and what is published can be read', async () => {
    let slowest = 0;
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (g) => {
        const schema = arbitraryRecord(g);
        const { value } = arbitraryValue(g, schema);
        const paths = consistent(avroPaths(schema));
        const route = avroRoute(Object.fromEntries(paths.map((path) => [path, 'system'])), [
          { select: 'system', action: 'keep' },
        ]);
        const bench = await benchOf(route, schema);
        const good = wire(bench.id, typeOf(schema).toBuffer(value.wrapped));
        await bench.codec.begin([good]);
        for (let i = 0; i < 40; i++) {
          const seldom = () => g(fc.nat, { max: 7 }) === 0;
          const tail = seldom() ? g(fc.uint8Array, { maxLength: 3 }) : [];
          const bad = Buffer.concat([good, Buffer.from(tail)]);
          for (let n = g(fc.integer, { min: 1, max: 3 }); n > 0; n--) {
            bad[g(fc.integer, { min: 5, max: Math.max(5, bad.length - 1) })] = g(fc.integer, { min: 0, max: 255 });
          }
          const started = process.cpuUsage();
          const end = seldom() ? g(fc.integer, { min: 5, max: bad.length }) : bad.length;
          const decoded = bench.codec.decode(bad.subarray(0, end), NOW, NOW);
          if (decoded.ok) {
            const { plan } = decoded.record;
            const [output] = plan.outputs;
            if (output === undefined) throw new Error('no output');
            const variant = makeVariants(plan, output).pick(true, false, 0);
            const applied = bench.codec.apply(decoded.record, output, variant, new Uint32Array(plan.leaves.length));
            if (!applied.ok) throw new Error(applied.poison.code);
            slowest = Math.max(slowest, process.cpuUsage(started).user);
            const bytes = Buffer.from(applied.value);
            const text = await bench.registry.schemaById(bytes.readUInt32BE(1));
            typeOf(JSON.parse(text ?? '')).fromBuffer(bytes.subarray(5));
            read++;
          } else {
            slowest = Math.max(slowest, process.cpuUsage(started).user);
            expect(['undecodable', 'subject_missing', 'action_failed', 'schema_unknown']).toContain(
              decoded.poison.code,
            );
          }
        }
      }),
      { numRuns: 150 },
    );
    console.log(read);
    expect(read).toBeGreaterThan(100);
    // Microseconds of this process alone: other work on the machine does not count.
    expect(slowest).toBeLessThan(200_000);
  }, 120_000);
});
