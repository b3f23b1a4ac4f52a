/**
 * Issue 6, traces: a span a batch with links to the records' contexts, `traceparent` forwarded to outputs, never a key or
 * value; and a collector that is away or hangs is nobody's trouble. kcat says what the outputs carry.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lethe, type RunningWorker } from '../../deploy/demo/processes.ts';
import { createTopics } from '../../deploy/demo/topics.ts';
import { makeKafkaTransport } from '../../services/adapters/kafka/transport.ts';
import type { BatchSpan } from '../../services/core/batch-span.ts';
import { LetheError } from '../../services/core/errors.ts';
import { traced } from '../../services/gateway/traced.ts';
import { until } from '../stack/commands.ts';
import { needKcat, produceLines, type Seen, topicHolds } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { consent, event, FIELDS, outputsOf, writeConfig } from '../stack/small-config.ts';
import { collectSpans, type CollectedSpan, type SpanCollector } from '../stack/span-collector.ts';
import { isReady, setUp, type Workbench } from '../stack/workbench.ts';
import { makeScan } from './canary-scan.ts';

const stack = sharedStack();
const brokers = stack.kafka;
const REDIS_URL = `${stack.redis}/7`;
const run = Date.now().toString(36);
const [FREE, DECLARED] = [`traced-${run}`, `declared-${run}`];
const contextOf = (n: number): string => `00-${`${n}`.repeat(32)}-${`${n}`.repeat(16)}-01`;
const CANARIES = new Map([
  ['value', 'qvaluezjxwvzjxwv'],
  ['subject', 'c-qsubjectzjxwv'],
  ['email', 'userqsubjectzjxwv@example.com'],
  ['key', 'qkeyzjxwvzjxwv'],
  ['tracestate', 'qstatezjxwv=qstatezjxwv'],
  ['baggage', 'user=qbaggagezjxwv'],
  ['what is no context', 'qnocontextzjxwvzjxwv'],
]);
const canary = (name: string): string => CANARIES.get(name) ?? '';

let bench: Workbench;
let collector: SpanCollector;
let worker: RunningWorker;

const sourceOffset = ({ source }: Seen): number => Number(source.slice(source.lastIndexOf('/') + 1));
const header = ({ headers }: Seen, name: string): string | undefined =>
  new RegExp(`(?:^|,)${name}=([^,]*)`).exec(headers)?.[1];
/** Records that come with a context, and with what producers send along. */
const produce = (name: string, lines: readonly string[], context: string): Promise<void> =>
  produceLines(
    brokers,
    `raw.${name}`,
    0,
    lines.map((line) => `${canary('key')}\t${line}`),
    [
      ...['-K', '\t', '-H', `traceparent=${context}`],
      ...['-H', `tracestate=${canary('tracestate')}`, '-H', `baggage=${canary('baggage')}`],
    ],
  );
const events = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => event(from + index, 'qsubjectzjxwv', canary('value')));
const holds = (name: string, output: 'a' | 'f', count: number): Promise<Seen[]> =>
  until(`${count} records of clean.${name}.${output}`, async () => {
    const seen = await topicHolds(brokers, `clean.${name}.${output}`);
    return seen.length >= count ? seen : null;
  });
const spansOf = (name: string): readonly CollectedSpan[] =>
  collector.spans().filter(({ attributes }) => attributes['messaging.destination.name'] === `raw.${name}`);
const messages = (spans: readonly CollectedSpan[]): number =>
  spans.reduce((sum, { attributes }) => sum + Number(attributes['messaging.batch.message_count']), 0);
const spansFor = (name: string, count: number): Promise<readonly CollectedSpan[]> =>
  until(`spans about ${count} records of raw.${name}`, () => (messages(spansOf(name)) >= count ? spansOf(name) : null));

beforeAll(async () => {
  await needKcat();
  const redis = new Redis(REDIS_URL);
  await redis.flushdb();
  redis.disconnect();
  collector = await collectSpans();
  bench = await setUp({
    ...stack.env,
    REDIS_URL,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
    OTEL_SERVICE_NAME: 'lethe-traced',
  });
  await createTopics(bench.admin, [`raw.${FREE}`, `raw.${DECLARED}`], 1);
  const consents = join(bench.dir, 'consents.jsonl');
  writeFileSync(consents, `${consent('qsubjectzjxwv', 'granted')}\n`);
  await lethe(['consent', 'import', consents], bench.env);
  const declaring = FIELDS.replace('fields:', 'headers: { traceparent: system }\nfields:') + outputsOf(DECLARED);
  const config = writeConfig(join(bench.dir, 'config'), [{ name: FREE }, { name: DECLARED, body: declaring }]);
  await lethe(['push', config], bench.env);
  await produce(FREE, events(0, 5), contextOf(1));
  await produce(FREE, events(5, 2), contextOf(2));
  await produce(FREE, ['no JSON'], contextOf(3));
  await produce(FREE, events(8, 1), canary('what is no context'));
  await produceLines(brokers, `raw.${FREE}`, 0, events(9, 1));
  await produce(DECLARED, events(0, 2), contextOf(4));
  worker = await bench.worker();
  await isReady(worker);
});
afterAll(async () => {
  await bench?.end();
  await collector?.close();
});

describe('a worker that is traced', () => {
  it('sends a span for each batch, linked to the contexts of its records', async () => {
    const spans = await spansFor(FREE, 10);
    expect(messages(spans)).toBe(10);
    const links = spans.flatMap((span) => span.links);
    expect(links.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`).sort()).toEqual(
      [contextOf(1), contextOf(2), contextOf(3)].sort(),
    );
    expect(links.find(({ traceId }) => traceId.startsWith('2'))?.attributes).toEqual({ 'messaging.kafka.offset': 5 });
    const sum = (name: string): number => spans.reduce((total, one) => total + Number(one.attributes[name]), 0);
    expect([sum('lethe.outputs.published'), sum('lethe.outputs.withheld'), sum('lethe.records.dead_lettered')]).toEqual(
      [18, 0, 1],
    );
    for (const span of spans) {
      expect(span).toMatchObject({ name: `process raw.${FREE}`, kind: 5, status: 0 });
      expect(span.parentSpanId).toBeUndefined();
      expect(span.resource).toMatchObject({ 'service.name': 'lethe-traced' });
      expect(span.attributes).toMatchObject({
        ...{ 'messaging.system': 'kafka', 'messaging.operation.type': 'process' },
        ...{ 'messaging.destination.partition.id': '0', 'messaging.consumer.group.name': bench.env['LETHE_GROUP_ID'] },
        ...{ 'lethe.route': FREE, 'lethe.batch.result': 'committed' },
      });
      expect(span.events).toEqual(['decode', 'lookup', 'decide', 'apply', 'encode', 'publish', 'commit']);
    }
  });

  it('gives outputs the context of their batch, and nothing else that came along', async () => {
    const spans = await spansFor(FREE, 10);
    for (const output of ['a', 'f'] as const) {
      const seen = await holds(FREE, output, 9);
      for (const one of seen) {
        const span = spans.find(
          ({ attributes }) =>
            Number(attributes['messaging.kafka.offset']) <= sourceOffset(one) &&
            sourceOffset(one) <= Number(attributes['lethe.batch.last_offset']),
        );
        expect(header(one, 'traceparent')).toBe(`00-${span?.traceId}-${span?.spanId}-01`);
        expect(one.headers.split(',').map((each) => each.split('=')[0])).toEqual(['lethe-source', 'traceparent']);
      }
    }
  });

  it("gives an output whose policy declares the header the record's own", async () => {
    for (const output of ['a', 'f'] as const) {
      const seen = await holds(DECLARED, output, 2);
      expect(seen.map((one) => header(one, 'traceparent'))).toEqual([contextOf(4), contextOf(4)]);
    }
  });

  it('goes on while the collector is away, says so once, and sends again when it is back', async () => {
    const port = Number(new URL(collector.url).port);
    const before = collector;
    await before.close();
    await produce(FREE, events(10, 5), contextOf(5));
    await holds(FREE, 'a', 14);
    await until('the loss is logged', () => bench.logs().includes('the collector takes no spans') || null);
    const { bytes } = before;
    collector = await collectSpans(port);
    await produce(FREE, events(15, 5), contextOf(6));
    const spans = await spansFor(FREE, 5);
    expect(spans.flatMap(({ links }) => links.map(({ traceId }) => traceId[0]))).toContain('6');
    expect(bench.logs().split('the collector takes no spans')).toHaveLength(2);
    expect(makeScan(CANARIES)(bytes())).toEqual([]);
  });

  it('sends what it has before it ends', async () => {
    await produce(FREE, events(20, 5), contextOf(7));
    await holds(FREE, 'a', 24);
    const started = Date.now();
    expect(await worker.stop()).toBe(0);
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(spansOf(FREE).flatMap(({ links }) => links.map(({ traceId }) => traceId[0]))).toContain('7');
  });

  it('is not held up by a collector that hangs, nor is its end', async () => {
    const hanging = await collectSpans(0, false);
    try {
      const held = await bench.worker({
        OTEL_EXPORTER_OTLP_ENDPOINT: hanging.url,
        OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
      });
      await isReady(held);
      await produce(FREE, events(25, 5), contextOf(8));
      await holds(FREE, 'a', 29);
      await until('a span has been sent', () => hanging.spans().length > 0 || null);
      await produce(FREE, events(30, 5), contextOf(9));
      await holds(FREE, 'a', 34);
      const started = Date.now();
      expect(await held.stop()).toBe(0);
      expect(Date.now() - started).toBeLessThan(10_000);
      expect(makeScan(CANARIES)(hanging.bytes())).toEqual([]);
    } finally {
      await hanging.close();
    }
  });

  it('has told nobody of a key, a value or a header', () => {
    const scan = makeScan(CANARIES);
    expect(collector.spans().length).toBeGreaterThan(0);
    expect(scan(collector.bytes())).toEqual([]);
    expect(scan(Buffer.from(bench.logs()))).toEqual([]);
    // The scan does find what is there.
    expect(scan(Buffer.from(`x${canary('baggage')}x`))).not.toEqual([]);
  });
});

it('tells a span how its transaction ended: stale, aborted, committed', async () => {
  const topic = `traced-ends-${run}`;
  await createTopics(bench.admin, [topic], 1);
  await produceLines(brokers, topic, 0, ['x']);
  const told: string[][] = [];
  const start = (): BatchSpan => {
    const mine: string[] = [];
    told.push(mine);
    const none = (): void => undefined;
    return {
      ...{ traceparent: contextOf(1), judged: none, counted: none },
      stage: (stage) => mine.push(stage),
      end: (how, code) => mine.push(`${how} ${code ?? 'well'}`),
    };
  };
  const unavailable = new LetheError('unavailable', 'not now', { dependency: 'redis' });
  const looks = [() => Promise.resolve(false), () => Promise.reject(unavailable), () => Promise.resolve(true)];
  const quiet = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
  const transport = makeKafkaTransport({
    ...{ kafka: bench.kafka, admin: bench.admin, brokers: [brokers], groupId: `ends-${run}`, log: quiet },
    tuning: { sessionTimeoutMs: 6_000 },
    observer: {
      ...{
        assigned: () => {},
        paused: () => {},
        lag: () => {},
        down: () => {},
        stage: () => {},
        transaction: () => {},
      },
    },
  });
  const handler = traced(
    async () => {
      const stillGood = looks[told.length - 1] ?? (() => Promise.resolve(true));
      return { publications: [], metadata: '', committed: () => undefined, stillGood };
    },
    { start, close: async () => undefined },
  );
  const running = transport.run([topic], handler);
  try {
    await until('it is committed', () => told.flat().includes('committed well') || null, 30_000);
  } finally {
    await transport.stop();
    await running;
  }
  expect(told).toEqual([
    ['publish', 'stale well'],
    ['publish', 'aborted unavailable'],
    ['publish', 'commit', 'committed well'],
  ]);
});
