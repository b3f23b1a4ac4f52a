import { randomUUID } from 'node:crypto';
import { SchemaRegistry as Client } from '@kafkajs/confluent-schema-registry';
import { expect, it } from 'vitest';
import { outputSchemasOf } from '../../services/adapters/avro/output-schemas.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import { parseAvroSchema } from '../../services/core/policy/avro-schema.ts';
import { taggedFields } from '../../services/core/policy/avro-fields.ts';
import { schemaRegistryContract } from '../contract/schema-registry.ts';
import { avroRoute, codecOver, NOW, typeOf, wire } from '../unit/adapters/avro/routes.ts';
import { makeVariants } from '../../services/core/decide/variants.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const url = sharedStack().registry;
const open = () => makeRegistry({ url, user: null, password: null });

async function put(path: string, method: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
  const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

schemaRegistryContract('Apicurio, by the API of Confluent', async () => ({
  registry: open(),
  demandBackward: async (subject) => {
    await put(`/config/${subject}`, 'PUT', { compatibility: 'BACKWARD' });
  },
}));

it('puts what a schema refers to into it, tags and all', async () => {
  const mark = `m${randomUUID().replaceAll('-', '')}`;
  const named = (name: string, fields: object[]) => ({ type: 'record', name, namespace: `com.${mark}`, fields });
  const post = (subject: string, schema: object, references: object[] = []) =>
    put(`/subjects/${subject}/versions`, 'POST', { schema: JSON.stringify(schema), references });
  const reference = (name: string) => ({ name: `com.${mark}.${name}`, subject: `${mark}-${name}`, version: 1 });
  await post(`${mark}-Mail`, named('Mail', [{ name: 'address', type: 'string', 'confluent:tags': ['EMAIL'] }]));
  await post(
    `${mark}-Person`,
    named('Person', [
      { name: 'mail', type: `com.${mark}.Mail` },
      { name: 'other', type: ['null', 'Mail'] },
    ]),
    [reference('Mail')],
  );
  await post(`${mark}-value`, named('Order', [{ name: 'by', type: 'Person' }]), [reference('Person')]);

  const registry = open();
  const [version] = await registry.versions(`${mark}-value`);
  const schema: unknown = JSON.parse(version?.schema ?? '');
  expect(parseAvroSchema(schema)).toMatchObject({ ok: true });
  expect([...taggedFields(schema, new Map([['EMAIL', 'user.contact.email']]))]).toEqual([
    ['by.mail.address', 'user.contact.email'],
    ['by.other.address', 'user.contact.email'],
  ]);
  expect(JSON.parse((await open().schemaById(version?.id ?? 0)) ?? '')).toEqual(schema);
});

it('publishes what the kafkajs client can read by the registered schema', async () => {
  const mark = `m${randomUUID().replaceAll('-', '')}`;
  const raw = {
    type: 'record',
    name: 'Click',
    namespace: `com.${mark}`,
    fields: [
      { name: 'id', type: 'string' },
      { name: 'page', type: ['null', 'string'], default: null },
      { name: 'ip', type: 'string' },
      { name: 'secret', type: 'string' },
    ],
  };
  const route = avroRoute(
    { page: 'system', ip: 'user.device.ip_address' },
    [
      { select: 'system', action: 'keep' },
      { select: 'user.device.ip_address', action: 'truncate_ip', ipv4: 24, ipv6: 48 },
    ],
    { from: { topic: `raw.${mark}`, format: 'avro' } },
  );
  const registry = open();
  const id = await registry.register(`raw.${mark}-value`, JSON.stringify(raw));
  const codec = codecOver(route, registry);
  const value = wire(id, typeOf(raw).toBuffer({ id: 'c', page: { string: '/a' }, ip: '192.0.2.9', secret: 'x' }));
  await codec.begin([value]);
  const decoded = codec.decode(value, NOW, NOW);
  if (!decoded.ok) throw new Error(decoded.poison.code);
  const { plan } = decoded.record;
  const [output] = plan.outputs;
  if (output === undefined) throw new Error('no output');
  const variant = makeVariants(plan, output).pick(true, false, 0);
  const applied = codec.apply(decoded.record, output, variant, new Uint32Array(plan.leaves.length));
  if (!applied.ok) throw new Error(applied.poison.code);

  const client = new Client({ host: url });
  expect({ ...(await client.decode(Buffer.from(applied.value))) }).toEqual({ page: '/a', ip: '192.0.2.0' });
  const [published] = outputSchemasOf(route, [JSON.stringify(raw)]);
  const texts = (await registry.versions(published?.subject ?? '')).map(({ schema }) => schema);
  expect(texts.map((text) => JSON.parse(text))).toContainEqual(JSON.parse(published?.schemas[0] ?? ''));
});
