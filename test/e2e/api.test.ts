/** The control API on real Kafka and Redis: what it acknowledged is in the feed, whatever becomes of the process. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../../deploy/local/ports.ts';
import { type Stack, startStack } from '../../deploy/local/stack.ts';
import { makeConsentEventCodec } from '../../services/adapters/avro-single-object/consent-events.ts';
import { makeApiToken } from '../../services/adapters/config/api-tokens.ts';
import { makeSubjectTokens } from '../../services/adapters/crypto/keyring.ts';
import { readKeys } from '../../services/adapters/crypto/keys.ts';
import { type Load, percentile, putLoad } from '../stack/api-load.ts';
import { until } from '../stack/commands.ts';
import { needKcat, topicHolds } from '../stack/kcat.ts';
import { setUp, total, type Workbench } from '../stack/workbench.ts';
import type { RunningWorker } from '../../deploy/demo/processes.ts';

const FEED = 'lethe.consent-events';
const CLIENTS = 200;
const RUN = `${process.pid}-${Date.now()}`;
const subject = (client: number): string => `canary-${RUN}-${client}@example.com`;
const codec = makeConsentEventCodec();
const { token, line } = makeApiToken('load', ['consents:read', 'consents:write']);

let stack: Stack<'kafka' | 'redis'>;
let bench: Workbench;
let control: RunningWorker;
let port: number;
let url: string;

const started = async (): Promise<void> => {
  [port = 0] = await freePorts(1);
  url = `http://127.0.0.1:${port}`;
  control = await bench.control({ LETHE_API_PORT: String(port) });
  await until('the API is up', () =>
    fetch(`${url}/v1/openapi.json`).then(
      ({ ok }) => ok || null,
      () => null,
    ),
  );
};

const ask = async (
  method: string,
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

/** The notice of every event of the feed, by its place, as kcat reads it. */
const feed = async (): Promise<ReadonlyMap<string, string | null>> => {
  const seen = await topicHolds(stack.kafka.endpoint, FEED);
  return new Map(
    seen.map(({ partition, offset, value }) => {
      const decoded = value === null ? null : codec.decode(value);
      return [`${FEED}/${partition}/${offset}`, decoded?.ok === true ? decoded.entry.event.notice : null] as const;
    }),
  );
};

const expectAllThere = async ({ acknowledged }: Load): Promise<void> => {
  const held = await feed();
  const lost = [...acknowledged].filter(([id, notice]) => held.get(id) !== notice);
  expect(lost).toEqual([]);
};

beforeAll(async () => {
  await needKcat();
  stack = await startStack({ parts: ['kafka', 'redis'] });
  bench = await setUp(stack.env);
  const tokens = join(bench.dir, 'tokens.yaml');
  writeFileSync(tokens, `${line}\n`);
  Object.assign(bench.env, { LETHE_API_TOKENS_FILE: tokens, LETHE_API_REQUESTS_PER_MINUTE: '10000000' });
  await started();
});

afterAll(async () => {
  await bench?.end();
  await stack?.stop();
});

/** For all purposes: which bundle is active, if any, is no matter of this test. */
const event = { purpose: '*', decision: 'granted', region: 'DE', method: 'explicit' };

it('takes a consent, tells it once it is effective, and gives its receipt', async () => {
  const person = subject(-1);
  const taken = await ask('PUT', '/v1/consents?wait=effective', { subject: person, events: [event] });
  expect(taken).toMatchObject({ status: 200, body: { effective: true } });
  const state = await ask('POST', '/v1/consents/query', { subject: person });
  expect(state.body['purposes']).toMatchObject({ '*': { decision: 'granted', region: 'DE' } });
  const [receipt] = taken.body['receipts'] as { href: string }[];
  const shown = await ask('GET', receipt?.href ?? '');
  const [signing] = makeSubjectTokens(readKeys(bench.env['LETHE_KEYS_FILE'] ?? ''))(person);
  expect(shown.body).toMatchObject({ 'dpv:hasDataSubject': { '@id': `urn:lethe:subject:${signing}` } });
});

it('does what came twice under one Idempotency-Key once, also when both come at the same moment', async () => {
  const body = { subject: subject(-2), events: [{ ...event, notice: `once ${RUN}` }] };
  const headers = { 'idempotency-key': `key-${subject(-2)}` };
  const both = await Promise.all([1, 2, 3].map(() => ask('PUT', '/v1/consents', body, headers)));
  expect(both.map(({ status }) => status).filter((status) => status !== 409)).toContain(202);
  const again = await ask('PUT', '/v1/consents', body, headers);
  const first = both.find(({ status }) => status === 202);
  expect(again).toEqual(first);
  expect(await ask('PUT', '/v1/consents', { ...body, events: [event] }, headers)).toMatchObject({ status: 422 });
  const notices = [...(await feed()).values()].filter((notice) => notice === `once ${RUN}`);
  expect(notices).toHaveLength(1);
});

it(`loses nothing that it acknowledged to ${CLIENTS} clients at once`, async () => {
  const load = await putLoad({ port, token, clients: CLIENTS, forMs: 4_000, subject, purpose: '*' });
  expect([...load.others]).toEqual([]);
  expect(load.acknowledged.size).toBeGreaterThan(CLIENTS);
  await expectAllThere(load);
  const [p50, p99] = [0.5, 0.99].map((share) => Math.round(percentile(load.latencies, share)));
  console.log(`${load.acknowledged.size} acknowledged, p50 ${p50} ms, p99 ${p99} ms`);
  expect(await total(control, 'lethe_api_requests_total', 'status="202"')).toBeGreaterThanOrEqual(
    load.acknowledged.size,
  );
});

it.each([
  ['is killed with -9', () => control.kill()],
  ['is told to stop', () => control.stop()],
])('loses nothing that it acknowledged before it %s', async (_, end) => {
  const loading = putLoad({ port, token, clients: CLIENTS, forMs: 20_000, subject, purpose: '*' });
  await sleep(1_000);
  await end();
  const load = await loading;
  expect(load.acknowledged.size).toBeGreaterThan(CLIENTS);
  await expectAllThere(load);
  await started();
});

it('writes no subject id into its log, into Redis, or into its metrics', async () => {
  expect(bench.logs()).toContain('/v1/consents');
  expect(bench.logs()).not.toContain('canary-');
  const redis = new Redis(stack.redis.endpoint);
  const keys = await redis.keys('lethe:*');
  const values = await Promise.all(
    keys.map(async (key) => ((await redis.type(key)) === 'string' ? ((await redis.get(key)) ?? '') : '')),
  );
  redis.disconnect();
  expect(keys.some((key) => key.startsWith('lethe:idempotency:'))).toBe(true);
  expect([...keys, ...values].filter((text) => text.includes(`canary-${RUN}`))).toEqual([]);
  const metrics = await (await fetch(`http://127.0.0.1:${control.port}/metrics`)).text();
  expect(metrics).toContain('lethe_api_request_duration_seconds_bucket');
  expect(metrics).not.toContain('canary-');
});
