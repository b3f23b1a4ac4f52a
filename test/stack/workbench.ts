/** What tests of the running worker share: a folder, keys, settings, topics, raw records, and looks at a worker. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { lethe, type RunningWorker, samples, startWorker } from '../../deploy/demo/processes.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { until } from './commands.ts';

export type Workbench = {
  /** Removed at the end. */
  readonly dir: string;
  /** Settings of every command and worker. */
  readonly env: Readonly<Record<string, string>>;
  readonly kafka: Kafka;
  readonly admin: Admin;
  /** Starts a worker; its log is `logs()`. */
  readonly worker: (more?: Readonly<Record<string, string>>) => Promise<RunningWorker>;
  /** Starts the consent plane. */
  readonly control: (more?: Readonly<Record<string, string>>) => Promise<RunningWorker>;
  /** What all workers wrote to stdout and stderr. */
  readonly logs: () => string;
  readonly end: () => Promise<void>;
};

/** @param settings endpoints, and what else the workers are to be given. */
export async function setUp(settings: Readonly<Record<string, string>>): Promise<Workbench> {
  const dir = mkdtempSync(join(tmpdir(), 'lethe-test-'));
  const env = {
    LETHE_KEYS_FILE: join(dir, 'keys.json'),
    LETHE_SESSION_TIMEOUT: 'PT6S',
    LETHE_GROUP_ID: `lethe-${process.pid}-${Date.now()}`,
    ...settings,
  };
  await lethe(['keys', 'generate', '--out', env.LETHE_KEYS_FILE], env);
  const kafka = new kafkajs.Kafka({
    brokers: (settings['KAFKA_BROKERS'] ?? '').split(','),
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 12 },
  });
  const admin = kafka.admin();
  await admin.connect();
  const logFile = join(dir, 'workers.log');
  const workers: RunningWorker[] = [];
  const start = async (command: 'run' | 'control', more: Readonly<Record<string, string>> = {}) => {
    const [port = 0] = await freePorts(1);
    const worker = startWorker(port, { ...env, ...more }, logFile, command);
    workers.push(worker);
    return worker;
  };
  return {
    dir,
    env,
    kafka,
    admin,
    worker: (more) => start('run', more),
    control: (more) => start('control', more),
    logs: () => readFileSync(logFile, 'utf8'),
    end: async () => {
      await Promise.all(workers.map((worker) => worker.kill()));
      await admin.disconnect();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** 0 where it does not answer, or has no such sample. */
export async function total(worker: RunningWorker, name: string, labels = ''): Promise<number> {
  const found = (await samples(worker.port, name)) ?? [];
  return found.filter((one) => one.labels.includes(labels)).reduce((sum, { value }) => sum + value, 0);
}

/** The status of a path of the worker's HTTP server, 0 where there is none. */
export const status = ({ port }: RunningWorker, path: string): Promise<number> =>
  fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.status,
    () => 0,
  );

/** Waits until a worker is in the group and has a bundle. */
export const isReady = (worker: RunningWorker): Promise<true> =>
  until('the worker is ready', async () => (await status(worker, '/readyz')) === 200 || null);
