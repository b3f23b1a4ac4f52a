/**
 * The kafkajs transport on a real broker: what raw topics can hold (codecs, transactions, gaps, odd headers) reaches the
 * handler whole and once. kcat says what there is to be read. The traps are kafkajs' own; see TRAPS in its issues.
 */
import kafkajs, { type Admin, type Kafka, type Producer } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTopics } from '../../deploy/demo/topics.ts';
import { makeKafka } from '../../services/adapters/kafka/client.ts';
import { makeKafkaTransport } from '../../services/adapters/kafka/transport.ts';
import { headerValues } from '../../services/core/apply/header-values.ts';
import type { RawBatch, RawRecord, Transport } from '../../services/core/transport.ts';
import { until } from '../stack/commands.ts';
import { kcat, needKcat, produceLines, topicHolds } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const { kafka: brokers } = sharedStack();
const run = `${process.pid}-${Date.now()}`;
const quiet = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };

let kafka: Kafka;
let admin: Admin;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  await needKcat();
  kafka = makeKafka({ brokers: [brokers], clientId: 'transport-test', ssl: false, sasl: null }, () => () => undefined);
  admin = kafka.admin();
  await admin.connect();
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});
afterAll(() => admin.disconnect());

const topicNamed = async (name: string, config: Record<string, string> = {}, partitions = 1): Promise<string> => {
  const topic = `transport-${name}-${run}`;
  await createTopics(admin, [topic], partitions, config);
  return topic;
};

type Reading = {
  readonly records: RawRecord[];
  readonly batches: RawBatch[];
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Consumes a topic with a handler that publishes nothing; the same group goes on where it stopped. */
function read(topics: string | readonly string[], groupId: string): Reading {
  const transport: Transport = makeKafkaTransport({
    kafka,
    admin,
    brokers: [brokers],
    groupId,
    observer: {
      assigned: () => {},
      paused: () => {},
      lag: () => {},
      down: () => {},
      transaction: () => {},
      stage: () => {},
    },
    log: quiet,
    tuning: { sessionTimeoutMs: 6_000 },
  });
  const records: RawRecord[] = [];
  const batches: RawBatch[] = [];
  const ended = transport.run([topics].flat(), async (batch) => ({
    publications: [],
    metadata: `after ${batch.nextOffset}`,
    committed: () => {
      batches.push(batch);
      records.push(...batch.records);
    },
  }));
  ended.catch(() => undefined);
  stops.push(transport.stop);
  return { records, batches, ended, stop: transport.stop };
}

const text = ({ value }: { value: Uint8Array | null }): string => Buffer.from(value ?? []).toString();
const committed = async (groupId: string, topic: string): Promise<number> =>
  Number((await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0]?.offset);
const end = async (topic: string): Promise<number> => Number((await admin.fetchTopicOffsets(topic))[0]?.high);

describe('transactions on a raw topic', () => {
  const producers: Producer[] = [];
  const transactional = async (name: string): Promise<Producer> => {
    const producer = kafka.producer({ transactionalId: `${name}-${run}`, maxInFlightRequests: 1 });
    await producer.connect();
    producers.push(producer);
    return producer;
  };
  afterAll(() => Promise.all(producers.map((producer) => producer.disconnect())));

  it('never shows what was aborted, however transactions are interleaved', async () => {
    const topic = await topicNamed('aborted');
    const [one, two, three] = [await transactional('one'), await transactional('two'), await transactional('three')];
    const send = (to: { send: Producer['send'] }, value: string, key: Buffer | null = null): Promise<unknown> =>
      to.send({ topic, messages: [{ partition: 0, key, value }] });
    // The first to begin ends last, so that the broker lists the other before it.
    const a = await one.transaction();
    await send(a, 'aborted a1');
    const b = await two.transaction();
    await send(b, 'aborted b1');
    const c = await three.transaction();
    await send(c, 'kept c1');
    await send(b, 'aborted b2');
    await b.abort();
    // A key that looks like an abort marker's.
    await send(a, 'aborted a2', Buffer.from([0, 0, 0, 0]));
    await send(a, 'aborted a3');
    await c.commit();
    await a.abort();
    const d = await two.transaction();
    await send(d, 'kept d1', Buffer.from([0, 0, 0, 0]));
    await d.commit();
    const e = await one.transaction();
    await send(e, 'aborted e1');
    await e.abort();

    const seen = (await topicHolds(brokers, topic)).map((record) => record.value?.toString());
    expect(seen).toEqual(['kept c1', 'kept d1']);
    const group = `aborted-${run}`;
    const reading = read(topic, group);
    await until('all kept records', () => reading.records.length >= 2, 20_000);
    await produceLines(brokers, topic, 0, ['last']);
    await until('the last record', async () => (await committed(group, topic)) === (await end(topic)), 20_000);
    expect(reading.records.map(text)).toEqual(['kept c1', 'kept d1', 'last']);
    // Each commit goes on where the one before ended: nothing is skipped unseen.
    expect(reading.batches.map(({ startOffset }) => startOffset)).toEqual([
      0,
      ...reading.batches.slice(0, -1).map(({ nextOffset }) => nextOffset),
    ]);
  });

  it('goes on in the middle of what was aborted', async () => {
    const topic = await topicNamed('middle');
    const producer = await transactional('four');
    await produceLines(brokers, topic, 0, ['before']);
    const aborted = await producer.transaction();
    const group = `middle-${run}`;
    for (const value of ['aborted 1', 'aborted 2', 'aborted 3']) {
      await aborted.send({ topic, messages: [{ partition: 0, value }] });
    }
    await aborted.abort();
    await produceLines(brokers, topic, 0, ['after']);
    await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '2' }] });
    const reading = read(topic, group);
    await until('what comes after', () => reading.records.length >= 1, 20_000);
    expect(reading.records.map(text)).toEqual(['after']);
  });
});

describe('codecs', () => {
  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('%s', async (codec) => {
    const topic = await topicNamed(`codec-${codec}`);
    const lines = Array.from({ length: 500 }, (_, index) => `${index} ${'sanitize '.repeat(10)}`);
    await produceLines(brokers, topic, 0, lines, codec === 'none' ? [] : ['-z', codec]);
    const reading = read(topic, `codec-${codec}-${run}`);
    await until('all records', () => reading.records.length >= lines.length, 20_000);
    expect(reading.records.map(text)).toEqual(lines);
  });

  it('a batch of 150,000 records that compress to nothing', async () => {
    const topic = await topicNamed('tiny', { 'max.message.bytes': '20000000' });
    const count = 150_000;
    const huge = ['linger.ms=3000', 'batch.num.messages=1000000', 'batch.size=20000000', 'message.max.bytes=20000000'];
    const more = ['queue.buffering.max.messages=1000000', ...huge].flatMap((setting) => ['-X', setting]);
    await produceLines(brokers, topic, 0, new Array<string>(count).fill('x'), ['-z', 'zstd', ...more]);
    const reading = read(topic, `tiny-${run}`);
    await until('all records', () => reading.records.length >= count, 40_000);
    expect(reading.records).toHaveLength(count);
  });
});

describe('odd records', () => {
  it('tombstones, empty values, null keys, null headers and headers named like members of objects', async () => {
    const topic = await topicNamed('odd');
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'plain'];
    const headers = names.flatMap((name) => ['-H', `${name}=${name} value`, '-H', `${name}=again`]);
    await produceLines(brokers, topic, 0, ['k1|'], ['-K', '|', '-Z']);
    await produceLines(brokers, topic, 0, ['with headers'], [...headers, '-H', 'none']);
    await kcat(['-P', '-b', brokers, '-t', topic, '-p', '0', '-K', '|'], 'k2|\n');
    const reading = read(topic, `odd-${run}`);
    await until('all records', () => reading.records.length >= 3, 20_000);
    const [tombstone, headed, empty] = reading.records;
    expect([tombstone?.value, String(tombstone?.key)]).toEqual([null, 'k1']);
    expect(headed?.key).toBeNull();
    expect(empty?.value?.length).toBe(0);
    for (const name of names) {
      expect(headerValues(headed?.headers, name).map(String), name).toEqual([`${name} value`, 'again']);
    }
    expect(headerValues(headed?.headers, 'none')).toEqual([]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it('a record of 60,000 headers holds nobody up', async () => {
    const topic = await topicNamed('headers');
    const producer = kafka.producer();
    await producer.connect();
    const headers = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`h${index}`, '']));
    await producer.send({ topic, messages: [{ partition: 0, value: 'many', headers }] });
    await producer.disconnect();
    const began = Date.now();
    const reading = read(topic, `headers-${run}`);
    await until('the record', () => reading.records.length >= 1, 60_000);
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(headerValues(reading.records[0]?.headers, 'h59999')).toHaveLength(1);
  });

  it('a record of 20 MB on a topic that allows it', async () => {
    const topic = await topicNamed('large', { 'max.message.bytes': '30000000' });
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ partition: 0, value: Buffer.alloc(20_000_000, 'x') }] });
    await producer.send({ topic, messages: [{ partition: 0, value: 'next' }] });
    await producer.disconnect();
    const reading = read(topic, `large-${run}`);
    await until('both records', () => reading.records.length >= 2, 40_000);
    expect(reading.records.map(({ value }) => value?.length)).toEqual([20_000_000, 4]);
  });
});

describe('a compacted raw topic', () => {
  it('has gaps, and batches that nothing is left of: the stream passes them', async () => {
    const topic = await topicNamed('compacted', {
      'cleanup.policy': 'compact',
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.0',
      'min.compaction.lag.ms': '0',
      'delete.retention.ms': '60000',
    });
    const keys = ['-K', '|', '-Z'];
    const idempotent = ['-X', 'enable.idempotence=true'];
    // The last batch of an idempotent producer stays, empty, when its records are superseded (Kafka, LogCleaner).
    await produceLines(brokers, topic, 0, ['a|old', 'b|old', 'c|old'], [...keys, ...idempotent]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await produceLines(brokers, topic, 0, ['a|new', 'b|new', 'c|new', 'd|kept', 'e|'], [...keys, ...idempotent]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await produceLines(brokers, topic, 0, ['f|last'], keys);
    await until('compaction', async () => (await topicHolds(brokers, topic)).length <= 6, 40_000);
    const left = (await topicHolds(brokers, topic)).map(({ offset, key }) => `${offset} ${key?.toString()}`);
    const group = `compacted-${run}`;
    const reading = read(topic, group);
    await until('the end', async () => (await committed(group, topic)) === (await end(topic)), 20_000);
    expect(reading.records.map(({ offset, key }) => `${offset} ${String(key)}`)).toEqual(left);
  });
});

describe('records that were deleted before they were decided about', () => {
  it('end the worker, which says so, and its position stays as evidence', async () => {
    const topic = await topicNamed('deleted');
    const group = `deleted-${run}`;
    await produceLines(brokers, topic, 0, ['1', '2', '3']);
    const before = read(topic, group);
    await until('all is committed', async () => (await committed(group, topic)) === 3, 20_000);
    await before.stop();
    await produceLines(brokers, topic, 0, ['4', '5', '6', '7']);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] });
    for (const attempt of ['at once', 'and again after a restart']) {
      const reading = read(topic, group);
      const failure = await Promise.race([
        reading.ended.then(
          () => 'ended well',
          (error: unknown) => error,
        ),
        until('the worker ends', () => null, 15_000).catch(() => 'still runs'),
      ]);
      expect(failure, attempt).toMatchObject({
        code: 'data_lost',
        retryable: false,
        message: `Raw records of ${topic}/0 are gone: Lethe stands at offset 3, the topic holds 6 to 7.`,
      });
      expect(reading.records).toEqual([]);
      expect((await admin.fetchOffsets({ groupId: group, topics: [topic] }))[0]?.partitions[0]).toMatchObject({
        offset: '3',
        metadata: 'after 3',
      });
    }
  });
});

it('12 partitions of 5 topics, side by side: each record once, in order', async () => {
  const topics: string[] = [];
  for (const number of [1, 2, 3, 4, 5]) topics.push(await topicNamed(`many-${number}`, {}, 12));
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  await producer.sendBatch({
    topicMessages: topics.map((topic) => ({
      topic,
      messages: Array.from({ length: 600 }, (_, index) => ({ partition: index % 12, value: String(index) })),
    })),
    compression: kafkajs.CompressionTypes.GZIP,
  });
  await producer.disconnect();
  const reading = read(topics, `many-${run}`);
  await until('all records', () => reading.records.length >= 3_000, 40_000);
  const byPartition = new Map<string, string[]>();
  for (const { topic, partition, records } of reading.batches) {
    const key = `${topic}/${partition}`;
    byPartition.set(key, [...(byPartition.get(key) ?? []), ...records.map(text)]);
  }
  expect(byPartition.size).toBe(60);
  for (const [key, values] of byPartition) {
    const partition = Number(key.slice(key.lastIndexOf('/') + 1));
    expect(values).toEqual(Array.from({ length: 50 }, (_, index) => String(index * 12 + partition)));
  }
});
