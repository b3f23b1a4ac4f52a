import { Counter, Gauge, type Registry } from 'prom-client';

/**
 * The process metrics under the names that Prometheus client libraries share, read when scraped. prom-client's own set
 * also starts a 10 ms timer (event loop delay) and a GC observer, which an idle worker would pay for.
 */
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
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory, in bytes.',
    registers: to,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'nodejs_heap_size_used_bytes',
    help: 'JavaScript heap in use, in bytes.',
    registers: to,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start of the process, in seconds since the epoch.',
    registers: to,
  }).set(Math.round(Date.now() / 1000 - process.uptime()));
};
