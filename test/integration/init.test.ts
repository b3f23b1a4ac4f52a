/** `lethe init` on real topics and a real registry: JSON, Avro with a referenced type, empty and missing ones. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { avroWire, createTopics, produce } from '../../deploy/demo/topics.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import { folderOf, lethe } from '../acceptance/command.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const stack = sharedStack();
const CANARY = 'qzxqz';
const NAME = `init-${process.pid}-${Date.now()}`;
const JSON_TOPIC = `raw.${NAME}-json`;
const AVRO_TOPIC = `raw.${NAME}-avro`;
const EMPTY_TOPIC = `raw.${NAME}-empty`;

const kafka = new kafkajs.Kafka({ brokers: stack.kafka.split(','), logLevel: kafkajs.logLevel.NOTHING });
const admin = kafka.admin();
const dir = folderOf({});
const env = stack.env;
const run = (...args: string[]) => lethe(['init', ...args], { cwd: dir, env });
const policy = (folder: string, route: string): string =>
  readFileSync(join(dir, folder, 'policies', `${route}.yaml`), 'utf8');

const ADDRESS = { type: 'record', name: 'Address', namespace: 'x', fields: [{ name: 'zip', type: 'string' }] };
const event = (address: unknown) => ({
  type: 'record',
  name: 'Event',
  namespace: 'x',
  fields: [
    { name: 'customer_id', type: 'long' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'home', type: ['null', address], default: null },
    { name: 'zorp', type: 'string', 'confluent:tags': ['EMAIL'] },
    { name: 'seen_by', type: { type: 'map', values: 'int' } },
  ],
});

async function register(subject: string, body: object): Promise<void> {
  const response = await fetch(`${env['SCHEMA_REGISTRY_URL']}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

beforeAll(async () => {
  await admin.connect();
  await createTopics(admin, [JSON_TOPIC, AVRO_TOPIC, EMPTY_TOPIC], 3);
  const lines = Array.from({ length: 60 }, (_, index) =>
    JSON.stringify({
      user_id: `${CANARY}${index % 7}`,
      mail: `${CANARY}${index}@example.com`,
      old: index < 30 ? CANARY : undefined,
    }),
  );
  await produce(kafka, JSON_TOPIC, [
    ...lines.map((value, index) => ({ partition: index % 3, key: null, value })),
    { partition: 0, key: 'x', value: null },
    { partition: 1, key: 'x', value: `{"${CANARY}":` },
  ]);

  await register(`${NAME}-address`, { schema: JSON.stringify(ADDRESS) });
  await register(`${AVRO_TOPIC}-value`, {
    schema: JSON.stringify(event('x.Address')),
    references: [{ name: 'x.Address', subject: `${NAME}-address`, version: 1 }],
  });
  const registry = makeRegistry({ url: env['SCHEMA_REGISTRY_URL'] ?? '', user: null, password: null });
  const [version] = await registry.versions(`${AVRO_TOPIC}-value`);
  const wire = avroWire(version?.schema ?? '', version?.id ?? 0);
  const values = Array.from({ length: 30 }, (_, index) =>
    wire.encode({
      customer_id: index,
      at: 1_767_225_600_000 + index,
      home: { zip: CANARY },
      zorp: `${CANARY}${index}@example.com`,
      seen_by: { [`${CANARY}${index}@example.org`]: index },
    }),
  );
  await produce(
    kafka,
    AVRO_TOPIC,
    values.map((value, index) => ({ partition: index % 3, key: null, value })),
  );
});
afterAll(() => admin.disconnect());

describe('lethe init --from-topic', () => {
  it('looks at the newest records of a JSON topic', async () => {
    const ran = await run('json', '--from-topic', JSON_TOPIC, '--sample', '15');
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^Looked at 13 records of .*; 1 more could not be read\.$/m);
    expect(ran.stdout).toMatch(/^mail +user\.contact\.email +high +in all$/m);
    expect(ran.stdout).not.toMatch(/^old /m);
    const text = policy('json', `${NAME}-json`);
    expect(text).toContain(`from: { topic: ${JSON_TOPIC}, format: json }`);
    expect(ran.stdout + text).not.toContain(CANARY);
  });

  it('reads Avro by the schemas of its subject, values and references', async () => {
    const ran = await run('avro', '--from-topic', AVRO_TOPIC);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^home\.zip +user\.contact\.address\.postal_code +high +in all$/m);
    expect(ran.stdout).toMatch(/^seen_by\.\* +user\.contact\.email +low +in all$/m);
    const text = policy('avro', `${NAME}-avro`);
    expect(text).toContain(`from: { topic: ${AVRO_TOPIC}, format: avro }`);
    expect(text).toMatch(/^subject: customer_id # high$/m);
    expect(text).toMatch(/^time: at # /m);
    expect(text).toMatch(/^ {2}zorp: user\.contact\.email # high \(tag, values\);/m);
    expect(ran.stdout + text).not.toContain(CANARY);
    expect(await lethe(['lint', 'avro', '--deny-warnings'], { cwd: dir })).toMatchObject({ code: 0, stdout: '' });
  });

  it('says that a topic is empty or missing', async () => {
    const empty = await run('never', '--from-topic', EMPTY_TOPIC);
    expect(empty).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('holds no records') });
    const missing = await run('never', '--from-topic', `${EMPTY_TOPIC}-gone`);
    expect(missing).toMatchObject({ code: 69, stdout: '', stderr: expect.stringContaining('does not exist') });
  });
});

describe('lethe init --subject', () => {
  it('walks the schemas of a subject', async () => {
    const ran = await run('subject', '--subject', `${AVRO_TOPIC}-value`);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(policy('subject', `${NAME}-avro`)).toMatch(
      /^ {2}home\.zip: user\.contact\.address\.postal_code # medium \(name\); string; in all$/m,
    );
  });

  it('says that there is no such subject', async () => {
    const ran = await run('never', '--subject', `${NAME}-gone`);
    expect(ran).toMatchObject({ code: 69, stdout: '', stderr: expect.stringContaining('has no subject') });
  });
});
