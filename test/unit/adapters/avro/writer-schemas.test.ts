import { describe, expect, it } from 'vitest';
import { makeAvroCodec } from '../../../../services/adapters/avro/codec.ts';
import { outputSchemasOf } from '../../../../services/adapters/avro/output-schemas.ts';
import { makeMemorySchemaRegistry } from '../../../../services/adapters/memory/schema-registry.ts';
import { makeVariants } from '../../../../services/core/decide/variants.ts';
import { LetheError } from '../../../../services/core/errors.ts';
import type { SchemaRegistry } from '../../../../services/core/ports.ts';
import { avroRoute, KEYRING, NOW, TOPIC, typeOf, wire } from './routes.ts';

const click = (...names: string[]) => ({
  type: 'record',
  name: 'Click',
  fields: ['id', ...names].map((name) => ({ name, type: 'string', default: '' })),
});
const encoded = (id: number, schema: object) =>
  wire(
    id,
    typeOf(schema).toBuffer(
      Object.fromEntries((schema as ReturnType<typeof click>).fields.map(({ name }) => [name, name])),
    ),
  );

/** A codec over a registry whose questions are counted, with a clock to turn. */
function counted() {
  const memory = makeMemorySchemaRegistry();
  const state = { now: 0, questions: 0, down: false, refuse: false, registrations: 0 };
  const registry: SchemaRegistry = {
    ...memory,
    versions: async (subject) => {
      state.questions++;
      if (state.down) throw new LetheError('unavailable', 'down');
      return memory.versions(subject);
    },
  };
  const route = avroRoute({ a: 'system', b: 'system' }, [{ select: 'system', action: 'keep' }]);
  const codec = makeAvroCodec({
    route,
    registry,
    keyring: KEYRING,
    outputSchemaId: async (subject, text) => {
      state.registrations++;
      if (state.refuse) throw new LetheError('invalid_config', 'incompatible');
      return memory.register(subject, text);
    },
    clock: () => state.now,
  });
  /** Code of the record's fate, or the fields of the output. */
  const fate = async (value: Buffer): Promise<string> => {
    await codec.begin([value, null]);
    const decoded = codec.decode(value, NOW, NOW);
    if (!decoded.ok) return decoded.poison.code;
    const { plan } = decoded.record;
    const [output] = plan.outputs;
    if (output === undefined) throw new Error('no output');
    const variant = makeVariants(plan, output).pick(true, false, 0);
    const applied = codec.apply(decoded.record, output, variant, new Uint32Array(plan.leaves.length));
    if (!applied.ok) return applied.poison.code;
    const text = await memory.schemaById(Buffer.from(applied.value).readUInt32BE(1));
    return Object.keys(
      typeOf(JSON.parse(text ?? '')).fromBuffer(Buffer.from(applied.value).subarray(5)) as object,
    ).join();
  };
  const register = (schema: object, subject = `${TOPIC}-value`) => memory.register(subject, JSON.stringify(schema));
  return { state, codec, fate, register, route };
}

describe('writer schemas', () => {
  it('are asked for once, and every version has its own output', async () => {
    const { state, fate, register } = counted();
    const first = click('a', 'secret');
    const one = await register(first);
    expect(await fate(encoded(one, first))).toBe('a');
    const second = click('a', 'b', 'other');
    const two = await register(second);
    expect(await fate(encoded(two, second))).toBe('a,b');
    for (let i = 0; i < 5; i++) expect(await fate(encoded(one, first))).toBe('a');
    expect(state).toMatchObject({ questions: 2, registrations: 2 });
  });

  it('of other subjects are unknown, though the registry has them', async () => {
    const { fate, register } = counted();
    await register(click('a'));
    const foreign = await register(click('b'), 'raw.other-value');
    expect(await fate(encoded(foreign, click('b')))).toBe('schema_unknown');
  });

  it('that nobody registered cost few questions, and a new one is found all the same', async () => {
    const { state, fate, register } = counted();
    const schema = click('a');
    const id = await register(schema);
    expect(await fate(encoded(id, schema))).toBe('a');
    for (let made = 1000; made < 2000; made++) {
      expect(await fate(encoded(made, schema))).toBe('schema_unknown');
      expect(await fate(encoded(id, schema))).toBe('a');
      state.now += 10;
    }
    expect(state.questions).toBeLessThanOrEqual(12);
    const next = await register(click('b'));
    state.now += 2000;
    expect(await fate(encoded(next, click('b')))).toBe('b');
  });

  it('are asked for again after a while', async () => {
    const { state, fate, register } = counted();
    await register(click('a'));
    expect(await fate(encoded(2, click('b')))).toBe('schema_unknown');
    expect(await register(click('b'))).toBe(2);
    expect(await fate(encoded(2, click('b')))).toBe('schema_unknown');
    expect(state.questions).toBe(1);
    state.now += 6000;
    expect(await fate(encoded(2, click('b')))).toBe('b');
  });

  it('that are known are read while the registry is down; for others the batch waits', async () => {
    const { state, fate, register } = counted();
    const one = await register(click('a'));
    expect(await fate(encoded(one, click('a')))).toBe('a');
    const two = await register(click('b'));
    state.down = true;
    expect(await fate(encoded(one, click('a')))).toBe('a');
    await expect(fate(encoded(two, click('b')))).rejects.toMatchObject({ code: 'unavailable' });
    // However often it is tried: what is not known must not pass for unknown.
    for (let i = 0; i < 20; i++) {
      await expect(fate(encoded(two, click('b')))).rejects.toMatchObject({ code: 'unavailable' });
    }
    state.down = false;
    expect(await fate(encoded(two, click('b')))).toBe('b');
  });

  it('whose output the registry refuses are output_invalid until it takes it', async () => {
    const { state, fate, register } = counted();
    const id = await register(click('a'));
    state.refuse = true;
    expect(await fate(encoded(id, click('a')))).toBe('output_invalid');
    state.refuse = false;
    expect(await fate(encoded(id, click('a')))).toBe('output_invalid');
    expect(state.registrations).toBe(1);
    state.now += 31_000;
    expect(await fate(encoded(id, click('a')))).toBe('a');
  });

  it('that cannot be used make their records unknown, without a question each', async () => {
    const { state, fate, register } = counted();
    const id = await register({ type: 'record', name: 'Click', fields: [{ name: 'id', type: 'Nowhere' }] });
    for (let i = 0; i < 3; i++) expect(await fate(encoded(id, click()))).toBe('schema_unknown');
    expect(state.questions).toBe(1);
  });

  it('give the schemas that push registers', async () => {
    const { route } = counted();
    const texts = [click('a'), click('a', 'x'), click('b')].map((schema) => JSON.stringify(schema));
    const [outputs, ...others] = outputSchemasOf(route, ['"string"', 'no JSON', ...texts]);
    expect(others).toEqual([]);
    expect(outputs).toMatchObject({ topic: 'clean.clicks', subject: 'clean.clicks-value' });
    const names = outputs?.schemas.map((text) =>
      (JSON.parse(text) as ReturnType<typeof click>).fields.map(({ name }) => name),
    );
    expect(names).toEqual([['a'], ['b']]);
  });
});
