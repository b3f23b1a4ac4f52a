/**
 * Issue 6, "What it must reach": all workers are replaced one by one under load, as a deployment does it. Nobody logs an
 * error, each leaves within 10 s, no record comes twice or out of order, and the lag is gone within 15 s.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Producer } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lethe } from '../../deploy/demo/processes.ts';
import { createTopics } from '../../deploy/demo/topics.ts';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { until } from '../stack/commands.ts';
import { needKcat, topicHolds } from '../stack/kcat.ts';
import { event, writeConfig } from '../stack/small-config.ts';
import { segmentsOf, walk } from '../stack/trail.ts';
import { isReady, setUp, type Workbench } from '../stack/workbench.ts';

const RAW = 'raw.roll';
const PARTITIONS = 6;
const WORKERS = 3;
const PER_TICK = 30;
const TICK_MS = 50;

let stack: Stack<'kafka' | 'redis'>;
let bench: Workbench;
let producer: Producer;
let stream: ReturnType<typeof traffic> | undefined;

beforeAll(async () => {
  await needKcat();
  stack = await startStack({ parts: ['kafka', 'redis'], env: {}, docker: 'never', log: () => undefined });
  bench = await setUp({ ...stack.env, LETHE_BATCH_BYTES: '65536' });
  await createTopics(bench.admin, [RAW], PARTITIONS);
  await lethe(['push', writeConfig(join(bench.dir, 'config'), [{ name: 'roll' }])], bench.env);
  producer = bench.kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
});
afterAll(async () => {
  await stream?.stop();
  await producer?.disconnect();
  await bench?.end();
  await stack?.stop();
});

/** A steady stream, dealt out over the partitions; resolves, once stopped, to how many were produced. */
function traffic(): { readonly stop: () => Promise<number> } {
  let flows = true;
  let produced = 0;
  const done = (async () => {
    while (flows) {
      const messages = Array.from({ length: PER_TICK }, (_, index) => ({
        partition: (produced + index) % PARTITIONS,
        value: event(produced + index, (produced + index) % 50),
      }));
      await producer.send({ topic: RAW, messages });
      produced += PER_TICK;
      await sleep(TICK_MS);
    }
    return produced;
  })();
  return {
    stop: () => {
      flows = false;
      return done;
    },
  };
}

/** Records that the group has not committed yet. */
async function lag(): Promise<number> {
  const [ends, [committed]] = await Promise.all([
    bench.admin.fetchTopicOffsets(RAW),
    bench.admin.fetchOffsets({ groupId: bench.env['LETHE_GROUP_ID'] ?? '', topics: [RAW] }),
  ]);
  const at = new Map(committed?.partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]));
  return ends.reduce((sum, { partition, high }) => sum + Number(high) - (at.get(partition) ?? 0), 0);
}

it('all workers are replaced under load: no error, nothing twice, the lag gone within 15 s', {
  timeout: 180_000,
}, async () => {
  let workers = await Promise.all(Array.from({ length: WORKERS }, () => bench.worker()));
  await Promise.all(workers.map(isReady));
  stream = traffic();
  await until('the stream flows', async () =>
    (await bench.admin.fetchTopicOffsets('clean.roll.f')).every(({ high }) => Number(high) > 0),
  );
  const usual = PER_TICK * PARTITIONS;
  await until('the workers keep up', async () => (await lag()) < usual);

  const leaving: number[] = [];
  for (const old of workers) {
    const next = await bench.worker();
    await isReady(next);
    const began = Date.now();
    expect(await old.stop()).toBe(0);
    leaving.push(Date.now() - began);
    workers = [...workers.filter((one) => one !== old), next];
  }
  const replaced = Date.now();
  await until('the lag is gone', async () => (await lag()) < usual, 15_000);
  process.stderr.write(
    `rolling restart: left after ${leaving.join(', ')} ms; lag gone after ${Date.now() - replaced} ms\n`,
  );
  expect(Math.max(...leaving)).toBeLessThan(10_000);

  const produced = await stream.stop();
  await until('all is decided', async () => (await lag()) <= 0);
  expect(await Promise.all(workers.map((worker) => worker.stop()))).toEqual(workers.map(() => 0));
  const { decisions, faults } = walk(await segmentsOf(stack.kafka.endpoint, RAW));
  expect(faults).toEqual([]);
  expect(decisions.size).toBe(produced);
  const seen = await topicHolds(stack.kafka.endpoint, 'clean.roll.f');
  expect(new Set(seen.map(({ source }) => source)).size).toBe(seen.length);
  expect(seen).toHaveLength(produced);
  const offsets = new Map<number, number>();
  for (const { partition, source } of seen) {
    const offset = Number(source.split('/').at(-1));
    expect(offset).toBe((offsets.get(partition) ?? -1) + 1);
    offsets.set(partition, offset);
  }
  const errors = readFileSync(join(bench.dir, 'workers.log'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { level: number | string; msg: string })
    .filter(({ level }) => level === 'error' || level === 'fatal' || Number(level) >= 50);
  expect(errors).toEqual([]);
});
