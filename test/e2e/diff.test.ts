/** `lethe diff active DIR` on the records of real topics, JSON and Avro, with consents as they stood when they arrived. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lethe } from '../../deploy/demo/processes.ts';
import { avroWire, createTopics, produce } from '../../deploy/demo/topics.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import type { DiffReport } from '../../services/cli/diff-report.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { consent, event, FIELDS, outputsOf, type SmallRoute, writeConfig } from '../stack/small-config.ts';
import { setUp, type Workbench } from '../stack/workbench.ts';

const stack = sharedStack();
const REDIS_URL = `${stack.redis}/11`;
const NAME = `diff-${process.pid}`;
const AVRO = `${NAME}-avro`;

let bench: Workbench;
let redis: Redis;

const routes = (outputs: (name: string) => string): readonly SmallRoute[] => [
  { name: NAME, body: FIELDS + outputs(NAME) },
  {
    name: AVRO,
    format: 'avro',
    body: `${FIELDS.replace('  e: user.contact.email\n', '')}tags: { EMAIL: user.contact.email }\n${outputs(AVRO)}`,
  },
];

const opened = (name: string): string => outputsOf(name).replace('action: mask, mask: email', 'action: keep');

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'id', type: 'int' },
    { name: 's', type: 'string' },
    { name: 'at', type: 'long' },
    { name: 'e', type: 'string', 'confluent:tags': ['EMAIL'] },
    { name: 'v', type: 'string' },
  ],
});

/** Subjects of this run: granted, withdrawn before the records came, withdrawn after. */
const [GRANTED, BEFORE, AFTER] = ['granted', 'before', 'after'].map((kind) => `${NAME}-${kind}`) as [
  string,
  string,
  string,
];
const HOUR_MS = 3_600_000;

/** When the second half of the records came. */
let half: number;

beforeAll(async () => {
  bench = await setUp({ ...stack.env, REDIS_URL });
  redis = new Redis(REDIS_URL);
  const topics = [NAME, AVRO].flatMap((name) => [`raw.${name}`, `clean.${name}.a`, `clean.${name}.f`]);
  await createTopics(bench.admin, topics, 2);
  const registry = makeRegistry({ url: stack.registry, user: null, password: null });
  const { encode } = avroWire(SCHEMA, await registry.register(`raw.${AVRO}-value`, SCHEMA));
  const file = join(bench.dir, 'consents.jsonl');
  const later = new Date(Date.now() + HOUR_MS).toISOString();
  const lines = [
    ...[GRANTED, BEFORE, AFTER].map((subject) => consent(subject, 'granted')),
    consent(BEFORE, 'withdrawn', '*', '2025-03-01T00:00:00Z'),
    consent(AFTER, 'withdrawn', '*', later),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  await lethe(['consent', 'import', file], bench.env);
  await lethe(['push', writeConfig(join(bench.dir, 'config'), routes(outputsOf))], bench.env);

  const json = (id: number, subject: string) => ({ partition: id % 2, key: null, value: event(id, subject) });
  await produce(bench.kafka, `raw.${NAME}`, [
    json(0, GRANTED),
    json(1, BEFORE),
    { partition: 0, key: null, value: '{"id":' },
  ]);
  half = Date.now() + 1;
  await new Promise((resolve) => setTimeout(resolve, 20));
  await produce(bench.kafka, `raw.${NAME}`, [json(2, GRANTED), json(3, AFTER)]);
  await produce(
    bench.kafka,
    `raw.${AVRO}`,
    [GRANTED, BEFORE].map((subject, id) => ({
      partition: 0,
      key: null,
      value: encode(JSON.parse(event(id, subject))),
    })),
  );
});
afterAll(async () => {
  redis?.disconnect();
  await bench?.end();
});

async function diff(...args: readonly string[]): Promise<DiffReport> {
  const config = writeConfig(join(bench.dir, 'candidate'), routes(opened));
  const out = await lethe(['diff', 'active', config, '--format', 'json', ...args], bench.env);
  for (const value of ['example.com', GRANTED, BEFORE]) expect(out).not.toContain(value);
  return JSON.parse(out) as DiffReport;
}

const outputOf = ({ measured }: DiffReport, topic: string) =>
  measured?.outputs.find((output) => output.topic === topic);

describe('against the active bundle', () => {
  it('compares what the schemas in the registry tag', async () => {
    const { old, findings, measured } = await diff();
    expect(old.digest).toBe(await redis.get('lethe:bundle:active'));
    expect(measured).toBeNull();
    expect(findings.map(({ route, path, consequence }) => [route, path, consequence])).toEqual([
      [NAME, 'e', 'exposes'],
      [AVRO, 'e', 'exposes'],
      [AVRO, '(tag EMAIL)', 'exposes'],
    ]);
  });

  it('measures a topic, each record as of when it came, and changes nothing', async () => {
    const ends = await bench.admin.fetchTopicOffsets(`clean.${NAME}.a`);
    const report = await diff('--from-topic', `raw.${NAME}`, '--since', '24h');
    expect(report.measured).toMatchObject({ records: 5, deadLetters: { both: 1, new: { records: 0 } } });
    expect(outputOf(report, `clean.${NAME}.a`)).toMatchObject({
      published: { before: 3, after: 3 },
      newlyPublished: { records: 0 },
      categories: [{ category: 'user.contact.email', fields: [{ path: 'e', values: { more: 3 } }] }],
    });
    expect(outputOf(report, `clean.${NAME}.f`)).toMatchObject({ changed: { records: 0 }, categories: [] });
    const [email] = outputOf(report, `clean.${NAME}.a`)!.categories[0]!.fields;
    expect([...(email?.examples.more ?? [])].sort()).toEqual([`raw.${NAME}/0/0`, `raw.${NAME}/0/2`, `raw.${NAME}/1/1`]);
    expect(await bench.admin.fetchTopicOffsets(`clean.${NAME}.a`)).toEqual(ends);
  });

  it('measures since a time, and as of another moment', async () => {
    const since = new Date(half).toISOString();
    const then = await diff('--from-topic', `raw.${NAME}`, '--since', since);
    expect(then.measured?.records).toBe(2);
    expect(outputOf(then, `clean.${NAME}.a`)?.published).toEqual({ before: 2, after: 2 });
    const now = new Date(Date.now() + 2 * HOUR_MS).toISOString();
    const later = await diff('--from-topic', `raw.${NAME}`, '--since', since, '--now', now);
    expect(outputOf(later, `clean.${NAME}.a`)?.published).toEqual({ before: 1, after: 1 });
  });

  it('measures Avro without registering a schema', async () => {
    const subject = `clean.${AVRO}.a-value`;
    const registry = makeRegistry({ url: stack.registry, user: null, password: null });
    const versions = await registry.versions(subject);
    const report = await diff('--from-topic', `raw.${AVRO}`);
    expect(report.measured).toMatchObject({ records: 2, deadLetters: { both: 0 } });
    expect(outputOf(report, `clean.${AVRO}.a`)?.categories).toMatchObject([
      { category: 'user.contact.email', fields: [{ path: 'e', values: { more: 1 } }] },
    ]);
    expect(await registry.versions(subject)).toEqual(versions);
  });

  it('of an empty topic measures nothing', async () => {
    const report = await diff('--from-topic', `raw.${NAME}`, '--since', new Date(Date.now() + HOUR_MS).toISOString());
    expect(report.measured?.records).toBe(0);
    expect(report.exposure).toEqual({ static: true, measured: false });
  });
});
