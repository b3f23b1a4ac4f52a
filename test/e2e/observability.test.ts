/**
 * Issue 6: a real Prometheus scrapes real workers and a real consent plane under traffic. The faults that alerts are
 * meant for make them fire, under the rules of production with their times divided by 60 (test/stack/prometheus.ts);
 * then every panel of every dashboard has data.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lethe, type RunningWorker } from '../../deploy/demo/processes.ts';
import { createTopics } from '../../deploy/demo/topics.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { makeApiToken } from '../../services/adapters/config/api-tokens.ts';
import { until } from '../stack/commands.ts';
import { type Prometheus, startPrometheus } from '../stack/prometheus.ts';
import { analyticsOf, consent, FIELDS, outputsOf, writeConfig } from '../stack/small-config.ts';
import { isReady, setUp, type Workbench } from '../stack/workbench.ts';

const PARTITIONS = 4;
/** Times of the rules are divided by 60; the staleness that pauses is made short as well. */
const STALENESS = 'PT6S';
const { token, line } = makeApiToken('test', ['consents:read', 'consents:write']);

let stack: Stack<'kafka' | 'redis'>;
let bench: Workbench;
let control: RunningWorker;
let workers: RunningWorker[];
let prometheus: Prometheus;
let stopTraffic: () => Promise<void>;
/** Every tenth record is then one that nobody can read. */
let poison = false;
/** Records of the route "late" come that much after their event time. */
let lateBy = 0;

beforeAll(async () => {
  stack = await startStack({ parts: ['kafka', 'redis'], env: {}, docker: 'never', log: () => undefined });
  const [apiPort = 0] = await freePorts(1);
  bench = await setUp({ ...stack.env, LETHE_CONSENT_MAX_STALENESS: STALENESS });
  const tokens = join(bench.dir, 'tokens.yaml');
  writeFileSync(tokens, `${line}\n`);
  await createTopics(bench.admin, ['raw.live', 'raw.late'], PARTITIONS);
  const consents = join(bench.dir, 'consents.jsonl');
  const said = Array.from({ length: 10 }, (_, subject) => consent(subject, subject === 3 ? 'erased' : 'granted'));
  writeFileSync(consents, `${said.join('\n')}\n`);
  const config = writeConfig(join(bench.dir, 'config'), [
    { name: 'live', body: FIELDS + outputsOf('live') },
    { name: 'late', body: FIELDS + analyticsOf('late') },
  ]);
  control = await bench.control({ LETHE_API_TOKENS_FILE: tokens, LETHE_API_PORT: String(apiPort) });
  await Promise.all([lethe(['push', config], bench.env), isReady(control)]);
  await lethe(['consent', 'import', consents], bench.env);
  workers = await Promise.all([bench.worker(), bench.worker()]);
  prometheus = await startPrometheus(join(bench.dir, 'prometheus'), {
    'lethe-gateway': workers.map(({ port }) => port),
    'lethe-control': [control.port],
  });
  await Promise.all(workers.map(isReady));
  stopTraffic = await traffic(apiPort);
});

afterAll(async () => {
  await stopTraffic?.();
  await prometheus?.end();
  await bench?.end();
  await stack?.stop();
});

/** Records on both routes and consents over the API, until it is told to stop. */
async function traffic(apiPort: number): Promise<() => Promise<void>> {
  const producer = bench.kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  let going = true;
  const record = (id: number, at: number): string =>
    `{"id":${id},"s":"c-${id % 20}","at":${at},"e":"user1@example.com","v":"x"}`;
  const produce = async (): Promise<void> => {
    for (let id = 0; going; id += 20) {
      const ids = Array.from({ length: 20 }, (_, index) => id + index);
      const message = (one: number, at: number, bad: boolean) => ({
        partition: one % PARTITIONS,
        value: bad ? '{' : record(one, at),
      });
      const now = Date.now();
      await producer.sendBatch({
        topicMessages: [
          { topic: 'raw.live', messages: ids.map((one) => message(one, now, poison && one % 10 === 0)) },
          { topic: 'raw.late', messages: ids.map((one) => message(one, now - lateBy, false)) },
        ],
      });
      await sleep(100);
    }
  };
  const speak = async (): Promise<void> => {
    for (let subject = 100; going; subject++) {
      const events = [{ purpose: 'analytics', decision: 'granted', region: 'DE', method: 'explicit' }];
      await fetch(`http://127.0.0.1:${apiPort}/v1/consents`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ subject: `c-${subject}`, events }),
        signal: AbortSignal.timeout(1_000),
      }).catch(() => undefined);
      await sleep(250);
    }
  };
  const running = Promise.all([produce(), speak()]);
  return async () => {
    going = false;
    await running;
    await producer.disconnect();
  };
}

const instance = ({ port }: RunningWorker): string => `127.0.0.1:${port}`;

/** Alerts that fire now, but for those that remember how everything began: long windows, and the first rebalances. */
const firing = async (): Promise<readonly string[]> =>
  (await prometheus.alerts())
    .filter(({ state }) => state === 'firing')
    .map(({ labels }) => labels['alertname'] ?? '')
    .filter((name) => !/Availability|Rebalancing|EventLoop|RedisSlow|Projection/.test(name));

it('quiet while all is well', async () => {
  await until('scrapes and commits', async () => {
    const committed = await prometheus.sinceStart(
      'sum by (instance) (rate(lethe_transactions_total{result="committed"}[4s])) > 0',
    );
    return committed.length === workers.length || null;
  });
  await until('no alert is left from the start', async () => (await firing()).length === 0 || null);
});

it('records that nobody can read become dead letters, and another route is decided about late', async () => {
  poison = true;
  lateBy = 120_000;
  const [letters, late] = await Promise.all([
    prometheus.firing('LetheDeadLettersHigh', { route: 'live', severity: 'warning' }),
    prometheus.firing('LetheFreshnessBurnFast', { route: 'late', severity: 'critical' }),
  ]);
  expect(letters.annotations['summary']).toMatch(/^\d+\.?\d*% of route live become dead letters$/);
  expect(late.annotations['runbook_url']).toBe('deploy/RUNBOOK.md#lethefreshnessburnfast');
  poison = false;
  lateBy = 0;
});

it('the consent view grows old: the consent plane hangs, and workers pause once it is too old', async () => {
  process.kill(control.pid, 'SIGSTOP');
  await prometheus.firing('LetheConsentViewStale');
  await prometheus.firing('LetheProjectorStopped');
  await prometheus.firing('LethePartitionsPaused', { topic: 'raw.live', cause: 'consent_view' });
});

it('Redis is away: partitions are paused, and a request of a subject waits', async () => {
  await lethe(['request', 'create', '--type', 'erasure', 'c-5'], bench.env);
  await stack.redis.kill();
  process.kill(control.pid, 'SIGCONT');
  await prometheus.firing('LethePartitionsPaused', { topic: 'raw.live', cause: 'redis' });
  await prometheus.firing('LetheAvailabilityBurnFast');
  await until(
    'the request is seen open',
    async () => (await prometheus.sinceStart('lethe_requests_open{type="erasure"} > 0')).length > 0 || null,
  );
  await stack.redis.start();
});

it('all goes on by itself', async () => {
  await until('nothing is paused any more', async () => {
    const firing = (await prometheus.alerts()).map(({ labels }) => labels['alertname'] ?? '');
    return !firing.some((name) => /Paused|Stale|ProjectorStopped/.test(name)) || null;
  });
});

it('a worker is killed', async () => {
  await workers[1]?.kill();
  await prometheus.firing('LetheWorkerDown', { instance: instance(workers[1]!) });
  expect((await prometheus.alerts()).some(({ labels }) => labels['alertname'] === 'LetheNoWorker')).toBe(false);
});

type Panel = { title: string; targets?: { expr: string }[] };
const panels = globSync(new URL('../../deploy/grafana/dashboards/*.json', import.meta.url).pathname).flatMap((path) => {
  const { title, panels: all } = JSON.parse(readFileSync(path, 'utf8')) as { title: string; panels: Panel[] };
  return all.map((panel) => ({ ...panel, title: `${title}: ${panel.title}` }));
});

it('every expression of every panel had data, and every rule could be evaluated', async () => {
  const expressions = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
  expect(expressions.length).toBeGreaterThan(50);
  const empty: string[] = [];
  for (const { title, expr } of expressions) {
    // What Grafana would put in: all routes and instances, and a few scrapes for a rate.
    const asked = expr.replaceAll(/\$(route|instance)\b/g, '.*').replaceAll('$__rate_interval', '5s');
    const found = await prometheus.sinceStart(asked);
    if (!found.some(({ values }) => values.some(([, value]) => Number.isFinite(Number(value)))))
      empty.push(`${title}: ${asked}`);
  }
  expect(empty).toEqual([]);
  expect(await prometheus.brokenRules()).toEqual([]);
  const texts = (await prometheus.alerts()).flatMap(({ annotations }) => Object.values(annotations));
  expect(texts.filter((text) => /error expanding|no value|\{\{/.test(text))).toEqual([]);
});
