/** Issue 3, "What it must reach": every raw coordinate exactly once, whatever is killed; read by kcat, never by kafkajs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lethe, type RunningWorker, samples, startWorker } from '../../deploy/demo/processes.ts';
import { createTopics } from '../../deploy/demo/topics.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { until } from '../stack/commands.ts';
import { needKcat, produceLines, type Seen, topicHolds } from '../stack/kcat.ts';
import { consent, event, writeConfig } from '../stack/small-config.ts';
import { fates, segmentsOf, walk } from '../stack/trail.ts';

const EVENTS = 100_000;
const PARTITIONS = 4;
const KILLS = 5;
const SUBJECTS = 500;
const RAW = 'raw.shop';
const OUTPUTS = ['clean.shop.a', 'clean.shop.f'] as const;

/** One in a hundred is broken, in turn in each of these ways. */
const BROKEN = [
  '{"id":1,"s":"c-1"',
  '{"id":1,"at":1748736000000,"e":"user1@example.com"}',
  '{"id":1,"s":"c-1","at":"yesterday"}',
  '{"id":1,"s":"c-3","at":1748736000000,"e":"no address"}',
  '["no object"]',
];
const rawLine = (index: number): string =>
  index % 100 === 99
    ? (BROKEN[Math.floor(index / 100) % BROKEN.length] ?? '')
    : event(index, (index * 7919) % SUBJECTS, 'v'.repeat(index % 50));

const dir = mkdtempSync(join(tmpdir(), 'lethe-exactly-once-'));
const keysFile = join(dir, 'keys.json');
let stack: Stack<'kafka' | 'redis'>;
let env: Record<string, string>;
const workers: RunningWorker[] = [];

beforeAll(async () => {
  await needKcat();
  stack = await startStack({ parts: ['kafka', 'redis'], env: {}, docker: 'never', log: () => undefined });
  env = {
    ...stack.env,
    LETHE_KEYS_FILE: keysFile,
    LETHE_SESSION_TIMEOUT: 'PT3S',
    // Many transactions, so that a kill hits one.
    LETHE_BATCH_BYTES: '65536',
  };
  const kafka = new kafkajs.Kafka({ brokers: [stack.kafka.endpoint], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await createTopics(admin, [RAW], PARTITIONS);
  await admin.disconnect();
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const consumed = async (worker: RunningWorker): Promise<number> =>
  ((await samples(worker.port, 'lethe_records_consumed_total')) ?? []).reduce((sum, { value }) => sum + value, 0);

const ready = async ({ port }: RunningWorker): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );

it('two workers, one killed five times: each record once per output, in order, as replay would have it', {
  timeout: 180_000,
}, async () => {
  const config = writeConfig(join(dir, 'config'), [{ name: 'shop' }]);
  const consents = join(dir, 'consents.jsonl');
  writeFileSync(
    consents,
    Array.from({ length: SUBJECTS }, (_, subject) => {
      if (subject % 5 === 0) return '';
      if (subject % 5 === 1) return `${consent(subject, 'withdrawn', 'analytics')}\n`;
      if (subject % 5 === 2) return `${consent(subject, 'objected', 'fraud')}\n`;
      return `${consent(subject, 'granted')}\n`;
    }).join(''),
  );
  await lethe(['keys', 'generate', '--out', keysFile], env);
  await lethe(['push', config], env);
  await lethe(['consent', 'import', consents], env);

  const lines = Array.from({ length: EVENTS }, (_, index) => rawLine(index));
  const share = EVENTS / (KILLS + 1);
  let produced = 0;
  /** One more share, dealt out over the partitions: record i is at partition i % 4, offset i / 4. */
  const produceShare = async (): Promise<void> => {
    const to = Math.min(EVENTS, Math.ceil((produced + share) / PARTITIONS) * PARTITIONS);
    const part = lines.slice(produced, to);
    produced = to;
    await Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) =>
        produceLines(
          stack.kafka.endpoint,
          RAW,
          partition,
          part.filter((_line, index) => index % PARTITIONS === partition),
        ),
      ),
    );
  };

  const ports = await freePorts(KILLS + 2);
  const start = (index: number): RunningWorker => {
    const worker = startWorker(ports[index] ?? 0, env, join(dir, `worker-${index}.log`));
    workers.push(worker);
    return worker;
  };
  const survivor = start(0);
  for (let kill = 1; kill <= KILLS; kill++) {
    const victim = start(kill);
    await until(`victim ${kill} is in the group`, () => ready(victim));
    await produceShare();
    await until(`victim ${kill} is at work`, async () => (await consumed(victim)) > 200);
    await victim.kill();
  }
  const last = start(KILLS + 1);
  await produceShare();
  expect(produced).toBe(EVENTS);
  await until(
    'all is committed',
    async () => walk(await segmentsOf(stack.kafka.endpoint, RAW)).decisions.size >= EVENTS,
    60_000,
  );
  expect(await Promise.all([survivor.stop(), last.stop()])).toEqual([0, 0]);

  const trail = walk(await segmentsOf(stack.kafka.endpoint, RAW));
  expect(trail.faults.slice(0, 10)).toEqual([]);
  expect(trail.decisions.size).toBe(EVENTS);
  const out = join(dir, 'replayed');
  const input = join(dir, 'raw.jsonl');
  writeFileSync(input, `${lines.join('\n')}\n`);
  await lethe(['replay', config, '--in', input, '--out', out, '--consents', consents], env);

  for (const topic of OUTPUTS) {
    const seen = await topicHolds(stack.kafka.endpoint, topic);
    const { published, withheld, dead } = fates(trail, topic);
    expect(published.size + withheld.size + dead.size).toBe(EVENTS);
    expect(withheld.size).toBeGreaterThan(EVENTS / 10);
    expect(new Set(seen.map(({ source }) => source)).size).toBe(seen.length);
    expect(differing(new Set(seen.map(({ source }) => source)), published)).toEqual([]);
    expect(outOfOrder(seen)).toEqual([]);
    // Record i of the one file that replay read is record i / 4 of partition i % 4.
    const replayed = new Map<string, string>();
    for (const line of readFileSync(join(out, `${topic}.jsonl`), 'utf8').split('\n')) {
      if (line === '') continue;
      const { key, headers } = JSON.parse(line) as { key: string; headers: Record<string, string> };
      const index = Number(headers['lethe-source']?.split('/').at(-1));
      const value = line.slice(line.indexOf('"value":') + 8, line.lastIndexOf(',"headers":'));
      replayed.set(`${RAW}/${index % PARTITIONS}/${Math.floor(index / PARTITIONS)}`, `${key} ${value}`);
    }
    expect(replayed.size).toBe(seen.length);
    expect(
      seen.filter(({ source, key, value }) => replayed.get(source) !== `${key?.toString()} ${value?.toString()}`),
    ).toEqual([]);
  }
  const letters = await topicHolds(stack.kafka.endpoint, 'lethe.dead-letters');
  const { dead } = fates(trail, OUTPUTS[0]);
  expect(dead.size).toBe(EVENTS / 100);
  expect(letters).toHaveLength(dead.size);
  expect(differing(new Set(letters.map(({ source }) => source)), dead)).toEqual([]);
});

function differing(one: ReadonlySet<string>, other: ReadonlySet<string>): string[] {
  return [...[...one].filter((item) => !other.has(item)), ...[...other].filter((item) => !one.has(item))];
}

/** Sources that come after a later one of their partition. */
function outOfOrder(seen: readonly Seen[]): string[] {
  const last = new Map<string, number>();
  return seen
    .map(({ source }) => source)
    .filter((source) => {
      const partition = source.slice(0, source.lastIndexOf('/'));
      const offset = Number(source.slice(source.lastIndexOf('/') + 1));
      const before = last.get(partition) ?? -1;
      last.set(partition, offset);
      return offset <= before;
    });
}
