import { monitorEventLoopDelay, PerformanceObserver, constants } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** How often the event loop is looked at. prom-client's own 10 ms would be a hundred wake-ups a second of an idle worker. */
const LOOK_MS = 100;
const GC_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const GC_KINDS = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

/** The process metrics under the names that Prometheus client libraries share, read when scraped. */
export const registerProcessMetrics = (registers: readonly Registry[]): void => {
  const to = [...registers];
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time spent, in seconds.',
    registers: to,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  const readGauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: to,
      collect() {
        this.set(read());
      },
    });
  };
  readGauge('process_resident_memory_bytes', 'Resident memory, in bytes.', () => process.memoryUsage.rss());
  readGauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use, in bytes.', () => process.memoryUsage().heapUsed);
  readGauge(
    'nodejs_heap_size_limit_bytes',
    'JavaScript heap that may be used at most, in bytes.',
    () => getHeapStatistics().heap_size_limit,
  );
  readGauge(
    'nodejs_external_memory_bytes',
    'Memory of buffers outside the JavaScript heap, in bytes.',
    () => process.memoryUsage().external,
  );
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start of the process, in seconds since the epoch.',
    registers: to,
  }).set(Math.round(Date.now() / 1000 - process.uptime()));
  registerEventLoopLag(to);
  registerCollections(to);
};

/** Of the time since the last scrape, so that a stall does not colour the rest of the process's life. */
function registerEventLoopLag(registers: Registry[]): void {
  const delay = monitorEventLoopDelay({ resolution: LOOK_MS });
  delay.enable();
  // It measures from look to look, the wait in between included. It has no figures before the first look.
  const lag = (nanoseconds: number): number =>
    delay.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - LOOK_MS / 1000);
  new Gauge({
    name: 'nodejs_eventloop_lag_p99_seconds',
    help: 'How late timers came since the last scrape, 99th percentile, in seconds.',
    registers,
    collect() {
      this.set(lag(delay.percentile(99)));
    },
  });
  // Collected after the percentile, in the order of registration.
  new Gauge({
    name: 'nodejs_eventloop_lag_max_seconds',
    help: 'How late a timer came since the last scrape, at most, in seconds.',
    registers,
    collect() {
      this.set(lag(delay.max));
      delay.reset();
    },
  });
}

function registerCollections(registers: Registry[]): void {
  const collections = new Histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Time of garbage collections, by kind (minor, major, incremental, weakcb), in seconds.',
    labelNames: ['kind'],
    buckets: GC_SECONDS,
    registers,
  });
  for (const kind of GC_KINDS.values()) collections.zero({ kind });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // `detail` is there on entries of collections, not in the types.
      const kind = GC_KINDS.get((entry as unknown as { detail: { kind: number } }).detail.kind);
      if (kind !== undefined) collections.observe({ kind }, entry.duration / 1000);
    }
  }).observe({ entryTypes: ['gc'] });
}
