/**
 * Issue 3: not one value of an undeclared or dropped field in output logs on the broker's disk, audit, metrics, stdout,
 * stderr or Redis. Every field of the example routes carries a value of its own, which is then looked for everywhere.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningWorker } from '../../deploy/demo/processes.ts';
import { avroWire, createTopics, produce, type RawMessage } from '../../deploy/demo/topics.ts';
import { makeMetrics } from '../../services/adapters/metrics/metrics.ts';
import { makeRegistry } from '../../services/adapters/registry/registry.ts';
import { command, until } from '../stack/commands.ts';
import { kcat, needKcat, topicHolds } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';
import { setUp, total, type Workbench } from '../stack/workbench.ts';
import { makeScan, type Scan } from './canary-scan.ts';

const stack = sharedStack();
/** A database of its own, so that the dump holds what this test made. */
const REDIS_URL = `${stack.redis}/7`;
const RAW = ['raw.customer-events', 'raw.clickstream'];
const ANALYTICS = 'clean.analytics.customer-events';
const FRAUD = 'clean.fraud.customer-events';
const PARTNER = 'clean.partner-acme.customer-events';
const CLICKS = 'clean.analytics.clickstream';

/** Which topics may hold a canary as it is; most of them none. */
const allowed = new Map<string, readonly string[]>();
const canaries = new Map<string, string>();
const canary = (name: string, value: string, ...topics: readonly string[]): string => {
  canaries.set(name, value);
  allowed.set(name, topics);
  return value;
};
/** Letters that occur nowhere else. */
const word = (name: string, ...topics: readonly string[]): string =>
  canary(name, `q${[...name].map((char) => (char.codePointAt(0) ?? 0).toString(36)).join('')}zjxwvzjxwv`, ...topics);

const occurred = new Date(Date.now() - 3_600_000).toISOString();

function order(n: number): Record<string, unknown> {
  return {
    event_id: `evt-${n}`,
    event_type: 'order_placed',
    occurred_at: occurred,
    [word(`key of an undeclared member ${n}`)]: word(`its value ${n}`),
    customer: {
      id: word(`subject ${n}`),
      name: { first: word(`first name ${n}`), last: word(`last name ${n}`) },
      email: canary(`email ${n}`, `${word(`local part ${n}`)}@example.com`),
      phone: canary(`phone ${n}`, `+49 30 8827364${1_000 + n}`),
      date_of_birth: canary(`date of birth ${n}`, `1937-11-${10 + n}`),
      address: {
        street: word(`street ${n}`),
        city: word(`city ${n}`, ANALYTICS),
        postal_code: word(`postal code ${n}`, FRAUD),
        country: 'DE',
      },
      allergies: [word(`allergy ${n}`, ANALYTICS)],
      loyalty: { tier: word(`tier ${n}`), since: { deep: [{ er: word(`nested ${n}`) }] } },
    },
    device: {
      ip: canary(`ip ${n}`, `2001:db8:85a3:77:4a1b:9c3d:5e7f:${(n + 4096).toString(16)}`, FRAUD),
      user_agent: word(`user agent ${n}`, FRAUD),
      location: { latitude: Number(canary(`latitude ${n}`, `52.5321498761${n + 1}`)), longitude: 13.3 },
      fingerprint: word(`fingerprint ${n}`),
    },
    purchase: {
      order_id: word(`order ${n}`, ANALYTICS, FRAUD),
      currency: 'EUR',
      total: 12.5,
      items: [{ sku: 'mug-01', quantity: 1, unit_price: 5, engraving: word(`engraving ${n}`) }],
    },
    payment: {
      card_number: canary(`card ${n}`, `411187623495${1_000 + n}`),
      iban: canary(`iban ${n}`, `DE0212030000${1_000 + n}202051`),
    },
    attributes: { channel: word(`attribute ${n}`, ANALYTICS) },
    support_note: word(`support note ${n}`),
  };
}

const view = (n: number): unknown => ({
  event_id: `00000000-0000-4000-8000-00000000000${n}`,
  occurred_at: Date.parse(occurred),
  country: 'DE',
  visitor: {
    id: word(`subject ${n}`),
    email: canary(`visitor email ${n}`, `${word(`visitor local part ${n}`)}@example.com`),
    ip: canary(`visitor ip ${n}`, `198.51.100.24${n}`),
    device: 'phone',
    location: null,
    internal_note: word(`internal note ${n}`),
  },
  page: { path: '/', title: word(`title ${n}`, CLICKS), query: word(`query ${n}`) },
  referrer: { path: '/', title: null, query: word(`referrer query ${n}`) },
  interactions: [{ kind: 'click', element: '#a', at: Date.parse(occurred), typed_text: word(`typed text ${n}`) }],
  experiments: {},
  cart_value: null,
});

let bench: Workbench;
let worker: RunningWorker;
let scan: Scan;
let metricsText = '';
/** What the commands wrote. */
let written = '';
let records = 0;

beforeAll(async () => {
  await needKcat();
  const redis = new Redis(REDIS_URL);
  await redis.flushdb();
  redis.disconnect();
  bench = await setUp({ ...stack.env, REDIS_URL, LETHE_LOG_LEVEL: 'trace' });
  await createTopics(bench.admin, RAW, 2);
  const schema = readFileSync(new URL('../../schemas/examples/clickstream.avsc', import.meta.url), 'utf8');
  const registry = makeRegistry({ url: stack.registry, user: null, password: null });
  const wire = avroWire(schema, await registry.register('raw.clickstream-value', schema));

  // 0 consents to all, explicitly; 1 to nothing; 2 withdrew.
  const consents = [
    { subject: word('subject 0'), decision: 'granted', method: 'explicit', recipients: ['acme'] },
    { subject: word('subject 2'), decision: 'withdrawn' },
  ];
  const file = join(bench.dir, 'consents.jsonl');
  writeFileSync(
    file,
    consents.map((one) => `${JSON.stringify({ ...one, purpose: '*', at: '2025-01-01T00:00:00Z' })}\n`).join(''),
  );
  const config = fileURLToPath(new URL('../../config', import.meta.url));
  for (const args of [
    ['push', config],
    ['consent', 'import', file],
    ['consent', 'get', word('subject 0')],
  ]) {
    const { code, stdout, stderr } = await command(args, bench.env);
    expect([args[0], code]).toEqual([args[0], 0]);
    written += stdout + stderr;
  }

  const messages: RawMessage[] = [0, 1, 2].map((n) => ({
    partition: 0,
    key: word(`record key ${n}`),
    value: JSON.stringify(order(n)),
    headers: { [word(`header name ${n}`)]: word(`header value ${n}`), traceparent: 'tp-1' },
  }));
  const broken = (name: string, text: (value: string) => string): void => {
    messages.push({ partition: 1, key: word(`key of ${name}`), value: text(word(name)) });
  };
  broken('truncated', (value) => `{"event_id":"e","customer":{"id":"cust-1","email":"${value}`);
  broken(
    'duplicate',
    (value) => `{"event_id":"${value}","event_id":"b","occurred_at":"${occurred}","customer":{"id":"${value}"}}`,
  );
  broken('no object', (value) => `"${value}"`);
  broken('time', (value) => `{"event_id":"e","occurred_at":"${value}","customer":{"id":"${value}"}}`);
  broken(
    'nested email',
    (value) =>
      `{"event_id":"e","occurred_at":"${occurred}","customer":{"id":"${word('subject 0')}","email":{"${value}":"${value}"}}}`,
  );
  broken(
    'email without @',
    (value) =>
      `{"event_id":"e","occurred_at":"${occurred}","customer":{"id":"${word('subject 0')}","email":"${value}"}}`,
  );
  broken(
    'ip',
    (value) =>
      `{"event_id":"e","occurred_at":"${occurred}","customer":{"id":"${word('subject 0')}"},"device":{"ip":"${value}"}}`,
  );
  messages.push({ partition: 1, key: word('tombstone key'), value: null });
  const views: RawMessage[] = [0, 1, 2].map((n) => ({
    partition: 0,
    key: word(`view key ${n}`),
    value: wire.encode(view(n)),
  }));
  const cut = wire.encode(view(3));
  views.push({ partition: 1, key: null, value: cut.subarray(0, cut.length - 1) });
  views.push({ partition: 1, key: null, value: Buffer.from(word('no Avro at all')) });
  records = messages.length + views.length;
  await produce(bench.kafka, RAW[0] ?? '', messages);
  await produce(bench.kafka, RAW[1] ?? '', views);
  scan = makeScan(canaries);

  worker = await bench.worker();
  await until('all is decided about', async () => (await total(worker, 'lethe_records_consumed_total')) >= records);
  metricsText = await (await fetch(`http://127.0.0.1:${worker.port}/metrics`)).text();
  written += await (await fetch(`http://127.0.0.1:${worker.port}/readyz`)).text();
  expect(await worker.stop()).toBe(0);
});

afterAll(async () => {
  await bench?.end();
});

/** What each topic holds on the broker's disk, all partitions; without a disk to look at, what kcat reads. */
async function logs(): Promise<Map<string, Buffer>> {
  const topics = new Map<string, Buffer>();
  if (stack.kafkaData === null) {
    for (const topic of [
      ANALYTICS,
      FRAUD,
      PARTNER,
      CLICKS,
      'lethe.audit',
      'lethe.dead-letters',
      'lethe.consent-events',
      ...RAW,
    ]) {
      topics.set(
        topic,
        await kcat(['-C', '-b', stack.kafka, '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '%h %k %s\n']),
      );
    }
    return topics;
  }
  for (const file of globSync('*-[0-9]*/*.log', { cwd: stack.kafkaData })) {
    const topic = basename(dirname(file)).replace(/-\d+$/, '');
    const bytes = readFileSync(join(stack.kafkaData, file));
    topics.set(topic, Buffer.concat([topics.get(topic) ?? Buffer.alloc(0), bytes]));
  }
  return topics;
}

describe('no value that no rule released', () => {
  it('is in any topic but the raw ones; and what a rule released is just where it was released to', async () => {
    const topics = await logs();
    for (const topic of [
      ANALYTICS,
      FRAUD,
      PARTNER,
      CLICKS,
      'lethe.audit',
      'lethe.dead-letters',
      'lethe.consent-events',
    ]) {
      expect(topics.get(topic)?.length, topic).toBeGreaterThan(0);
    }
    const found = new Map([...topics].map(([topic, bytes]) => [topic, RAW.includes(topic) ? [] : scan(bytes)]));
    const places = [...found].flatMap(([topic, names]) => names.map((name) => `${topic}: ${name}`));
    // Fraud prevention rests on legitimate interest: of 0 and 1 and 2 alike. Analytics and partner: of 0 alone.
    const expected = [...allowed].flatMap(([name, released]) =>
      released.filter((topic) => topic === FRAUD || name.endsWith(' 0')).map((topic) => `${topic}: ${name} (plain)`),
    );
    expect(places.sort()).toEqual(expected.sort());
    expect(expected.length).toBeGreaterThan(10);
  });

  it('is on stdout or stderr of the worker, which logs all it can, or of a command', () => {
    expect(bench.logs()).toContain('Consuming');
    expect(scan(Buffer.from(bench.logs()))).toEqual([]);
    expect(scan(Buffer.from(written))).toEqual([]);
  });

  it('is in the metrics', () => {
    expect(metricsText).toContain('lethe_records_consumed_total{');
    expect(scan(Buffer.from(metricsText))).toEqual([]);
  });

  it('is in Redis, whose bundle and consents are there', async () => {
    const redis = new Redis(REDIS_URL);
    const dump: string[] = [];
    for await (const keys of redis.scanStream() as AsyncIterable<string[]>) {
      for (const key of keys) dump.push(key, (await redis.get(key)) ?? '');
    }
    redis.disconnect();
    expect(dump.length).toBeGreaterThanOrEqual(8);
    expect(scan(Buffer.from(dump.join('\n')))).toEqual([]);
  });
});

it('the scan bites: each canary is found on the raw topics, and in every disguise', async () => {
  const topics = await logs();
  const raw = new Set(RAW.flatMap((topic) => scan(topics.get(topic) ?? Buffer.alloc(0))));
  // A kafkajs batch is not compressed, so all is there as it was sent; what lies in JSON text is there escaped, if at all.
  expect([...canaries.keys()].filter((name) => !raw.has(`${name} (plain)`))).toEqual([]);
  const secret = 'a planted canary';
  const bites = makeScan(new Map([['it', secret]]));
  for (const text of [
    secret,
    `xx${secret}yy`,
    Buffer.from(`1${secret}234`).toString('base64'),
    Buffer.from(`12${secret}34`).toString('base64url'),
    Buffer.from(`123${secret}4`).toString('base64'),
    Buffer.from(secret).toString('hex').toUpperCase(),
  ]) {
    expect(bites(Buffer.from(text)), text).not.toEqual([]);
  }
  expect(bites(Buffer.from('a planted canar'))).toEqual([]);
});

describe('the metrics', () => {
  const samplesOf = (name: string): { labels: Record<string, string>; value: number }[] =>
    metricsText
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`))
      .map((line) => ({
        labels: Object.fromEntries(
          [...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
        ),
        value: Number(line.slice(line.lastIndexOf(' '))),
      }));

  it('add up: per route and output, consumed is decisions and dead letters', () => {
    const consumed = samplesOf('lethe_records_consumed_total');
    expect(consumed.reduce((sum, { value }) => sum + value, 0)).toBe(records);
    const outputs: Record<string, readonly string[]> = {
      'customer-events': [ANALYTICS, FRAUD, PARTNER],
      clickstream: [CLICKS],
    };
    for (const { labels, value } of consumed) {
      const dead = samplesOf('lethe_dead_letters_total').filter((one) => one.labels['route'] === labels['route']);
      const letters = dead.reduce((sum, one) => sum + one.value, 0);
      for (const output of outputs[labels['route'] ?? ''] ?? []) {
        const decisions = samplesOf('lethe_decisions_total').filter(
          (one) => one.labels['route'] === labels['route'] && one.labels['output'] === output,
        );
        expect(decisions.reduce((sum, one) => sum + one.value, 0) + letters, output).toBe(value);
      }
    }
  });

  it('agree with what lies on the topics', async () => {
    for (const output of [ANALYTICS, FRAUD, PARTNER, CLICKS]) {
      const published = samplesOf('lethe_decisions_total')
        .filter(({ labels }) => labels['output'] === output && labels['outcome'] === 'published')
        .reduce((sum, { value }) => sum + value, 0);
      expect(await topicHolds(stack.kafka, output), output).toHaveLength(published);
    }
    const letters = samplesOf('lethe_dead_letters_total').reduce((sum, { value }) => sum + value, 0);
    expect(letters).toBe(9);
  });

  it('have each its TYPE line', async () => {
    const names = [...(await makeMetrics('0').text()).matchAll(/^# TYPE (lethe_\w+) /gm)].map(([, name]) => name);
    const design = `lethe_records_consumed_total lethe_decisions_total lethe_dead_letters_total lethe_fields_total
      lethe_bytes_total lethe_batch_duration_seconds lethe_record_age_seconds lethe_consumer_lag_records
      lethe_paused_partitions lethe_rebalances_total lethe_transactions_total lethe_lookups_total
      lethe_redis_duration_seconds lethe_consent_view_age_seconds lethe_consent_propagation_seconds
      lethe_schema_requests_total lethe_bundle_info lethe_bundle_reloads_total lethe_build_info
      lethe_shadow_divergence_total lethe_shadow_bundle_info lethe_ready lethe_assigned_partitions
      lethe_consent_max_staleness_seconds`.split(/\s+/);
    expect(new Set(names)).toEqual(new Set(design));
    expect(names).toHaveLength(design.length);
    for (const name of design) expect(metricsText).toMatch(new RegExp(`^# TYPE ${name} `, 'm'));
  });
});
