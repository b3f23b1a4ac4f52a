/** What does it cost? Processes, stages of a batch, Redis, Kafka, bundles. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { BOTH, dashboard, quantile, rate, WORKERS } from './panels.ts';

export const runtime = (): Dashboard =>
  dashboard({
    uid: 'lethe-runtime',
    title: 'Lethe / Runtime',
    description: 'Processor, memory, event loop, stages of a batch, Redis, transactions, rebalances, bundles.',
    variables: ['instance'],
    rows: [
      {
        title: 'Processes',
        panels: [
          {
            title: 'Processor',
            description: 'Processor seconds a second: 1 is one processor fully used. JavaScript runs on one.',
            unit: 'short',
            targets: [[rate('process_cpu_seconds_total', BOTH, 'job, instance'), '{{job}} {{instance}}']],
          },
          {
            title: 'Memory',
            description: 'Resident memory, by process.',
            unit: 'bytes',
            targets: [
              [`process_resident_memory_bytes{${BOTH}}`, '{{job}} {{instance}}'],
              [`nodejs_external_memory_bytes{${BOTH}}`, '{{job}} {{instance}} buffers'],
            ],
            runbook: 'LetheHeapNearLimit',
          },
          {
            title: 'Heap',
            description: 'Share of the JavaScript heap that may be used. At 100 % the process ends.',
            unit: 'percentunit',
            max: 1,
            targets: [[`nodejs_heap_size_used_bytes{${BOTH}} / nodejs_heap_size_limit_bytes`, '{{job}} {{instance}}']],
            warn: { yellow: 0.7, red: 0.85 },
            runbook: 'LetheHeapNearLimit',
          },
          {
            title: 'Event loop: late by',
            description: 'How late timers came since the scrape before.',
            unit: 's',
            targets: [
              [`nodejs_eventloop_lag_p99_seconds{${BOTH}}`, '{{job}} {{instance}} 99 %'],
              [`nodejs_eventloop_lag_max_seconds{${BOTH}}`, '{{job}} {{instance}} most'],
            ],
            warn: { yellow: 0.25, red: 1 },
            runbook: 'LetheEventLoopBlocked',
          },
          {
            title: 'Garbage collection',
            description: 'Share of the time spent in collections, by kind.',
            unit: 'percentunit',
            targets: [[rate('nodejs_gc_duration_seconds_sum', BOTH, 'instance, kind'), '{{instance}} {{kind}}']],
            warn: { yellow: 0.1, red: 0.25 },
          },
          {
            title: 'Up since',
            description: 'How long each process has run.',
            unit: 's',
            targets: [[`time() - process_start_time_seconds{${BOTH}}`, '{{job}} {{instance}}']],
            runbook: 'LetheProcessRestarting',
          },
        ],
      },
      {
        title: 'A batch',
        panels: [
          {
            title: 'Stages: 99 %',
            description: 'Time of a batch in each stage, 99th percentile.',
            unit: 's',
            targets: [[quantile(0.99, 'lethe_batch_duration_seconds', WORKERS, 'stage'), '{{stage}}']],
          },
          {
            title: 'Stages: where the time goes',
            description: 'Seconds a second spent in each stage, all partitions of all workers together.',
            unit: 'short',
            targets: [[rate('lethe_batch_duration_seconds_sum', WORKERS, 'stage'), '{{stage}}']],
          },
          {
            title: 'Records per transaction',
            description: 'How many raw records a committed transaction holds.',
            unit: 'short',
            targets: [
              [
                `sum(rate(lethe_records_consumed_total{${WORKERS}}[$__rate_interval])) / sum(rate(lethe_transactions_total{result="committed", ${WORKERS}}[$__rate_interval]))`,
                'records',
              ],
            ],
          },
        ],
      },
      {
        title: 'Redis, registry, Kafka',
        panels: [
          {
            title: 'Redis: 99 %',
            description: 'Time of round trips to Redis by command, 99th percentile, failed ones included.',
            unit: 's',
            targets: [[quantile(0.99, 'lethe_redis_duration_seconds', WORKERS, 'command'), '{{command}}']],
            warn: { yellow: 0.05, red: 0.1 },
            runbook: 'LetheRedisSlow',
          },
          {
            title: 'Look-ups of consents',
            description: 'Round trips that read consents for a batch, a second, by result.',
            unit: 'cps',
            targets: [[rate('lethe_lookups_total', WORKERS, 'result'), '{{result}}']],
          },
          {
            title: 'Schema registry',
            description: 'Requests a second, by result. Schemas are remembered: few is usual.',
            unit: 'cps',
            targets: [[rate('lethe_schema_requests_total', WORKERS, 'result'), '{{result}}']],
            runbook: 'LetheSchemaRegistryFailing',
          },
          {
            title: 'Transactions by worker',
            description: 'Transactions a second that did not commit, by worker and result.',
            unit: 'cps',
            targets: [
              [
                rate('lethe_transactions_total', `result!="committed", ${WORKERS}`, 'instance, result'),
                '{{instance}} {{result}}',
              ],
            ],
            runbook: 'LetheWorkersFenced',
          },
          {
            title: 'Partitions held',
            description: 'Partitions of raw topics, by worker.',
            unit: 'short',
            targets: [[`lethe_assigned_partitions{${WORKERS}}`, '{{instance}}']],
            runbook: 'LetheNoPartitionsAssigned',
          },
          {
            title: 'Rebalances',
            description: 'Rebalances of the group within ten minutes, as seen by each worker.',
            unit: 'short',
            targets: [[`increase(lethe_rebalances_total{${WORKERS}}[10m])`, '{{instance}}']],
            runbook: 'LetheRebalancing',
          },
        ],
      },
      {
        title: 'Versions and bundles',
        panels: [
          {
            title: 'Bundle by worker',
            description: 'Workers that judge by each bundle. Two lines for more than seconds alert.',
            unit: 'short',
            targets: [[`count by (digest) (lethe_bundle_info{${WORKERS}})`, '{{digest}}']],
            runbook: 'LetheBundleMismatch',
          },
          {
            title: 'Bundle loads',
            description: 'Loads of another active bundle within ten minutes, by result.',
            unit: 'short',
            targets: [[`sum by (result) (increase(lethe_bundle_reloads_total{${WORKERS}}[10m]))`, '{{result}}']],
            runbook: 'LetheBundleReloadFailing',
          },
          {
            title: 'Versions',
            description: 'Processes of each version of Lethe.',
            unit: 'short',
            targets: [[`count by (job, version) (lethe_build_info{${BOTH}})`, '{{job}} {{version}}']],
          },
        ],
      },
    ],
  });
