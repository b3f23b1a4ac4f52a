/** Does it work? Rate, errors and duration of each route, lag, and what stands still and why. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, quantile, rate, ROUTE } from './panels.ts';

const CONSUMED = rate('lethe_records_consumed_total', ROUTE, 'route');

export const overview = (): Dashboard =>
  dashboard({
    uid: 'lethe-overview',
    title: 'Lethe / Overview',
    description: 'Rate, errors and duration of each route; lag; outcomes; what is paused and why.',
    variables: ['route'],
    rows: [
      {
        title: 'Promises',
        panels: [
          {
            title: 'Workers',
            description: 'Workers that Prometheus reaches.',
            unit: 'short',
            stat: true,
            targets: [['sum(up{job="lethe-gateway"}) or vector(0)', 'workers']],
            warn: { yellow: 1, red: 1, below: true },
            runbook: 'LetheNoWorker',
          },
          {
            title: 'Alerts firing',
            description: 'Alerts of Lethe that fire now.',
            unit: 'short',
            stat: true,
            targets: [['count(ALERTS{alertname=~"Lethe.*", alertstate="firing"}) or vector(0)', 'alerts']],
            warn: { yellow: 1, red: 1 },
          },
          {
            title: 'Available, last hour',
            description:
              'Share of partitions, over the last hour, that a worker could work on. The objective is 99.9 %.',
            unit: 'percentunit',
            stat: true,
            max: 1,
            targets: [['1 - lethe:unavailable:ratio_avg1h', 'available']],
            warn: { yellow: 0.999, red: 0.9856, below: true },
            runbook: 'LetheAvailabilityBurnFast',
          },
          {
            title: 'Fresh, last hour',
            description:
              'Share of records decided about within 15 s of their event time, of the worst of the routes. The objective is 99 %.',
            unit: 'percentunit',
            stat: true,
            max: 1,
            targets: [[`1 - max(route:lethe_freshness_errors:ratio_rate1h{${ROUTE}})`, 'fresh']],
            warn: { yellow: 0.99, red: 0.856, below: true },
            runbook: 'LetheFreshnessBurnFast',
          },
          {
            title: 'Withdrawal heeded, last hour',
            description: 'Share of commits that rest on consents asked for at most 1 s before. The objective is 99 %.',
            unit: 'percentunit',
            stat: true,
            max: 1,
            targets: [['1 - lethe:withdrawal_errors:ratio_rate1h', 'in time']],
            warn: { yellow: 0.99, red: 0.856, below: true },
            runbook: 'LetheWithdrawalBurnFast',
          },
          {
            title: 'Records waiting',
            description: 'Records between the last one decided about and the end of the raw topics, all together.',
            unit: 'short',
            stat: true,
            targets: [['sum(topic:lethe_consumer_lag_records:sum)', 'records']],
            warn: { yellow: 10_000, red: 1_000_000 },
            runbook: 'LetheLagGrowing',
          },
        ],
      },
      {
        title: 'Rate, errors, duration by route',
        panels: [
          {
            title: 'Records',
            description: 'Raw records decided about, a second.',
            unit: 'cps',
            targets: [[CONSUMED, '{{route}}']],
          },
          {
            title: 'Dead letters',
            description: 'Share of the raw records that could not be decided about. More than 1 % alerts.',
            unit: 'percentunit',
            targets: [
              [`(${rate('lethe_dead_letters_total', ROUTE, 'route')} or 0 * ${CONSUMED}) / ${CONSUMED}`, '{{route}}'],
            ],
            warn: { yellow: 0.005, red: 0.01 },
            runbook: 'LetheDeadLettersHigh',
          },
          {
            title: 'Record age',
            description:
              'Time from the event to the decision. A producer that sends late, or old events again, shows here too: compare with the lag.',
            unit: 's',
            targets: [
              [quantile(0.5, 'lethe_record_age_seconds', ROUTE, 'route'), '{{route}} median'],
              [quantile(0.99, 'lethe_record_age_seconds', ROUTE, 'route'), '{{route}} 99 %'],
            ],
            warn: { yellow: 5, red: 15 },
            runbook: 'LetheFreshnessBurnFast',
          },
          {
            title: 'Outcomes',
            description: 'Decisions a second, by output. A withheld record leaves nothing in that output.',
            unit: 'cps',
            width: 12,
            targets: [[rate('lethe_decisions_total', ROUTE, 'output, outcome'), '{{output}} {{outcome}}']],
          },
          {
            title: 'Reasons',
            description: 'Why records are withheld, a second.',
            unit: 'cps',
            width: 12,
            targets: [[rate('lethe_decisions_total', `outcome="withheld", ${ROUTE}`, 'reason'), '{{reason}}']],
          },
          {
            title: 'Bytes',
            description: 'Bytes of values in and out, a second.',
            unit: 'Bps',
            targets: [[rate('lethe_bytes_total', ROUTE, 'route, direction'), '{{route}} {{direction}}']],
          },
          {
            title: 'Lag',
            description: 'Records that wait, by raw topic, as of the last batch of each partition.',
            unit: 'short',
            targets: [['topic:lethe_consumer_lag_records:sum', '{{topic}}']],
            runbook: 'LetheLagGrowing',
          },
          {
            title: 'Transactions',
            description:
              'Kafka transactions a second, by result. stale: a consent changed meanwhile, and the batch was decided about again. fenced: another worker took the partition over.',
            unit: 'cps',
            targets: [['sum by (result) (rate(lethe_transactions_total[$__rate_interval]))', '{{result}}']],
            runbook: 'LetheTransactionsAborting',
          },
        ],
      },
      {
        title: 'What stands still, and why',
        panels: [
          {
            title: 'Paused partitions',
            description: 'The most that were paused within a minute, by topic and cause. They go on by themselves.',
            unit: 'short',
            targets: [['topic_cause:lethe_paused_partitions:max1m', '{{topic}}: {{cause}}']],
            warn: { yellow: 1, red: 1 },
            runbook: 'LethePartitionsPaused',
          },
          {
            title: 'Not ready',
            description: 'Processes whose /readyz says no, by what it says.',
            unit: 'short',
            targets: [['sum by (job, check) (1 - lethe_ready)', '{{job}} {{check}}']],
            warn: { yellow: 1, red: 1 },
            runbook: 'LetheWorkerNotReady',
          },
          {
            title: 'Budgets: how fast they burn',
            description:
              'How many times faster than a month the budget of errors is used up, over an hour. 1 lasts a month, 14.4 two days.',
            unit: 'short',
            targets: [
              [`route:lethe_freshness_errors:ratio_rate1h{${ROUTE}} / 0.01`, 'freshness {{route}}'],
              ['lethe:unavailable:ratio_avg1h / 0.001', 'availability'],
              ['lethe:withdrawal_errors:ratio_rate1h / 0.01', 'withdrawal'],
            ],
            warn: { yellow: 6, red: 14.4 },
            runbook: 'LetheAvailabilityBurnFast',
          },
        ],
      },
    ],
  });
