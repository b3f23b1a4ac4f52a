/**
 * The last look before a commit on a real broker (issue 5, withdrawal bound): what turned out stale is never seen by
 * whoever reads committed records, comes out once when it is handled again, and a process that was held up between look
 * and commit looks again. kcat is the referee.
 */
import type { Admin, Kafka } from 'kafkajs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createTopics } from '../../deploy/demo/topics.ts';
import { makeKafka } from '../../services/adapters/kafka/client.ts';
import { MAX_KNOWLEDGE_AGE_MS } from '../../services/adapters/kafka/fresh-knowledge.ts';
import { makeKafkaTransport } from '../../services/adapters/kafka/transport.ts';
import { LetheError } from '../../services/core/errors.ts';
import type { RawBatch } from '../../services/core/transport.ts';
import { until } from '../stack/commands.ts';
import { needKcat, produceLines, topicHolds } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const { kafka: brokers } = sharedStack();
const run = `${process.pid}-${Date.now()}`;
const quiet = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };

let kafka: Kafka;
let admin: Admin;
let stop: () => Promise<void> = async () => {};

beforeAll(async () => {
  await needKcat();
  kafka = makeKafka({ brokers: [brokers], clientId: 'last-look', ssl: false, sasl: null }, () => () => undefined);
  admin = kafka.admin();
  await admin.connect();
});
afterEach(() => stop());
afterAll(() => admin.disconnect());

/** Called with the number of the attempt, from 1, and how many records it is about. */
type Look = (attempt: number, records: number) => Promise<boolean>;

/** Copies lines to an output, each marked with the attempt that published it. */
async function copying(name: string, lines: readonly string[], look: Look) {
  const [raw, clean] = [`last-look-raw-${name}-${run}`, `last-look-clean-${name}-${run}`];
  await createTopics(admin, [raw, clean], 1);
  const groupId = `last-look-${name}-${run}`;
  const handled: RawBatch[] = [];
  const results: string[] = [];
  let committed = 0;
  const transport = makeKafkaTransport({
    ...{ kafka, admin, brokers: [brokers], groupId, log: quiet, tuning: { sessionTimeoutMs: 6_000 } },
    observer: {
      ...{ assigned: () => {}, paused: () => {}, lag: () => {}, down: () => {}, stage: () => {} },
      transaction: (result) => results.push(result),
    },
  });
  await produceLines(brokers, raw, 0, lines);
  transport
    .run([raw], async (batch) => {
      const attempt = handled.push(batch);
      return {
        publications: batch.records.map(({ value, timestamp }) => ({
          ...{ topic: clean, partition: 0, key: null, headers: {}, timestamp },
          value: Buffer.from(`${attempt} ${Buffer.from(value!).toString()}`),
        })),
        metadata: String(attempt),
        committed: () => {
          committed += batch.records.length;
        },
        stillGood: () => look(attempt, batch.records.length),
      };
    })
    .catch(() => undefined);
  stop = transport.stop;
  await until('all is committed', () => committed >= lines.length || null, 30_000);
  const seen = (await topicHolds(brokers, clean)).map(({ value }) => value!.toString());
  const [offsets] = await admin.fetchOffsets({ groupId, topics: [raw] });
  expect(offsets?.partitions[0]?.offset).toBe(String(lines.length));
  return { seen, handled, results };
}

const LINES = Array.from({ length: 8 }, (_, index) => `line-${index}`);

it('nothing is seen of a batch that turned out stale, and it comes out once', async () => {
  const { seen, results } = await copying('stale', LINES, async (attempt) => attempt > 1);
  expect(seen).toEqual(LINES.map((line) => `2 ${line}`));
  expect(results).toEqual(['stale', 'committed']);
});

it('a batch that turns out stale again and again gets through in smaller ones, in order', async () => {
  const { seen, handled, results } = await copying('rain', LINES, async (_attempt, records) => records <= 2);
  expect(seen.map((line) => line.replace(/^\d+ /, ''))).toEqual(LINES);
  expect(handled.slice(0, 4).map(({ records }) => records.length)).toEqual([8, 8, 4, 2]);
  expect(results.filter((result) => result === 'committed')).toHaveLength(4);
  expect(new Set(results)).toEqual(new Set(['stale', 'committed']));
});

it('a process that was held up between look and commit looks again', async () => {
  const looks: number[] = [];
  const { seen, results } = await copying('held-up', LINES, async (attempt) => {
    looks.push(attempt);
    if (looks.length === 1) {
      // As a stopped process: nothing moves, and the answer is old when it is read.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MAX_KNOWLEDGE_AGE_MS + 100);
      return true;
    }
    return attempt > 1;
  });
  expect(looks.slice(0, 2)).toEqual([1, 1]);
  expect(seen).toEqual(LINES.map((line) => `2 ${line}`));
  expect(results).toEqual(['stale', 'committed']);
});

it('a process that is held up right before the request is sent looks again, and that look counts', async () => {
  const looks: number[] = [];
  const { seen, results } = await copying('gate', LINES, async (attempt) => {
    looks.push(attempt);
    if (looks.length === 1) {
      // The answer is in time; what comes after it is not: kafkajs still has to look for the coordinator.
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MAX_KNOWLEDGE_AGE_MS + 100));
    }
    return attempt > 1 || looks.length === 1;
  });
  expect(looks.slice(0, 2)).toEqual([1, 1]);
  expect(seen).toEqual(LINES.map((line) => `${looks.at(-1)} ${line}`));
  expect(results).toEqual(['aborted', 'committed']);
});

it('where it cannot be looked, nothing is published and the partition waits', async () => {
  const { seen, results } = await copying('away', LINES, async (attempt) => {
    if (attempt === 1) throw new LetheError('unavailable', 'away', { dependency: 'redis' });
    return true;
  });
  expect(seen).toEqual(LINES.map((line) => `2 ${line}`));
  expect(results).toEqual(['aborted', 'committed']);
});
