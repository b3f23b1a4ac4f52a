/** A real Prometheus for tests: a process of this machine that scrapes every second and evaluates scaled rules. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { freePorts } from '../../deploy/local/ports.ts';
import { ensureTools } from '../../deploy/local/tools.ts';
import { until } from './commands.ts';
import { ruleFiles } from './rules.ts';

/** An hour of a rule is a minute of a test. */
const SCALE = 60;
/** A rate needs some scrapes. */
const MIN_RANGE_SECONDS = 4;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 };

/**
 * The text of a rule file with every range (`[5m]`) and every `for:` divided by 60, ranges at least 4 s and `for` at
 * least 1 s. Nothing else is touched: expressions, thresholds, labels and annotations are those of production.
 */
export function scaled(text: string): string {
  const seconds = (count: string, unit: string, least: number): number =>
    Math.max(least, Math.round((Number(count) * SECONDS[unit as keyof typeof SECONDS]) / SCALE));
  return text
    .replaceAll(
      /\[(\d+)([smhd])\]/g,
      (_, count: string, unit: string) => `[${seconds(count, unit, MIN_RANGE_SECONDS)}s]`,
    )
    .replaceAll(
      /^( +for: )(\d+)([smhd])$/gm,
      (_, key: string, count: string, unit: string) => `${key}${seconds(count, unit, 1)}s`,
    );
}

export type Sample = {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
};
export type Alert = {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
};

export type Prometheus = {
  /** What an expression came to at each second since the start. */
  readonly sinceStart: (expression: string) => Promise<readonly Sample[]>;
  readonly alerts: () => Promise<readonly Alert[]>;
  /** Waits until an alert fires with these labels; resolves to it. */
  readonly firing: (name: string, labels?: Readonly<Record<string, string>>, within?: number) => Promise<Alert>;
  /** Rules whose last evaluation failed, with the error. */
  readonly brokenRules: () => Promise<readonly string[]>;
  readonly end: () => Promise<void>;
};

/** @param targets ports of 127.0.0.1 by job. */
export async function startPrometheus(
  dir: string,
  targets: Readonly<Record<string, readonly number[]>>,
): Promise<Prometheus> {
  await ensureTools(['prometheus'], (line) => void process.stderr.write(`${line}\n`));
  mkdirSync(join(dir, 'rules'), { recursive: true });
  for (const { path, text } of ruleFiles()) writeFileSync(join(dir, 'rules', basename(path)), scaled(text));
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules/*.yml'],
    scrape_configs: Object.entries(targets).map(([job, ports]) => ({
      job_name: job,
      static_configs: [{ targets: ports.map((port) => `127.0.0.1:${port}`) }],
    })),
  };
  writeFileSync(join(dir, 'prometheus.yml'), stringify(config));
  const [port = 0] = await freePorts(1);
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const killNow = (): void => void child.kill('SIGKILL');
  process.once('exit', killNow);
  const started = Date.now() / 1000;

  const ask = async <T>(path: string, form: Readonly<Record<string, string>> = {}): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(form).toString()}`);
    const answer = (await response.json()) as { status: string; data: T; error?: string };
    if (answer.status !== 'success') throw new Error(`Prometheus: ${answer.error} in ${JSON.stringify(form)}`);
    return answer.data;
  };
  const alerts = async (): Promise<readonly Alert[]> => (await ask<{ alerts: Alert[] }>('alerts')).alerts;
  await until('Prometheus is ready', () =>
    fetch(`http://127.0.0.1:${port}/-/ready`).then(
      ({ ok }) => ok || null,
      () => null,
    ),
  );
  return {
    alerts,
    sinceStart: async (query) => {
      const range = { start: String(started), end: String(Date.now() / 1000), step: '1' };
      return (await ask<{ result: Sample[] }>('query_range', { query, ...range })).result;
    },
    firing: (name, labels = {}, within = 40_000) =>
      until(
        `${name} fires`,
        async () =>
          (await alerts()).find(
            (one) =>
              one.state === 'firing' &&
              Object.entries({ alertname: name, ...labels }).every(([label, value]) => one.labels[label] === value),
          ),
        within,
      ),
    brokenRules: async () => {
      type Shown = { name: string; health: string; lastError?: string };
      const { groups } = await ask<{ groups: { rules: Shown[] }[] }>('rules');
      return groups
        .flatMap((group) => group.rules)
        .filter(({ health }) => health !== 'ok')
        .map(({ name, health, lastError }) => `${name}: ${health} ${lastError ?? ''}`);
    },
    end: async () => {
      child.kill('SIGKILL');
      await ended;
      process.removeListener('exit', killNow);
    },
  };
}
