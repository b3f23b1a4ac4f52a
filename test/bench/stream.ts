/**
 * The worker against a bare copy, on a real Kafka and Redis: the same raw topic, each in a process of its own, in turns.
 * Rates are taken from what the consumer groups have committed, which is the same for both and in the way of neither.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import type { Admin } from 'kafkajs';
import kafkajs from 'kafkajs';
import { makeConsents } from '../../deploy/demo/consents.ts';
import { makeOrders } from '../../deploy/demo/events.ts';
import { lethe, type RunningWorker, samples, startWorker } from '../../deploy/demo/processes.ts';
import { createTopics, produce } from '../../deploy/demo/topics.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { startStack } from '../../deploy/local/stack.ts';
import { silenceNegativeTimeoutWarning } from '../../services/adapters/log/warnings.ts';
import { callsOf, type Progress, steadyRate } from './figures.ts';
import { cpuMilliseconds, cpuPercent, peakMegabytes } from './proc.ts';

export type StreamOptions = {
  readonly records: number;
  readonly rounds: number;
  /** How long an idle worker is watched. */
  readonly idleMs: number;
  /** An empty folder. */
  readonly dir: string;
  readonly log: (line: string) => void;
};

export type StreamBench = {
  /** Records per second, by round. */
  readonly worker: readonly number[];
  readonly copy: readonly number[];
  /** Records per second of CPU time of the process, all its threads: steadier where others use the machine too. */
  readonly workerPerCpuSecond: readonly number[];
  readonly copyPerCpuSecond: readonly number[];
  /** The worker with a candidate bundle in shadow. */
  readonly shadowed: readonly number[];
  readonly shadowedPerCpuSecond: readonly number[];
  /** Highest resident set of the worker, by round, in MB. */
  readonly peakMegabytes: readonly number[];
  /** From the start of a worker's process to its first committed transaction, by round. */
  readonly secondsToFirst: readonly number[];
  readonly idleMegabytes: number;
  readonly idleCpuPercent: number;
  readonly lookupsPerBatch: number;
  /** Seconds that batches spent in each stage; partitions run side by side, so a stage that waits overlaps others. */
  readonly stageSeconds: Readonly<Record<string, number>>;
};

const RAW = 'raw.customer-events';
const COPY = 'bench.copy';
const DIVERGENCE = 'lethe_shadow_divergence_total';
const PARTITIONS = 4;
const CUSTOMERS = 5_000;
const SEED = 20_260_301;
const POLL_MS = 50;
const DEADLINE_MS = 180_000;
const config = fileURLToPath(new URL('../../config', import.meta.url));
const copyScript = fileURLToPath(new URL('bare-copy.ts', import.meta.url));

export async function benchStream(options: StreamOptions): Promise<StreamBench> {
  const { records, rounds, dir, log } = options;
  silenceNegativeTimeoutWarning();
  // A stack of its own, whatever the environment says: it is filled, and measured.
  const stack = await startStack({ parts: ['kafka', 'redis'], env: {}, log });
  const kafka = new kafkajs.Kafka({
    brokers: stack.kafka.endpoint.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 12 },
  });
  const admin = kafka.admin();
  await admin.connect();
  const redis = new Redis(stack.redis.endpoint);
  try {
    await createTopics(admin, [RAW, COPY], PARTITIONS);
    const env = await prepare(stack.env, dir, log);
    log(`producing ${records.toLocaleString('en-US')} raw records`);
    await fill(kafka, records);

    const follow = async (
      group: string,
      { pid, alive }: Turned,
    ): Promise<{ pace: number; perCpuSecond: number; secondsToFirst: number }> => {
      const began = performance.now();
      const progress = await untilThrough(admin, group, records, pid, alive);
      const byCpu = progress.map((one) => ({ at: one.cpuMs, records: one.records }));
      const first = progress.find((one) => one.records > 0);
      return {
        pace: steadyRate(progress, records),
        perCpuSecond: steadyRate(byCpu, records),
        secondsToFirst: ((first?.at ?? Number.NaN) - began) / 1000,
      };
    };
    const result = {
      worker: [] as number[],
      copy: [] as number[],
      workerPerCpuSecond: [] as number[],
      copyPerCpuSecond: [] as number[],
      shadowed: [] as number[],
      shadowedPerCpuSecond: [] as number[],
      peakMegabytes: [] as number[],
      secondsToFirst: [] as number[],
    };
    const stageSeconds: Record<string, number> = {};
    let [lookups, batches] = [0, 0];
    const copyOnce = async (round: number): Promise<void> => {
      const copying = startCopy(stack.kafka.endpoint, `bench-copy-${round}`);
      const copied = await follow(`bench-copy-${round}`, copying);
      await copying.stop();
      result.copy.push(copied.pace);
      result.copyPerCpuSecond.push(copied.perCpuSecond);
    };
    const workOnce = async (round: number): Promise<void> => {
      const askedBefore = callsOf(await redis.info('commandstats'), 'mget');
      const [port = 0] = await freePorts(1);
      const working = worker(port, `bench-worker-${round}`, env, dir);
      const worked = await follow(`bench-worker-${round}`, working);
      result.worker.push(worked.pace);
      result.workerPerCpuSecond.push(worked.perCpuSecond);
      result.secondsToFirst.push(worked.secondsToFirst);
      result.peakMegabytes.push(peakMegabytes(working.pid));
      batches += await total(port, 'lethe_transactions_total');
      lookups += callsOf(await redis.info('commandstats'), 'mget') - askedBefore;
      for (const { labels, value } of (await samples(port, 'lethe_batch_duration_seconds_sum')) ?? []) {
        const stage = /stage="(\w+)"/.exec(labels)?.[1] ?? '';
        stageSeconds[stage] = (stageSeconds[stage] ?? 0) + value;
      }
      await working.stop();
    };
    const shadowOnce = async (round: number): Promise<void> => {
      await lethe(['push', '--shadow', join(dir, 'candidate')], env);
      const [port = 0] = await freePorts(1);
      const working = worker(port, `bench-shadowed-${round}`, env, dir);
      const worked = await follow(`bench-shadowed-${round}`, working);
      result.shadowed.push(worked.pace);
      result.shadowedPerCpuSecond.push(worked.perCpuSecond);
      const [differs, failed] = [await total(port, DIVERGENCE), await total(port, DIVERGENCE, 'kind="failed"')];
      if (differs === 0 || failed > 0) throw new Error('the candidate was not evaluated');
      await working.stop();
      await lethe(['push', '--end-shadow'], env);
    };
    const turns = [copyOnce, workOnce, shadowOnce];
    for (let round = 0; round < rounds; round++) {
      // The worker stands beside both that it is held against, and each goes first as often as last: a broker gets
      // slower as its disk fills.
      for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn(round);
      const [copied = 0, worked = 0, judged = 0] = [result.copy, result.worker, result.shadowed].map((one) =>
        one.at(-1),
      );
      log(
        `round ${round + 1} of ${rounds}: copy ${rounded(copied)}/s, worker ${rounded(worked)}/s, with a shadow ${rounded(judged)}/s`,
      );
    }

    const [port = 0] = await freePorts(1);
    // The group of the last round: everything is done already.
    const idle = worker(port, `bench-worker-${rounds - 1}`, env, dir);
    await untilReady(port);
    // Past joining the group and whatever a start leaves behind.
    await sleep(3_000);
    log('watching an idle worker');
    const idleCpuPercent = await cpuPercent(idle.pid, options.idleMs);
    const idleMegabytes = peakMegabytes(idle.pid);
    await idle.stop();
    return { ...result, idleMegabytes, idleCpuPercent, lookupsPerBatch: lookups / batches, stageSeconds };
  } finally {
    redis.disconnect();
    await admin.disconnect().catch(() => undefined);
    await stack.stop();
  }
}

type Turned = { readonly pid: number; readonly alive: () => boolean; readonly stop: () => Promise<unknown> };

/** Keys, bundle and consents. The example configuration without the Avro route, which would want a registry. */
async function prepare(
  endpoints: Readonly<Record<string, string>>,
  dir: string,
  log: (line: string) => void,
): Promise<Record<string, string>> {
  const keysFile = join(dir, 'keys.json');
  const env = { ...endpoints, LETHE_KEYS_FILE: keysFile, LETHE_LOG_LEVEL: 'warn' };
  const ours = join(dir, 'config');
  mkdirSync(ours);
  cpSync(config, ours, { recursive: true });
  for (const file of ['clickstream.yaml', 'clickstream.test.yaml'])
    rmSync(join(ours, 'policies', file), { force: true });
  writeCandidate(ours, join(dir, 'candidate'));
  await lethe(['keys', 'generate', '--out', keysFile], env);
  await lethe(['push', ours], env);
  const consents = makeConsents(CUSTOMERS, Date.now());
  log(
    `importing ${consents.length.toLocaleString('en-US')} consent events of ${CUSTOMERS.toLocaleString('en-US')} customers`,
  );
  writeFileSync(join(dir, 'consents.jsonl'), `${consents.join('\n')}\n`);
  await lethe(['consent', 'import', join(dir, 'consents.jsonl')], env);
  return env;
}

/** The same configuration but for one rule of the route: a route that is the same would not be evaluated twice. */
function writeCandidate(active: string, candidate: string): void {
  cpSync(active, candidate, { recursive: true });
  const file = join(candidate, 'policies', 'customer-events.yaml');
  const text = readFileSync(file, 'utf8');
  const changed = text.replace(/action: mask, mask: email/, 'action: drop');
  if (changed === text) throw new Error('the example policy masks no e-mail address any more');
  writeFileSync(file, changed);
}

async function fill(kafka: kafkajs.Kafka, records: number): Promise<void> {
  const order = makeOrders({ seed: SEED, customers: CUSTOMERS, now: Date.now() });
  const portion = 20_000;
  for (let from = 0; from < records; from += portion) {
    const messages = Array.from({ length: Math.min(portion, records - from) }, (_, index) => {
      const { subject, value } = order(from + index);
      return { partition: (from + index) % PARTITIONS, key: subject, value };
    });
    await produce(kafka, RAW, messages);
  }
}

function worker(port: number, group: string, env: Record<string, string>, dir: string): Turned & RunningWorker {
  const running = startWorker(port, { ...env, LETHE_GROUP_ID: group }, join(dir, `${group}.log`));
  let lives = true;
  void running.ended.then(() => {
    lives = false;
  });
  return { ...running, alive: () => lives };
}

function startCopy(brokers: string, group: string): Turned {
  const child: ChildProcess = spawn(process.execPath, [copyScript, brokers, group, RAW, COPY], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const killNow = (): void => void child.kill('SIGKILL');
  process.once('exit', killNow);
  void ended.then(() => process.removeListener('exit', killNow));
  return {
    pid: child.pid ?? 0,
    alive: () => child.exitCode === null && child.signalCode === null,
    stop: async () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Follows a group until it has committed the end of the raw topic. */
async function untilThrough(
  admin: Admin,
  groupId: string,
  records: number,
  pid: number,
  alive: () => boolean,
): Promise<readonly (Progress & { readonly cpuMs: number })[]> {
  const progress: (Progress & { readonly cpuMs: number })[] = [];
  const deadline = performance.now() + DEADLINE_MS;
  while (performance.now() < deadline) {
    // The group is new: its coordinator may still be on its way.
    const [topic] = await admin.fetchOffsets({ groupId, topics: [RAW] }).catch(() => []);
    const done = (topic?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
    progress.push({ at: performance.now(), records: done, cpuMs: cpuMilliseconds(pid) });
    if (done >= records) return progress;
    if (!alive()) throw new Error(`${groupId} ended before it was through`);
    await sleep(POLL_MS);
  }
  throw new Error(`${groupId} was not through after ${DEADLINE_MS / 1000} s`);
}

async function untilReady(port: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`)
      .then((response) => response.ok)
      .catch(() => false);
    if (ready) return;
    await sleep(100);
  }
  throw new Error('the idle worker was not ready after 30 s');
}

async function total(port: number, name: string, label = ''): Promise<number> {
  const found = ((await samples(port, name)) ?? []).filter(({ labels }) => labels.includes(label));
  return found.reduce((sum, { value }) => sum + value, 0);
}

function rounded(rate: number): string {
  return Math.round(rate).toLocaleString('en-US');
}
