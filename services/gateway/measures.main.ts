/** Joins what the worker tells to Prometheus' metrics. Part of the composition root. */
import type { Metrics } from '../adapters/metrics/metrics.ts';
import type { TransportObserver } from '../core/transport.ts';
import type { Health } from './health.ts';
import type { Measures } from './measures.ts';

export function makeMeasures(metrics: Metrics): Measures {
  return {
    stage: (stage, seconds) => metrics.batchDuration.observe({ stage }, seconds),
    viewAge: (seconds) => metrics.consentViewAge.set(seconds),
    propagation: (seconds) => metrics.consentPropagation.observe(seconds),
    batch: (counts) => {
      const { route } = counts;
      metrics.recordsConsumed.inc({ route }, counts.consumed);
      metrics.bytes.inc({ route, direction: 'in' }, counts.bytesIn);
      metrics.bytes.inc({ route, direction: 'out' }, counts.bytesOut);
      for (const { output, outcome, reason, count } of counts.decisions) {
        metrics.decisions.inc({ route, output, outcome, reason }, count);
      }
      for (const [code, count] of counts.deadLetters) metrics.deadLetters.inc({ route, code }, count);
      for (const { output, category, effect, count } of counts.fields) {
        metrics.fields.inc({ route, output, category, action: effect }, count);
      }
      for (const { output, kind, count } of counts.divergence) {
        metrics.shadowDivergence.inc({ route, output, kind }, count);
      }
      const age = metrics.recordAge.labels({ route });
      for (const seconds of counts.ages) age.observe(seconds);
    },
  };
}

export function transportObserver(metrics: Metrics, health: Health): TransportObserver {
  let joined = false;
  return {
    assigned: (assignment) => {
      // The first assignment is a start; every other one is a rebalance.
      if (joined) metrics.rebalances.inc();
      joined = true;
      let count = 0;
      for (const partitions of assignment.values()) count += partitions.length;
      health.assigned(count);
      metrics.assignedPartitions.set(count);
      metrics.consumerLag.reset();
    },
    paused: (topic, cause, partitions) => metrics.pausedPartitions.set({ topic, cause }, partitions),
    lag: (topic, partition, records) => metrics.consumerLag.set({ topic, partition }, records),
    transaction: (result) => {
      metrics.transactions.inc({ result });
      if (result === 'committed') health.kafkaWell();
    },
    down: () => health.kafkaFailed(),
    stage: (stage, seconds) => metrics.batchDuration.observe({ stage }, seconds),
  };
}
