import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { register } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { makeMetrics } from '../../../../services/adapters/metrics/metrics.ts';

/** DESIGN section 10, to the letter, what issue 4 adds, and what alerts need (issue 6): dashboards and alerts are written against it. */
const CONTRACT = `
lethe_records_consumed_total counter route
lethe_decisions_total counter route, output, outcome, reason
lethe_dead_letters_total counter route, code
lethe_fields_total counter route, output, category, action
lethe_bytes_total counter route, direction
lethe_batch_duration_seconds histogram stage
lethe_record_age_seconds histogram route
lethe_consumer_lag_records gauge topic, partition
lethe_paused_partitions gauge topic, cause
lethe_rebalances_total counter
lethe_transactions_total counter result
lethe_lookups_total counter result
lethe_redis_duration_seconds histogram command
lethe_consent_view_age_seconds gauge
lethe_consent_propagation_seconds histogram
lethe_schema_requests_total counter result
lethe_bundle_info gauge digest
lethe_bundle_reloads_total counter result
lethe_shadow_divergence_total counter route, output, kind
lethe_shadow_bundle_info gauge digest
lethe_consent_max_staleness_seconds gauge
lethe_ready gauge check
lethe_assigned_partitions gauge
lethe_build_info gauge version`
  .trim()
  .split('\n')
  .map((line) => {
    const [name, type, ...labels] = line.split(/[ ,]+/) as [string, string, ...string[]];
    return { name, type, labels };
  });

describe('makeMetrics', () => {
  it('has exactly the metrics of the contract, each with its TYPE line from the start', async () => {
    const types = (await makeMetrics('1.2.3').text()).match(/^# TYPE lethe_.*$/gm);
    expect(types?.toSorted()).toEqual(CONTRACT.map(({ name, type }) => `# TYPE ${name} ${type}`).toSorted());
  });

  it.each(CONTRACT)('$name takes the labels $labels and no other', async ({ name, type, labels }) => {
    const { registry, text } = makeMetrics('1.2.3');
    const metric = registry.getSingleMetric(name) as unknown as {
      inc?: (labels: object, n: number) => void;
      set?: (labels: object, n: number) => void;
      observe?: (labels: object, n: number) => void;
    };
    const write = (given: object) => (metric.observe ?? metric.set ?? metric.inc)?.call(metric, given, 3);
    write(Object.fromEntries(labels.map((label) => [label, 'x'])));
    const shown = labels.map((label) => `${label}="x"`).join(',');
    const suffix = type === 'histogram' ? '_sum' : '';
    expect(await text()).toContain(`\n${name}${suffix}${labels.length === 0 ? '' : `{${shown}}`} 3\n`);
    expect(() => write({ subject: 'x' })).toThrow('subject');
  });

  it('prints no sample where nothing is known yet: a consent view of age 0 would be a perfect one', async () => {
    const metrics = makeMetrics('1.2.3');
    expect(await metrics.text()).not.toMatch(/^lethe_consent_view_age_seconds /m);
    metrics.consentViewAge.set(4);
    expect(await metrics.text()).toMatch(/^lethe_consent_view_age_seconds 4$/m);
  });

  it('shows one candidate at a time, and none where none is in shadow', async () => {
    const metrics = makeMetrics('1.2.3');
    metrics.useShadow('aa');
    metrics.useShadow('bb');
    expect((await metrics.text()).match(/^lethe_shadow_bundle_info.*$/gm)).toEqual([
      'lethe_shadow_bundle_info{digest="bb"} 1',
    ]);
    metrics.useShadow(null);
    expect(await metrics.text()).not.toMatch(/^lethe_shadow_bundle_info/m);
  });

  it('shows the version, and one bundle at a time', async () => {
    const metrics = makeMetrics('1.2.3');
    metrics.useBundle('aa');
    metrics.useBundle('bb');
    const text = await metrics.text();
    expect(text).toContain('lethe_build_info{version="1.2.3"} 1');
    expect(text.match(/^lethe_bundle_info.*$/gm)).toEqual(['lethe_bundle_info{digest="bb"} 1']);
  });

  it('asks for late gauges at each scrape', async () => {
    const metrics = makeMetrics('1.2.3');
    let age = 0;
    metrics.onScrape(() => metrics.consentViewAge.set((age += 1)));
    await metrics.text();
    expect(await metrics.text()).toMatch(/^lethe_consent_view_age_seconds 2$/m);
  });

  it('begins counters that alerts count the first step of at 0', async () => {
    const text = await makeMetrics('1.2.3').text();
    for (const sample of [
      'lethe_transactions_total{result="aborted"}',
      'lethe_transactions_total{result="fenced"}',
      'lethe_bundle_reloads_total{result="failed"}',
      'lethe_lookups_total{result="error"}',
      'lethe_schema_requests_total{result="error"}',
    ]) {
      expect(text).toContain(`\n${sample} 0\n`);
    }
  });

  it('shows each check of readiness, and how old the view may become once that is known', async () => {
    const metrics = makeMetrics('1.2.3');
    expect(await metrics.text()).not.toMatch(/^lethe_consent_max_staleness_seconds /m);
    metrics.consentMaxStaleness.set(60);
    metrics.showReady([
      { name: 'redis', ok: true },
      { name: 'kafka', ok: false },
    ]);
    const text = await metrics.text();
    expect(text).toContain('\nlethe_consent_max_staleness_seconds 60\n');
    expect(text).toContain('\nlethe_ready{check="redis"} 1\nlethe_ready{check="kafka"} 0\n');
  });

  it('shows what the process uses', async () => {
    const text = await makeMetrics('1.2.3').text();
    const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(value('nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6);
    expect(value('nodejs_heap_size_limit_bytes')).toBe(getHeapStatistics().heap_size_limit);
    expect(value('nodejs_external_memory_bytes')).toBeGreaterThan(1e4);
    expect(Math.abs(value('process_start_time_seconds') - Date.now() / 1000)).toBeLessThan(3600);
  });

  it('shows how late the event loop was since the last scrape, and forgets it then', async () => {
    const metrics = makeMetrics('1.2.3');
    const late = async (): Promise<number[]> => {
      const text = await metrics.text();
      return ['p99', 'max'].map((of) =>
        Number(new RegExp(`^nodejs_eventloop_lag_${of}_seconds (.+)$`, 'm').exec(text)?.[1]),
      );
    };
    expect(await late()).toEqual([0, 0]);
    await sleep(250);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
    await sleep(250);
    const [p99 = 0, most = 0] = await late();
    expect(most).toBeGreaterThan(0.4);
    expect(most).toBeLessThan(10);
    expect(p99).toBe(most);
    expect(await late()).toEqual([0, 0]);
  });

  it('counts garbage collections by kind', async () => {
    const metrics = makeMetrics('1.2.3');
    expect(await metrics.text()).toContain('\nnodejs_gc_duration_seconds_count{kind="major"} 0\n');
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    await sleep(50);
    expect(await metrics.text()).toMatch(/^nodejs_gc_duration_seconds_count{kind="major"} [1-9]/m);
  });

  it('keeps out of the global registry, so that two may live side by side', () => {
    makeMetrics('1.2.3');
    makeMetrics('1.2.3');
    expect(register.getMetricsAsArray()).toEqual([]);
  });
});
