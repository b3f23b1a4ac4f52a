import { describe, expect, it } from 'vitest';
import { applyTopics, holds, keptTooLong, planTopics, type TopicsPort } from '../../../services/cli/topics.ts';
import { planAsJson, planAsText, spanText } from '../../../services/cli/topics-text.ts';
import type { CompiledBundle } from '../../../services/core/policy/plan.ts';
import { EXPIRY_EVERY_MS } from '../../../services/core/retention/stay.ts';
import type { TopicState } from '../../../services/core/retention/topic-plan.ts';
import { compiledRoute, policyWith } from '../core/policy/compiled.ts';

const DAY = 86_400_000;

const bundleOf = (published: string | null): CompiledBundle => {
  const route = compiledRoute({
    policies: [policyWith({ a: 'system' })],
    purposes: {
      purposes: {
        analytics: {
          basis: { default: 'consent' },
          retention: { default: 'P90D' },
          ...(published === null ? {} : { published }),
        },
      },
    },
  });
  return {
    routes: [route],
    purposes: [],
    categories: [],
    regimes: { names: [], byRegion: new Map(), fallback: '' },
    guards: [],
  };
};

/** Topics as a broker has them, by name; `refuses` what it says to every change. */
function brokerOf(topics: Record<string, Record<string, string>>, refuses: string | null = null) {
  const done: unknown[] = [];
  const state = (settings: Record<string, string>): TopicState => ({
    ...{ partitions: 2, replication: 1 },
    settings: {
      ...{ 'cleanup.policy': 'delete', 'segment.ms': String(DAY), 'message.timestamp.type': 'LogAppendTime' },
      ...settings,
    },
  });
  const port: TopicsPort = {
    describe: async (names) =>
      new Map(names.flatMap((name) => (topics[name] === undefined ? [] : [[name, state(topics[name])]]))),
    brokerTimes: async () => ({ checkIntervalMs: 300_000, cleanerBackoffMs: 15_000, assumed: true }),
    create: async ({ name, partitions, config }) => {
      done.push(['create', name, partitions]);
      topics[name] = { ...config };
      return refuses;
    },
    alter: async (name, changes) => {
      done.push(['alter', name, changes]);
      if (refuses === null) topics[name] = { ...topics[name], ...changes };
      return refuses;
    },
  };
  return { port, done };
}

const RAW = 'raw.customer-events';
const OWN = [{ name: 'lethe.audit', partitions: -1, config: { 'cleanup.policy': 'delete', 'retention.ms': '-1' } }];
const KEPT = { 'retention.ms': '-1', 'retention.bytes': '-1' };
const plan = (port: TopicsPort, published: string | null = 'P30D') =>
  planTopics(bundleOf(published), OWN, port, EXPIRY_EVERY_MS);

describe('topics plan', () => {
  it('asks for as many partitions as the raw topic has, and tells of Lethe’s own topics', async () => {
    const { topics } = await plan(brokerOf({ [RAW]: {} }).port);
    expect(topics.map(({ topic, verdict, partitions }) => [topic, verdict, partitions])).toEqual([
      ['clean.0', 'missing', 2],
      ['lethe.audit', 'missing', -1],
    ]);
  });

  it.each([
    ['is well where all promises are kept', { 'clean.0': { 'retention.ms': String(20 * DAY) } }, true],
    ['is well where a topic is yet to be made', {}, true],
    ['is not where one is not kept', { 'clean.0': { 'retention.ms': String(30 * DAY) } }, false],
  ])('%s', async (_what, topics, well) => {
    expect(holds(await plan(brokerOf({ ...topics, 'lethe.audit': KEPT }).port))).toBe(well);
  });

  it('is not well where a purpose promises nothing, or the audit does not stay', async () => {
    expect(holds(await plan(brokerOf({ 'lethe.audit': KEPT }).port, null))).toBe(false);
    expect(holds(await plan(brokerOf({ 'lethe.audit': { ...KEPT, 'retention.ms': '1' } }).port))).toBe(false);
  });

  it('shows what is promised, how old a value can get, and that brokers do not tell', async () => {
    const text = planAsText(await plan(brokerOf({ 'clean.0': { 'retention.ms': '-1' }, 'lethe.audit': KEPT }).port));
    expect(text).toMatch(/^clean\.0 +analytics +2 x1 +for ever +for ever of 90d +CHANGE$/m);
    expect(text).toContain('  retention.ms: -1 → ');
    expect(text).toContain('apply needs --yes');
    expect(text).toMatch(/^lethe\.audit +\(Lethe\) .*holds$/m);
    expect(text).toContain('a broker does not tell');
  });

  it('as JSON has null for what has no end', async () => {
    const json = JSON.parse(planAsJson(await plan(brokerOf({ 'clean.0': { 'retention.ms': '-1' } }).port)));
    expect(json.topics[0]).toMatchObject({
      ...{ topic: 'clean.0', verdict: 'change', exists: true, promisedMs: 90 * DAY, atPublicationMs: 60 * DAY },
      worst: { inTopicMs: null, oldestMs: null },
      worstAfter: { inTopicMs: 30 * DAY, oldestMs: 90 * DAY },
    });
  });
});

describe('topics apply', () => {
  it('makes what is missing, and is done then', async () => {
    const { port, done } = brokerOf({ [RAW]: {} });
    expect(await applyTopics(await plan(port), port, false)).toEqual([
      { topic: 'clean.0', what: 'created', why: null },
      { topic: 'lethe.audit', what: 'created', why: null },
    ]);
    expect(done).toEqual([
      ['create', 'clean.0', 2],
      ['create', 'lethe.audit', -1],
    ]);
    expect((await plan(port)).topics[0]?.verdict).toBe('holds');
  });

  it('lets Kafka delete nothing without --yes, and changes nothing else of that topic either', async () => {
    const { port, done } = brokerOf({ 'clean.0': { 'retention.ms': '-1' }, 'lethe.audit': KEPT });
    const [applied] = await applyTopics(await plan(port), port, false);
    expect(applied).toMatchObject({ topic: 'clean.0', what: 'needs --yes' });
    expect(applied?.why).toContain('retention.ms -1 → ');
    expect(done).toEqual([]);
    expect(await applyTopics(await plan(port), port, true)).toEqual([{ topic: 'clean.0', what: 'changed', why: null }]);
    expect(holds(await plan(port))).toBe(true);
  });

  it('keeps longer without being asked twice', async () => {
    const { port } = brokerOf({ 'clean.0': { 'retention.ms': '1' }, 'lethe.audit': { ...KEPT, 'retention.ms': '1' } });
    expect(await applyTopics(await plan(port), port, false)).toEqual([
      { topic: 'lethe.audit', what: 'changed', why: null },
    ]);
  });

  it('says what the broker refused', async () => {
    const { port } = brokerOf(
      { 'clean.0': { 'retention.ms': '-1' }, 'lethe.audit': KEPT },
      'TOPIC_AUTHORIZATION_FAILED',
    );
    expect(await applyTopics(await plan(port), port, true)).toEqual([
      { topic: 'clean.0', what: 'refused', why: 'TOPIC_AUTHORIZATION_FAILED' },
    ]);
  });

  it('leaves alone what cannot keep a promise', async () => {
    const { port, done } = brokerOf({ 'lethe.audit': KEPT });
    await applyTopics(await plan(port, null), port, true);
    expect(done).toEqual([]);
  });
});

describe('the warnings of push', () => {
  it.each([
    ['a topic that keeps too long', 'P30D', { 'retention.ms': '-1' }, 1],
    ['none where it does not', 'P30D', { 'retention.ms': '1000' }, 0],
    ['none where nothing is promised', null, { 'retention.ms': '-1' }, 0],
  ])('are of %s', async (_what, published, settings, count) => {
    const warnings = await keptTooLong(bundleOf(published), brokerOf({ 'clean.0': settings }).port);
    expect(warnings).toHaveLength(count);
    expect(warnings.every((line) => line.startsWith('WARNING: clean.0'))).toBe(true);
  });
});

describe('spanText', () => {
  it.each([
    [0, '0s'],
    [999, '999ms'],
    [90_061_000, '1d 1h 2m'],
    [30 * DAY, '30d'],
    [DAY - 1, '1d'],
    [7 * DAY + 300_000, '7d 5m'],
    [Number.POSITIVE_INFINITY, 'for ever'],
  ])('%d ms is %s: rounded up, since it is the worst case', (ms, text) => {
    expect(spanText(ms)).toBe(text);
  });
});
