/** A candidate in shadow beside a running worker: what it would do is counted and audited, and nothing of it gets out. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lethe, type RunningWorker, samples } from '../../deploy/demo/processes.ts';
import { createTopics } from '../../deploy/demo/topics.ts';
import type { AuditSegment } from '../../services/core/audit/segment.ts';
import { until } from '../stack/commands.ts';
import { needKcat, produceLines, topicHolds } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { consent, event, FIELDS, outputsOf, writeConfig } from '../stack/small-config.ts';
import { segmentsOf, walk } from '../stack/trail.ts';
import { isReady, setUp, total, type Workbench } from '../stack/workbench.ts';

const stack = sharedStack();
const brokers = stack.kafka;
const REDIS_URL = `${stack.redis}/6`;
const NAME = 'shadowed';
const RAW = `raw.${NAME}`;
const [A, F] = [`clean.${NAME}.a`, `clean.${NAME}.f`];
const DIVERGENCE = 'lethe_shadow_divergence_total';

/** Masks nothing, asks for consent where an objection sufficed, and has an output more. */
const LOOSER = outputsOf(NAME)
  .replace('action: mask, mask: email', 'action: keep')
  .replace('purpose: fraud', 'purpose: analytics')
  .concat(`  - topic: clean.${NAME}.new
    purpose: fraud
    rules: [{ select: user.contact.email, action: keep }]
`);

let bench: Workbench;
let redis: Redis;
let worker: RunningWorker;
let produced = 0;

beforeAll(async () => {
  await needKcat();
  redis = new Redis(REDIS_URL);
  await redis.flushdb();
  bench = await setUp({ ...stack.env, REDIS_URL });
  await createTopics(bench.admin, [RAW], 1);
  const consents = join(bench.dir, 'consents.jsonl');
  writeFileSync(consents, `${consent(1, 'granted')}\n`);
  await lethe(['consent', 'import', consents], bench.env);
});
afterAll(async () => {
  redis?.disconnect();
  await bench?.end();
});

const push = async (folder: string, body: string, ...flags: string[]): Promise<string> => {
  const dir = writeConfig(join(bench.dir, folder), [{ name: NAME, body }]);
  return (await lethe(['push', ...flags, dir], bench.env)).trim();
};

/** Four records: of one who granted everything, and of one who never said anything. */
async function fourMore(): Promise<readonly AuditSegment[]> {
  const before = produced;
  produced += 4;
  const subjects = [1, 2, 1, 2];
  await produceLines(
    brokers,
    RAW,
    0,
    subjects.map((subject, index) => event(before + index, subject)),
  );
  const segments = await until(`${produced} records`, async () => {
    const all = await segmentsOf(brokers, RAW);
    return walk(all).decisions.size >= produced ? all : null;
  });
  expect(walk(segments).faults).toEqual([]);
  return segments.filter(({ firstOffset }) => firstOffset >= before);
}

function sums(segments: readonly AuditSegment[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { output, kind, count } of segments.flatMap(({ shadow }) => shadow?.divergence ?? [])) {
    counts[`${output} ${kind}`] = (counts[`${output} ${kind}`] ?? 0) + count;
  }
  return counts;
}

const counted = (output: string, kind: string): Promise<number> =>
  total(worker, DIVERGENCE, `route="${NAME}",output="${output}",kind="${kind}"`);

const EXPECTED = {
  [`${A} value_changed`]: 2,
  [`${F} newly_withheld`]: 2,
  // Another purpose is another pseudonym.
  [`${F} value_changed`]: 2,
  [`${F} key_changed`]: 2,
  [`clean.${NAME}.new output_added`]: 4,
};

it('is judged from the first record after the push on, counted by kind, and published nowhere', async () => {
  const active = await push('active', FIELDS + outputsOf(NAME));
  worker = await bench.worker();
  await isReady(worker);
  expect((await fourMore()).every((segment) => !('shadow' in segment))).toBe(true);
  expect(await samples(worker.port, DIVERGENCE)).toEqual([]);
  expect(await fetch(`http://127.0.0.1:${worker.port}/metrics`).then((one) => one.text())).toContain(
    `# TYPE ${DIVERGENCE} counter`,
  );

  const candidate = await push('candidate', FIELDS + LOOSER, '--shadow');
  expect(candidate).not.toBe(active);
  const segments = await fourMore();
  expect(new Set(segments.map(({ bundle }) => bundle))).toEqual(new Set([active]));
  expect(new Set(segments.map(({ shadow }) => shadow?.bundle))).toEqual(new Set([candidate]));
  expect(sums(segments)).toEqual(EXPECTED);
  await until('counters after the commit', async () => (await counted(A, 'value_changed')) === 2);
  expect(await counted(F, 'newly_withheld')).toBe(2);
  expect(await counted(`clean.${NAME}.new`, 'output_added')).toBe(4);
  expect(await total(worker, DIVERGENCE)).toBe(12);
  expect(await samples(worker.port, 'lethe_shadow_bundle_info')).toEqual([
    { labels: `digest="${candidate}"`, value: 1 },
  ]);
  expect(await samples(worker.port, 'lethe_bundle_info')).toEqual([{ labels: `digest="${active}"`, value: 1 }]);
});

it('goes on with another worker, and starts no topic, schema or value of its own', async () => {
  expect(await worker.stop()).toBe(0);
  worker = await bench.worker();
  await isReady(worker);
  expect(sums(await fourMore())).toEqual(EXPECTED);
  // By the active bundle alone, before, beside and after: what it masks is masked, and who did not consent is there for fraud.
  const analytics = await topicHolds(brokers, A);
  expect(analytics.map(({ source }) => Number(source.split('/').at(-1)))).toEqual([0, 2, 4, 6, 8, 10]);
  for (const { value } of analytics) expect(JSON.parse(String(value)).e).toBe('u***@example.com');
  expect(await topicHolds(brokers, F)).toHaveLength(12);
  expect(await bench.admin.listTopics()).not.toContain(`clean.${NAME}.new`);
});

it('that is lost in Redis counts as failed and stops nothing', async () => {
  const digest = await redis.get('lethe:bundle:shadow');
  await redis.del(`lethe:bundle:${digest}`);
  await worker.stop();
  worker = await bench.worker();
  await isReady(worker);
  const segments = await fourMore();
  expect(sums(segments)).toEqual({ [`${A} failed`]: 4, [`${F} failed`]: 4 });
  expect(await topicHolds(brokers, F)).toHaveLength(produced);
  expect(bench.logs().match(/The candidate in shadow cannot be evaluated/g)).toHaveLength(1);
  expect(bench.logs()).not.toContain('example.com');
});

it('ends when that is said, and when it is pushed for real', async () => {
  const ended = (await lethe(['push', '--end-shadow'], bench.env)).trim();
  expect(ended).toMatch(/^[0-9a-f]{64}$/);
  expect((await fourMore()).every((segment) => !('shadow' in segment))).toBe(true);
  await until(
    'no candidate is shown',
    async () => (await samples(worker.port, 'lethe_shadow_bundle_info'))?.length === 0,
  );

  expect(await push('candidate', FIELDS + LOOSER, '--shadow')).toBe(ended);
  expect(sums(await fourMore())).toEqual(EXPECTED);
  expect(await push('candidate', FIELDS + LOOSER)).toBe(ended);
  const real = await fourMore();
  expect(real.map(({ bundle, shadow }) => [bundle, shadow])).toEqual(real.map(() => [ended, undefined]));
  const last = (await topicHolds(brokers, A)).at(-1);
  expect(JSON.parse(String(last?.value)).e).toBe('user1@example.com');
});
