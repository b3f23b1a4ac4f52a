/** `lethe top` and `lethe tap` beside a running worker: what they show is what happens, and no raw value is among it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lethe, type RunningWorker } from '../../deploy/demo/processes.ts';
import { createTopics } from '../../deploy/demo/topics.ts';
import type { TopView } from '../../services/core/top/view.ts';
import { until } from '../stack/commands.ts';
import { needKcat, produceLines } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { consent, event, writeConfig } from '../stack/small-config.ts';
import { isReady, setUp, type Workbench } from '../stack/workbench.ts';

const CLI = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));
const stack = sharedStack();
const REDIS_URL = `${stack.redis}/6`;
const NAME = 'terminal';
const RAW = `raw.${NAME}`;
const [A, F] = [`clean.${NAME}.a`, `clean.${NAME}.f`];

type Shown = { readonly child: ChildProcess; readonly text: () => string; readonly ended: Promise<number | null> };
type TapLine = {
  readonly source: string;
  readonly output: string | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly forms: readonly { readonly path: string; readonly effect: string }[];
  readonly value?: { readonly json?: Readonly<Record<string, unknown>> };
};

let bench: Workbench;
let redis: Redis;
let worker: RunningWorker;
const started: Shown[] = [];

function watching(...args: string[]): Shown {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...bench.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const shown = { child, text: () => text, ended };
  started.push(shown);
  return shown;
}

let id = 0;
/** Of one who granted everything, of one who never said anything, and what is no JSON. */
async function traffic(): Promise<void> {
  const lines = Array.from({ length: 5 }, () => [event(id++, 1), event(id++, 2), `user3@example.com ${id++}`]);
  await produceLines(stack.kafka, RAW, 0, lines.flat());
}

beforeAll(async () => {
  await needKcat();
  redis = new Redis(REDIS_URL);
  await redis.flushdb();
  bench = await setUp({ ...stack.env, REDIS_URL });
  await createTopics(bench.admin, [RAW], 1);
  const consents = join(bench.dir, 'consents.jsonl');
  writeFileSync(consents, `${consent(1, 'granted')}\n`);
  await lethe(['consent', 'import', consents], bench.env);
  await lethe(['push', writeConfig(join(bench.dir, 'config'), [{ name: NAME }])], bench.env);
  worker = await bench.worker();
  await isReady(worker);
});
afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  redis?.disconnect();
  await bench?.end();
});

it('shows rates and decisions, and values only as they were published', async () => {
  const tap = watching('tap', '--route', NAME, '--values', '--format', 'json');
  const sampled = watching('tap', '--topic', RAW, '--outcome', 'withheld', '--sample', '1');
  const limited = watching('tap', '--topic', RAW, '--reason', 'undecodable', '--limit', '2');
  const top = watching('top', '--metrics', `127.0.0.1:${worker.port}`, '--interval', '300ms');
  await until('all four show something', async () => {
    await traffic();
    const views = top.text().trimEnd().split('\n');
    const rate = views.length < 2 ? null : (JSON.parse(views.at(-1)!) as TopView).routes[0]?.records.perSecond;
    return tap.text().includes('dead_lettered') && sampled.text().includes('more records') && (rate ?? 0) > 0;
  });
  for (const { child } of [tap, sampled, top]) child.kill('SIGINT');
  expect(await Promise.all([tap.ended, sampled.ended, top.ended, limited.ended])).toEqual([0, 0, 0, 0]);

  const lines = tap
    .text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TapLine);
  const of = (output: string | null, outcome: string): TapLine[] =>
    lines.filter((line) => line.output === output && line.outcome === outcome);
  for (const { source, value, forms } of of(A, 'published')) {
    const offset = Number(source.split('/').at(-1));
    // The worker took every third line, from the first on, for what it is.
    expect([offset % 3, value?.json]).toEqual([
      0,
      expect.objectContaining({ id: offset, e: 'u***@example.com', v: 'x' }),
    ]);
    expect(forms).toContainEqual({ path: 'e', effect: 'mask' });
  }
  expect(of(A, 'published').length).toBeGreaterThan(0);
  expect(of(F, 'published').length).toBeGreaterThan(of(A, 'published').length);
  for (const { value } of of(F, 'published')) expect(value?.json).not.toHaveProperty('e');
  expect(of(A, 'withheld').length).toBeGreaterThan(0);
  for (const line of of(A, 'withheld')) expect(line).toMatchObject({ reason: 'consent_missing', forms: [] });
  for (const line of [...of(A, 'withheld'), ...of(null, 'dead_lettered')]) expect(line).not.toHaveProperty('value');
  expect(new Set(of(null, 'dead_lettered').map(({ reason }) => reason))).toEqual(new Set(['undecodable']));

  expect(sampled.text()).toMatch(/ withheld {7}raw\.terminal\/0\/\d+ → clean\.terminal\.a {2}consent_missing$/m);
  expect(sampled.text()).not.toMatch(/published|dead_lettered/);
  expect(limited.text().trimEnd().split('\n')).toHaveLength(2);

  const views = top
    .text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TopView);
  expect(views[0]?.workers).toMatchObject({ answering: 1, silent: [] });
  const busy = views.find(({ routes }) => (routes[0]?.records.perSecond ?? 0) > 0)?.routes[0];
  expect(busy).toMatchObject({ route: NAME, deadLettersBy: [{ code: 'undecodable' }] });
  expect(busy?.withheldBy[0]).toMatchObject({ reason: 'consent_missing' });
  expect(busy?.published.perSecond).toBeGreaterThan(0);
  expect(busy?.bytesIn.perSecond).toBeGreaterThan(0);
  expect(busy?.ageP99).toBeGreaterThan(0);
  expect(views.at(-1)?.bundles).toHaveLength(1);
  expect(views.at(-1)?.topics).toEqual([{ topic: RAW, lag: expect.any(Number), paused: [] }]);

  for (const { text } of started) expect(text()).not.toMatch(/user\d@example\.com|"c-\d"|\u001b/);
});

it('says why where nobody answers any longer', async () => {
  await worker.stop();
  const top = watching('top', '--metrics', `127.0.0.1:${worker.port}`, '--once');
  expect(await top.ended).toBe(69);
  expect(top.text()).toMatch(/no worker answers: .* refuses the connection/);
});
