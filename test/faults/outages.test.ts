/** Issue 3, "What it must reach": parts are killed and stopped in mid-stream. Nothing is lost, nothing comes out twice. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { lethe, type RunningWorker } from '../../deploy/demo/processes.ts';
import { avroWire, createTopics, produce } from '../../deploy/demo/topics.ts';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import { until } from '../stack/commands.ts';
import { needKcat, produceLines, type Seen, topicHolds } from '../stack/kcat.ts';
import { analyticsOf, consent, event, FIELDS, writeConfig } from '../stack/small-config.ts';
import { fates, segmentsOf, walk } from '../stack/trail.ts';
import { isReady, setUp, status, total, type Workbench } from '../stack/workbench.ts';

/** After so long nothing that was looked up before an outage is still on its way out. */
const GRACE_MS = 1_500;
const BACK_WITHIN_MS = 15_000;
const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'View',
  fields: [
    { name: 'id', type: 'int' },
    { name: 's', type: 'string' },
    { name: 'at', type: 'long' },
  ],
});

let stack: Stack;
let bench: Workbench;
let worker: RunningWorker;
let brokers: string;
let encode: (value: unknown) => Buffer;
let made = 0;

beforeAll(async () => {
  await needKcat();
  stack = await startStack({ env: {}, docker: 'never', log: () => undefined });
  brokers = stack.kafka.endpoint;
  bench = await setUp({ ...stack.env, LETHE_BATCH_BYTES: '16384' });
  await createTopics(bench.admin, ['raw.json', 'raw.avro'], 2);
  const registry = makeRegistry({ url: stack.registry.endpoint, user: null, password: null });
  encode = avroWire(SCHEMA, await registry.register('raw.avro-value', SCHEMA)).encode;
  const plain = 'subject: s\ntime: at\nfields: { id: system, at: system, s: user.unique_id }\n';
  const config = writeConfig(join(bench.dir, 'config'), [
    { name: 'json', body: FIELDS + analyticsOf('json') },
    { name: 'avro', format: 'avro', body: plain + analyticsOf('avro') },
  ]);
  await lethe(['push', config], bench.env);
  const consents = join(bench.dir, 'consents.jsonl');
  writeFileSync(consents, Array.from({ length: 10 }, (_, subject) => `${consent(subject, 'granted')}\n`).join(''));
  await lethe(['consent', 'import', consents], bench.env);
  worker = await bench.worker();
  await isReady(worker);
});

afterAll(async () => {
  await bench?.end();
  await stack?.stop();
});

/** More records, half of them of a subject who gave no consent. */
const more = async (count: number): Promise<void> => {
  const lines = Array.from({ length: count }, (_, index) => event(made + index, (made + index) % 20));
  made += count;
  await Promise.all(
    [0, 1].map((half) =>
      produceLines(brokers, 'raw.json', half, lines.slice((half * count) / 2, ((half + 1) * count) / 2)),
    ),
  );
};

const decided = async (topic = 'raw.json'): Promise<number> => walk(await segmentsOf(brokers, topic)).decisions.size;
const published = async (): Promise<number> => (await topicHolds(brokers, 'clean.json.a')).length;
const caughtUp = (within: number): Promise<true> =>
  until(`all ${made} records are decided about`, async () => (await decided()) === made || null, within);

/** Waits until the worker is in the midst of a lot of records. */
const flowing = async (): Promise<void> => {
  const consumed = (): Promise<number> => total(worker, 'lethe_records_consumed_total');
  const before = await consumed();
  await more(20_000);
  await until('the stream flows', async () => (await consumed()) > before + 500);
};

/** After every fault: each record decided once, the chains whole, and on the topic exactly what the trail says. */
afterEach(async () => {
  await more(20);
  await caughtUp(BACK_WITHIN_MS);
  const trail = walk(await segmentsOf(brokers, 'raw.json'));
  expect(trail.faults.slice(0, 10)).toEqual([]);
  expect(trail.decisions.size).toBe(made);
  const seen: Seen[] = await topicHolds(brokers, 'clean.json.a');
  const sources = seen.map(({ source }) => source);
  expect(new Set(sources).size).toBe(sources.length);
  expect(new Set(sources)).toEqual(fates(trail, 'clean.json.a').published);
  expect(sources.length).toBe(made / 2);
});

/** A stream that goes on while `fault` is at work: nothing may come out between the grace and the repair. */
async function nothingComesOutDuring(fault: () => Promise<void>, repair: () => Promise<void>): Promise<void> {
  await flowing();
  await fault();
  await sleep(GRACE_MS);
  const before = await published();
  await more(200);
  expect(await status(worker, '/livez')).toBe(200);
  await until('/readyz tells', async () => (await status(worker, '/readyz')) === 503 || null, 10_000);
  await until(
    'the pause is told',
    async () => (await total(worker, 'lethe_paused_partitions', 'cause="redis"')) > 0,
    5_000,
  );
  await sleep(2_000);
  expect(await published()).toBe(before);
  expect(before).toBeLessThan(made / 2);
  const back = Date.now();
  await repair();
  await caughtUp(BACK_WITHIN_MS);
  expect(Date.now() - back).toBeLessThan(BACK_WITHIN_MS);
  await until('/readyz is well again', async () => (await status(worker, '/readyz')) === 200 || null, 5_000);
}

it('Redis killed: nothing is published, nothing is lost, the stream goes on when it is back', async () => {
  await nothingComesOutDuring(stack.redis.kill, async () => {
    await stack.redis.start();
  });
});

it('Redis stopped, its sockets open: the same', async () => {
  await nothingComesOutDuring(stack.redis.pause, stack.redis.resume);
});

it('Redis away: a worker that is told to stop ends well, one that starts waits and says so once', async () => {
  await flowing();
  await stack.redis.kill();
  await until('the pause', async () => (await total(worker, 'lethe_paused_partitions', 'cause="redis"')) > 0);
  const began = Date.now();
  expect(await worker.stop()).toBe(0);
  expect(Date.now() - began).toBeLessThan(10_000);

  const before = bench.logs().length;
  worker = await bench.worker();
  await sleep(5_000);
  const lines = bench
    .logs()
    .slice(before)
    .split('\n')
    .filter((line) => line.includes('"warn"') || line.includes('"error"'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(`Redis at ${stack.redis.endpoint.replace('redis://', '')}`);
  expect(lines[0]).toContain('REDIS_URL');
  expect(await status(worker, '/livez')).toBe(200);
  expect(await status(worker, '/readyz')).toBe(503);
  await stack.redis.start();
  await caughtUp(BACK_WITHIN_MS);
});

it('the broker killed and started again: the worker goes on by itself', async () => {
  await flowing();
  await stack.kafka.kill();
  await sleep(3_000);
  expect(await status(worker, '/livez')).toBe(200);
  await stack.kafka.start();
  await caughtUp(60_000);
});

it('the broker stopped, its sockets open: the same', async () => {
  await flowing();
  await stack.kafka.pause();
  await sleep(8_000);
  await stack.kafka.resume();
  await caughtUp(60_000);
});

it('the registry away: Avro routes wait and say why, JSON routes go on', async () => {
  // A schema that the worker has not seen yet, so that it has to ask.
  const views = (count: number, from: number): Promise<void> =>
    produce(
      bench.kafka,
      'raw.avro',
      Array.from({ length: count }, (_, index) => ({
        partition: index % 2,
        key: null,
        value: encode({ id: from + index, s: `c-${index % 20}`, at: Date.now() }),
      })),
    );
  await stack.registry.kill();
  await views(100, 0);
  await until(
    'Avro waits',
    async () => (await total(worker, 'lethe_paused_partitions', 'topic="raw.avro",cause="registry"')) > 0,
  );
  await more(100);
  await caughtUp(BACK_WITHIN_MS);
  expect(await decided('raw.avro')).toBe(0);
  await stack.registry.start();
  await until('Avro goes on', async () => (await decided('raw.avro')) === 100 || null, BACK_WITHIN_MS);
  expect(await topicHolds(brokers, 'clean.avro.a')).toHaveLength(50);
  expect(await total(worker, 'lethe_paused_partitions')).toBe(0);
});
