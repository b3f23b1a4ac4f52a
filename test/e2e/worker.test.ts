/** A running worker: what is pushed and imported while it runs, what upstream may send, and how it ends. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { lethe, type RunningWorker } from '../../deploy/demo/processes.ts';
import { avroWire, createTopics, produce } from '../../deploy/demo/topics.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import { until } from '../stack/commands.ts';
import { needKcat, produceLines, type Seen, topicHolds } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { analyticsOf, consent, event, FIELDS, outputsOf, type SmallRoute, writeConfig } from '../stack/small-config.ts';
import { fates, segmentsOf, walk } from '../stack/trail.ts';
import { isReady, setUp, total, type Workbench } from '../stack/workbench.ts';

const stack = sharedStack();
const brokers = stack.kafka;
const REDIS_URL = `${stack.redis}/8`;

let bench: Workbench;
const running: RunningWorker[] = [];

beforeAll(async () => {
  await needKcat();
  const redis = new Redis(REDIS_URL);
  await redis.flushdb();
  redis.disconnect();
  bench = await setUp({ ...stack.env, REDIS_URL });
  await importConsents(Array.from({ length: 10 }, (_, subject) => consent(subject, 'granted')));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop()));
});
afterAll(() => bench?.end());

async function importConsents(lines: readonly string[]): Promise<void> {
  const file = join(bench.dir, 'consents.jsonl');
  writeFileSync(file, `${lines.join('\n')}\n`);
  await lethe(['consent', 'import', file], bench.env);
}

const push = async (...routes: SmallRoute[]): Promise<string> =>
  (await lethe(['push', writeConfig(join(bench.dir, 'config'), routes)], bench.env)).trim();
const start = async (more: Record<string, string> = {}): Promise<RunningWorker> => {
  const worker = await bench.worker(more);
  running.push(worker);
  await isReady(worker);
  return worker;
};
const events = (from: number, count: number, subject: number | string = 3): string[] =>
  Array.from({ length: count }, (_, index) => event(from + index, subject));
const decisions = async (name: string): Promise<number> =>
  walk(await segmentsOf(brokers, `raw.${name}`)).decisions.size;
const decided = (name: string, count: number): Promise<true> =>
  until(`${count} records of raw.${name}`, async () => (await decisions(name)) >= count || null);
const offsetOf = ({ source }: Seen): number => Number(source.slice(source.lastIndexOf('/') + 1));

describe('while a worker runs', () => {
  it('a push holds for every record produced after it returned, and every decision names its bundle', async () => {
    await createTopics(bench.admin, ['raw.push'], 1);
    const first = await push({ name: 'push' });
    await start();
    let at = 0;
    const stream = async (count: number): Promise<void> => {
      await produceLines(brokers, 'raw.push', 0, events(at, count));
      at += count;
    };
    await stream(200);
    await decided('push', at);
    // Upstream goes on while the rule is tightened.
    let pushed = false;
    const upstream = (async () => {
      while (!pushed) await stream(50);
    })();
    const tighter = outputsOf('push').replace(
      '{ select: user.behavior, action: keep }',
      '{ select: user.behavior, action: drop }',
    );
    const second = await push({ name: 'push', body: FIELDS + tighter });
    pushed = true;
    await upstream;
    const after = at;
    await stream(200);
    await decided('push', at);
    const seen = await topicHolds(brokers, 'clean.push.a');
    expect(seen).toHaveLength(at);
    const withValue = seen.filter(({ value }) => value?.includes('"v":'));
    expect(withValue.length).toBeGreaterThanOrEqual(200);
    expect(withValue.filter((record) => offsetOf(record) >= after)).toEqual([]);
    for (const { firstOffset, bundle } of await segmentsOf(brokers, 'raw.push')) {
      const says = seen.find((record) => offsetOf(record) === firstOffset)?.value?.includes('"v":') ? first : second;
      expect([firstOffset, bundle]).toEqual([firstOffset, says]);
    }
  });

  it('a new route is picked up, a removed one is let go, and comes back where it stopped', async () => {
    await createTopics(bench.admin, ['raw.stays', 'raw.comes'], 2);
    const stays = { name: 'stays', body: FIELDS + analyticsOf('stays') };
    const comes = { name: 'comes', body: FIELDS + analyticsOf('comes') };
    await push(stays);
    await start();
    await produceLines(brokers, 'raw.stays', 0, events(0, 10));
    await produceLines(brokers, 'raw.comes', 1, events(0, 10));
    await decided('stays', 10);
    expect(await decisions('comes')).toBe(0);
    await push(stays, comes);
    await decided('comes', 10);
    await push(stays);
    await produceLines(brokers, 'raw.comes', 1, events(10, 10));
    await produceLines(brokers, 'raw.stays', 0, events(10, 10));
    await decided('stays', 20);
    await sleep(3_000);
    expect(await decisions('comes')).toBe(10);
    await push(stays, comes);
    await decided('comes', 20);
    expect(walk(await segmentsOf(brokers, 'raw.comes')).faults).toEqual([]);
    expect(await topicHolds(brokers, 'clean.comes.a')).toHaveLength(20);
  });

  it('a raw topic that does not exist yet is waited for', async () => {
    await push({ name: 'later', body: FIELDS + analyticsOf('later') });
    const worker = await bench.worker();
    running.push(worker);
    await until('the wait is told', () => bench.logs().includes('raw.later'));
    await createTopics(bench.admin, ['raw.later'], 1);
    await produceLines(brokers, 'raw.later', 0, events(0, 5));
    await decided('later', 5);
  });

  it('a withdrawal holds for every record produced after its import returned', async () => {
    await createTopics(bench.admin, ['raw.consents'], 1);
    await push({ name: 'consents', body: FIELDS + analyticsOf('consents') });
    await start();
    await produceLines(brokers, 'raw.consents', 0, events(0, 10, 4));
    await decided('consents', 10);
    await importConsents([consent(4, 'withdrawn', 'analytics', new Date().toISOString())]);
    await produceLines(brokers, 'raw.consents', 0, [...events(10, 10, 4), ...events(20, 10, 5)]);
    await decided('consents', 30);
    const trail = walk(await segmentsOf(brokers, 'raw.consents'));
    const published = [...fates(trail, 'clean.consents.a').published].map((source) => Number(source.split('/')[2]));
    expect(published).toEqual([
      ...Array.from({ length: 10 }, (_, n) => n),
      ...Array.from({ length: 10 }, (_, n) => n + 20),
    ]);
    expect(trail.decisions.get('raw.consents/0/15')?.shape.outputs[0]).toMatchObject({ reason: 'consent_withdrawn' });
  });
});

describe('what upstream may send', () => {
  const topic = async (name: string, config: Record<string, string>): Promise<void> => {
    await createTopics(bench.admin, [name], 1, config);
  };
  const letters = async (raw: string): Promise<Map<number, { code: string; path?: string; value: string }>> =>
    new Map(
      (await topicHolds(brokers, 'lethe.dead-letters'))
        .filter(({ source }) => source.startsWith(`${raw}/`))
        .map((record) => [
          offsetOf(record),
          JSON.parse(record.value?.toString() ?? '') as { code: string; path?: string; value: string },
        ]),
    );

  const poison = JSON.stringify({
    type: 'record',
    name: 'Poison',
    fields: [
      { name: 'id', type: 'int' },
      { name: 's', type: 'string' },
      { name: 'at', type: 'long' },
      { name: 'many', type: { type: 'array', items: 'null' }, default: [] },
    ],
  });
  let worker: RunningWorker;
  let encode: (value: unknown) => Buffer;

  // One worker for all of them: what one route is sent must not trouble another.
  beforeAll(async () => {
    await topic('raw.large', { 'max.message.bytes': '30000000' });
    await topic('clean.large.a', { 'max.message.bytes': '300000' });
    for (const name of ['raw.bad', 'raw.tombs', 'raw.poison']) await topic(name, {});
    const registry = makeRegistry({ url: stack.registry, user: null, password: null });
    encode = avroWire(poison, await registry.register('raw.poison-value', poison)).encode;
    const keep = analyticsOf('large').replace(
      'action: pseudonymize }',
      'action: pseudonymize }\n      - { select: user.behavior, action: keep }',
    );
    const plain = 'subject: s\ntime: at\nfields: { id: system, at: system, s: user.unique_id }\n';
    await push(
      { name: 'large', body: FIELDS + keep },
      { name: 'bad' },
      { name: 'tombs' },
      { name: 'poison', format: 'avro', body: plain + analyticsOf('poison') },
    );
    worker = await bench.worker();
    await isReady(worker);
  });
  afterAll(async () => {
    expect(await worker?.stop()).toBe(0);
  });

  it('large records: too large to decode, too large to publish, and many that fill more than one request', async () => {
    const producer = bench.kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    for (const bytes of [20_000_000, 400_000, ...new Array<number>(30).fill(50_000)]) {
      await producer.send({ topic: 'raw.large', messages: [{ partition: 0, value: event(1, 3, 'v'.repeat(bytes)) }] });
    }
    await producer.disconnect();
    await decided('large', 32);
    const dead = await letters('raw.large');
    expect([...dead].map(([offset, { code }]) => [offset, code])).toEqual([
      [0, 'too_large'],
      [1, 'too_large'],
    ]);
    const seen = await topicHolds(brokers, 'clean.large.a');
    expect(seen.map(offsetOf)).toEqual(Array.from({ length: 30 }, (_, index) => index + 2));
    expect(seen.every(({ value }) => value?.includes('v'.repeat(50_000)))).toBe(true);
  });

  it('JSON that is none, keys like members of objects, depth, wrong types: a dead letter each, and the stream goes on', async () => {
    const tail = '"s":"c-3","at":1748736000000';
    const cases: [line: string | Buffer, code: string | null, path?: string][] = [
      ['{"id":1', 'undecodable'],
      [`{"id":1,${tail},"v":"\\ud800"}`, 'undecodable'],
      [Buffer.concat([Buffer.from(`{"id":1,${tail},"v":"`), Buffer.from([0xff]), Buffer.from('"}')]), 'undecodable'],
      [`{"id":1,"id":2,${tail}}`, 'undecodable'],
      [`{"id":1,${tail},"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'undecodable'],
      [`\uFEFF{"id":1,${tail}}`, 'undecodable'],
      ['', 'undecodable'],
      [`{"id":1,${tail},"__proto__":{"s":"x"},"constructor":{"prototype":1}}`, null],
      [`{"id":1,${tail},"v":{"nested":1}}`, 'action_failed', 'v'],
      [`{"id":1,${tail},"e":"no address"}`, 'action_failed', 'e'],
      [`{"id":1,"s":"c-3","at":"yesterday"}`, 'time_invalid'],
      [`{"id":1,"s":{"x":1},"at":1748736000000}`, 'subject_missing'],
      [`{"id":1,"at":1748736000000}`, 'subject_missing'],
      [`{"id":1,${tail}}`, null],
    ];
    await produce(
      bench.kafka,
      'raw.bad',
      cases.map(([value]) => ({ partition: 0, key: null, value })),
    );
    await decided('bad', cases.length);
    const dead = await letters('raw.bad');
    const shapes = walk(await segmentsOf(brokers, 'raw.bad')).decisions;
    expect(cases.map((_, offset) => [offset, dead.get(offset)?.code ?? null])).toEqual(
      cases.map(([, code], offset) => [offset, code]),
    );
    cases.forEach(([, code, path], offset) => {
      if (path !== undefined) expect([offset, dead.get(offset)?.path]).toEqual([offset, path]);
      expect(shapes.get(`raw.bad/0/${offset}`)?.shape.deadLetter?.code ?? null).toBe(code);
    });
    expect((await topicHolds(brokers, 'clean.bad.a')).map(offsetOf)).toEqual([7, 13]);
  });

  it('a tombstone is passed on with its key tokenised, as the records of its subject are keyed', async () => {
    await produce(bench.kafka, 'raw.tombs', [
      { partition: 0, key: 'c-3', value: event(1, 3) },
      { partition: 0, key: 'c-3', value: null },
      { partition: 0, key: null, value: null },
      { partition: 0, key: null, value: event(2, 3) },
    ]);
    await decided('tombs', 4);
    for (const output of ['clean.tombs.a', 'clean.tombs.f']) {
      const [record, tombstone, ...rest] = await topicHolds(brokers, output);
      expect([tombstone?.source, tombstone?.value]).toEqual(['raw.tombs/0/1', null]);
      expect(tombstone?.key?.toString()).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(tombstone?.key).toEqual(record?.key);
      expect(rest.at(-1)?.key).toEqual(record?.key);
      expect(rest.every(({ key }) => !key?.includes('c-3'))).toBe(true);
    }
    expect(walk(await segmentsOf(brokers, 'raw.tombs')).faults).toEqual([]);
  });

  it('Avro with a wrong magic byte, an unknown id, cut off, and bombs: a dead letter each', async () => {
    const good = encode({ id: 1, s: 'c-3', at: 1_748_736_000_000, many: [] });
    const edited = (edit: (bytes: Buffer) => void): Buffer => {
      const copy = Buffer.from(good);
      edit(copy);
      return copy;
    };
    // An array of nulls, whose two thousand million items take no bytes.
    const bomb = Buffer.concat([good.subarray(0, good.length - 1), Buffer.from([0x80, 0xd0, 0xac, 0xf3, 0x0e, 0x00])]);
    const cases: [Buffer, string | null][] = [
      [edited((bytes) => bytes.writeUInt8(1, 0)), 'undecodable'],
      [edited((bytes) => bytes.writeUInt32BE(2_000_000_000, 1)), 'schema_unknown'],
      [good.subarray(0, good.length - 3), 'undecodable'],
      [good.subarray(0, 3), 'undecodable'],
      [bomb, 'undecodable'],
      [Buffer.concat([good, Buffer.from([0])]), 'undecodable'],
      [good, null],
    ];
    await produce(
      bench.kafka,
      'raw.poison',
      cases.map(([value]) => ({ partition: 0, key: null, value })),
    );
    await decided('poison', cases.length);
    const dead = await letters('raw.poison');
    expect(cases.map((_, offset) => [offset, dead.get(offset)?.code ?? null])).toEqual(
      cases.map(([, code], offset) => [offset, code]),
    );
    expect((await topicHolds(brokers, 'clean.poison.a')).map(offsetOf)).toEqual([6]);
  });
});

describe('the end of a worker', () => {
  it('SIGTERM in mid-stream: it exits 0 within 10 s, and the next one goes on exactly there', async () => {
    await createTopics(bench.admin, ['raw.ends'], 2);
    await push({ name: 'ends' });
    const small = { LETHE_BATCH_BYTES: '16384' };
    const count = 20_000;
    const first = await start(small);
    await Promise.all([0, 1].map((partition) => produceLines(brokers, 'raw.ends', partition, events(0, count / 2))));
    await until('the stream flows', async () => (await total(first, 'lethe_records_consumed_total')) > 500);
    const began = Date.now();
    expect(await first.stop()).toBe(0);
    expect(Date.now() - began).toBeLessThan(10_000);
    const before = await decisions('ends');
    expect(before).toBeLessThan(count);
    // It has left the group: the next one need not wait for its session to run out.
    await start(small);
    await decided('ends', count);
    const trail = walk(await segmentsOf(brokers, 'raw.ends'));
    expect(trail.faults.slice(0, 10)).toEqual([]);
    expect(trail.decisions.size).toBe(count);
    const sources = (await topicHolds(brokers, 'clean.ends.a')).map(({ source }) => source);
    expect(sources).toHaveLength(count);
    expect(new Set(sources).size).toBe(count);
  });

  it('an idle worker turns slowly', async () => {
    await createTopics(bench.admin, ['raw.idle'], 4);
    await push({ name: 'idle' });
    const worker = await start();
    await sleep(3_000);
    const before = await total(worker, 'process_cpu_seconds_total');
    await sleep(6_000);
    const share = ((await total(worker, 'process_cpu_seconds_total')) - before) / 6;
    process.stderr.write(`idle worker: ${(share * 100).toFixed(1)} % of a core\n`);
    // kafkajs as it is takes 5 to 9 (request-queue.ts).
    expect(share).toBeLessThan(0.03);
  });
});
