/** The registry fails while raw records come under a schema that workers have not seen. */
import { setTimeout as sleep } from 'node:timers/promises';
import { avroWire } from '../../../deploy/demo/topics.ts';
import { makeRegistry } from '../../../services/adapters/registry/registry.ts';
import { outputsOf } from '../../stack/small-config.ts';
import { CANARY } from '../checker.ts';
import type { Fault } from '../fault.ts';
import { startRegistryStub } from '../registry-stub.ts';
import type { Scene } from '../scene.ts';
import { FATE_HEADER, type Make } from '../traffic.ts';
import type { World } from '../world.ts';

const AT = Date.parse('2025-06-01T00:00:00Z');

export const AVRO = {
  format: 'avro',
  body: (name: string) =>
    `subject: s\ntime: at\nfields: { id: system, at: system, s: user.unique_id, e: user.contact.email }\n${outputsOf(name)}`,
} as const;

type Field = { readonly name: string; readonly type: unknown; readonly default?: unknown };

const BASE: readonly Field[] = [
  { name: 'id', type: 'int' },
  { name: 's', type: 'string' },
  { name: 'at', type: 'long' },
  { name: 'e', type: 'string' },
  { name: 'note', type: 'string' },
];

const schemaOf = (fields: readonly Field[]): string => JSON.stringify({ type: 'record', name: 'Event', fields });

export type Encode = (value: unknown) => Buffer;

/** Registers a schema of the raw topic, past the proxy, and gives what encodes values by it. */
export async function register(world: World, topic: string, fields: readonly Field[]): Promise<Encode> {
  const { endpoint } = await world.registry();
  const schema = schemaOf(fields);
  const registry = makeRegistry({ url: endpoint, user: null, password: null });
  return avroWire(schema, await registry.register(`${topic}-value`, schema)).encode;
}

/** An Avro record of a subject; personal values hold the canary. */
export const eventOf = (id: number, subject: string): Record<string, unknown> => ({
  ...{ id, s: subject, at: AT + id, e: `${CANARY}.${id}@example.com`, note: CANARY },
});

export const avroRecords =
  (encode: Encode, fate: 'live' | 'either' = 'live', more: Record<string, unknown> = {}): Make =>
  (id, subject, random) => {
    const value = encode({ ...eventOf(id, subject), ...more });
    if (random.chance(0.04)) {
      // Cut off, or under an id that nobody gave out; always the same, since a flood of such ids uses up the questions
      // that the worker allows itself (adapters/avro/writer-schemas.ts).
      const broken = random.chance(0.5) ? value.subarray(0, value.length - 1) : Buffer.from(value);
      if (broken.length === value.length) broken.writeUInt32BE(100_000, 1);
      return { key: CANARY, value: broken, headers: { [FATE_HEADER]: 'dead' } };
    }
    return { key: CANARY, value, headers: { [FATE_HEADER]: `${fate} ${subject}`, [CANARY]: CANARY } };
  };

export const firstVersion: NonNullable<Fault['prepare']> = async ({ world, topic }) =>
  avroRecords(await register(world, topic, BASE));

const NEW_FIELD: Field = { name: 'extra', type: ['null', 'string'], default: null };

/** Records come under a new schema from now on. */
const newSchema = async ({ world, topic, makeRecords }: Scene, fate: 'live' | 'either' = 'live'): Promise<void> => {
  makeRecords(avroRecords(await register(world, topic, [...BASE, NEW_FIELD]), fate, { extra: `${CANARY} extra` }));
};

const away = (name: string, what: string, begin: (scene: Scene) => Promise<() => Promise<void>>): Fault => ({
  ...{ name, what, ...AVRO, prepare: firstVersion },
  expected: 'pauses (`registry`)',
  happen: async (scene) => {
    const heal = await begin(scene);
    await newSchema(scene);
    await scene.paused('registry', 20_000);
    await sleep(scene.random.between(1_000, 5_000));
    await heal();
  },
});

/** The registry's place is taken by one that always answers the same. */
async function stubbed({ world }: Scene, status: number, body: string, type: string): Promise<() => Promise<void>> {
  const real = new URL((await world.registry()).endpoint).host;
  const stub = await startRegistryStub(status, body, type);
  await world.proxies.registry.to(stub.address);
  return async () => {
    if (stub.asked() === 0) throw new Error('nobody asked');
    stub.close();
    await world.proxies.registry.to(real);
  };
}

export const REGISTRY_FAULTS: readonly Fault[] = [
  away('registry-down', 'the registry refuses connections', async ({ world }) => {
    await world.proxies.registry.down();
    return world.proxies.registry.heal;
  }),
  away('registry-hung', 'the registry takes connections and never answers', async ({ world }) => {
    await world.proxies.registry.add({ type: 'timeout', attributes: { timeout: 0 } }, 'downstream');
    return world.proxies.registry.heal;
  }),
  away('registry-404', "in the registry's place something answers 404 with a page", (scene) =>
    stubbed(scene, 404, '<h1>Not Found</h1>', 'text/html'),
  ),
  away('registry-500', 'the registry answers 500', (scene) =>
    stubbed(scene, 500, '{"error_code":50001,"message":"Error in the backend"}', 'application/json'),
  ),
  {
    ...{ name: 'registry-unknown', ...AVRO, prepare: firstVersion },
    what: 'the registry says of a schema that there is that there is none (40403)',
    expected: 'dead letters (`schema_unknown`), then goes on',
    happen: async (scene) => {
      const heal = await stubbed(scene, 404, '{"error_code":40403,"message":"Schema not found"}', 'application/json');
      await newSchema(scene, 'either');
      await sleep(scene.random.between(2_000, 4_000));
      await heal();
    },
  },
  {
    ...{ name: 'raw-schema-changed', ...AVRO, prepare: firstVersion },
    what: 'raw records come with a new field, then with an object where an address was, then as before',
    expected: 'the new field never leaves; objects are dead letters',
    happen: async (scene) => {
      await newSchema(scene);
      await sleep(3_000);
      const nested = BASE.map((field) =>
        field.name === 'e'
          ? { name: 'e', type: { type: 'record', name: 'Address', fields: [{ name: 'mail', type: 'string' }] } }
          : field,
      );
      const e = { mail: `${CANARY}@example.com` };
      scene.makeRecords(avroRecords(await register(scene.world, scene.topic, nested), 'either', { e }));
      await sleep(3_000);
      scene.makeRecords(null);
      await sleep(1_000);
    },
  },
];
