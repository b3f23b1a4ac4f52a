import avro from 'avsc';
import { describe, expect, it } from 'vitest';
import { makeAvroCodec } from '../../../services/adapters/avro/codec.ts';
import { makeMemorySchemaRegistry } from '../../../services/adapters/memory/schema-registry.ts';
import type { RecordCodec } from '../../../services/core/apply/codec.ts';
import { makeVariants } from '../../../services/core/decide/variants.ts';
import type { CompiledRoute } from '../../../services/core/policy/plan.ts';
import type { SchemaRegistry } from '../../../services/core/ports.ts';
import { makeSeenSchemas } from '../../../services/gateway/seen-schemas.ts';
import { avroRoute, KEYRING, NOW, TOPIC, wire } from '../adapters/avro/routes.ts';

const RAW = {
  ...{ type: 'record', name: 'Click' },
  fields: [
    { name: 'id', type: 'string' },
    { name: 'page', type: 'string' },
    { name: 'mail', type: 'string' },
  ],
};
const FIELDS = { id: 'user.unique_id', page: 'system', mail: 'user.contact.email' };
const ACTIVE = avroRoute(FIELDS, [
  { select: 'system', action: 'keep' },
  { select: 'user.contact.email', action: 'mask', mask: 'email' },
]);
const MASKS_OTHERWISE = avroRoute(FIELDS, [
  { select: 'system', action: 'keep' },
  { select: 'user.contact.email', action: 'redact', with: 'x***@example.com' },
]);
const RELEASES_LESS = avroRoute(FIELDS, [{ select: 'system', action: 'keep' }]);

const codecOf = (route: CompiledRoute, registry: SchemaRegistry): RecordCodec =>
  makeAvroCodec({ route, registry, keyring: KEYRING, outputSchemaId: registry.register, clock: () => NOW });

async function sanitized(codec: RecordCodec, route: CompiledRoute, value: Uint8Array): Promise<Uint8Array> {
  await codec.begin([value]);
  const decoded = codec.decode(value, NOW, NOW);
  if (!decoded.ok) throw new Error(decoded.poison.code);
  const [output] = route.plan.outputs;
  const applied = codec.apply(
    decoded.record,
    output!,
    makeVariants(decoded.record.plan, output!).pick(true, false, 0),
    new Uint32Array(route.plan.leaves.length),
  );
  if (!applied.ok) throw new Error(applied.poison.code);
  return applied.value;
}

async function setUp() {
  const asked: string[] = [];
  const registry = makeMemorySchemaRegistry();
  const watching = Object.fromEntries(
    Object.entries(registry).map(([name, method]) => [
      name,
      (...given: never[]) => {
        asked.push(name);
        return (method as (...all: never[]) => unknown)(...given);
      },
    ]),
  ) as unknown as SchemaRegistry;
  // So that ids do not begin at one.
  for (let i = 0; i < 5; i++)
    await registry.register(`other-${i}`, JSON.stringify({ type: 'fixed', name: 'F', size: i + 1 }));
  const id = await registry.register(`${TOPIC}-value`, JSON.stringify(RAW));
  const value = wire(
    id,
    avro.Type.forSchema(RAW as never).toBuffer({ id: 'c-1', page: '/', mail: 'xenia@example.com' }),
  );
  return { asked, value, registry, ...makeSeenSchemas(watching) };
}

describe('what a candidate sees of the registry', () => {
  it('is what the active bundle had of it: nothing is asked, and nothing registered', async () => {
    const { asked, value, registry, watched, seen } = await setUp();
    const active = await sanitized(codecOf(ACTIVE, watched), ACTIVE, value);
    expect(asked).toEqual(['versions', 'register']);
    for (const candidate of [ACTIVE, MASKS_OTHERWISE]) {
      expect(await sanitized(codecOf(candidate, seen), candidate, value)).toEqual(active);
    }
    const less = await sanitized(codecOf(RELEASES_LESS, seen), RELEASES_LESS, value);
    expect(Buffer.from(less.subarray(0, 5)).toString('hex')).toBe('0000000000');
    expect(asked).toEqual(['versions', 'register']);
    expect(await registry.versions('clean.clicks-value')).toHaveLength(1);
  });

  it('of a topic that the active bundle never asked about is nothing: the candidate cannot be evaluated', async () => {
    const { asked, value, seen } = await setUp();
    await expect(codecOf(ACTIVE, seen).begin([value])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(seen.schemaById(1)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(seen.incompatibility('a', 'b')).rejects.toMatchObject({ code: 'unavailable' });
    expect(asked).toEqual([]);
  });

  it('follows the active bundle to a schema that appears while it runs', async () => {
    const { value, registry, watched, seen } = await setUp();
    const [active, candidate] = [codecOf(ACTIVE, watched), codecOf(MASKS_OTHERWISE, seen)];
    await sanitized(active, ACTIVE, value);
    await sanitized(candidate, MASKS_OTHERWISE, value);
    const more = { ...RAW, fields: [...RAW.fields, { name: 'more', type: 'int' }] };
    const id = await registry.register(`${TOPIC}-value`, JSON.stringify(more));
    const body = avro.Type.forSchema(more as never).toBuffer({
      id: 'c-1',
      page: '/',
      mail: 'xenia@example.com',
      more: 1,
    });
    const later = wire(id, body);
    expect(await sanitized(active, ACTIVE, later)).toEqual(await sanitized(candidate, MASKS_OTHERWISE, later));
  });
});
