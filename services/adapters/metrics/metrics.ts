/**
 * The metrics of DESIGN section 10, and what alerts need beside them: these names, types and labels are a contract with dashboards and alerts. No label
 * ever carries a subject, a value or a raw path from data.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { registerProcessMetrics } from './process-metrics.ts';

/** Of a step of a batch, in seconds: an empty look-up to a publish that waited for a broker's election. */
const STEP_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Of one command to Redis, in seconds; the adapter gives up after a few. */
const COMMAND_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** Of a record's age when it is decided about: a live stream, a backlog, a replay of last month. */
const AGE_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 3600, 21_600, 86_400, 604_800, 2_592_000];
/** Of a withdrawal from its acceptance to the last publication, in seconds; what is promised is one (issue 5). */
const PROPAGATION_SECONDS = [0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 300];

/**
 * Makes every metric in a registry of its own. Each prints its TYPE line from the start; a gauge without labels that
 * nobody has set prints no sample, because 0 would say something (a view of age 0 is a perfect one).
 */
export const makeMetrics = (version: string) => {
  const registry = new Registry();
  const registers = [registry];
  const beforeScrape: (() => void)[] = [];

  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly L[] = [],
  ): Histogram<L> => new Histogram({ name, help, labelNames, buckets: [...buckets], registers });

  const recordsConsumed = counter('lethe_records_consumed_total', 'Raw records that were decided about.', ['route']);
  const decisions = counter('lethe_decisions_total', 'Decisions, by outcome (published, withheld) and reason.', [
    'route',
    'output',
    'outcome',
    'reason',
  ]);
  const deadLetters = counter('lethe_dead_letters_total', 'Raw records that could not be decided about, by code.', [
    'route',
    'code',
  ]);
  const fields = counter('lethe_fields_total', 'Declared fields met in records, by category and action.', [
    'route',
    'output',
    'category',
    'action',
  ]);
  const bytes = counter('lethe_bytes_total', 'Bytes of values, by direction (in, out).', ['route', 'direction']);
  const batchDuration = histogram('lethe_batch_duration_seconds', 'Time a batch spent in each stage.', STEP_SECONDS, [
    'stage',
  ]);
  const recordAge = histogram('lethe_record_age_seconds', 'Age of records when decided about.', AGE_SECONDS, ['route']);
  const consumerLag = gauge('lethe_consumer_lag_records', 'Records between the last decided one and the end.', [
    'topic',
    'partition',
  ]);
  const pausedPartitions = gauge('lethe_paused_partitions', 'Partitions that wait, by cause.', ['topic', 'cause']);
  const rebalances = counter('lethe_rebalances_total', 'Rebalances of the consumer group that this worker saw.');
  const transactions = counter('lethe_transactions_total', 'Kafka transactions, by result.', ['result']);
  const lookups = counter('lethe_lookups_total', 'Round trips that read consents for a batch, by result.', ['result']);
  const redisDuration = histogram('lethe_redis_duration_seconds', 'Time of commands to Redis.', COMMAND_SECONDS, [
    'command',
  ]);
  const consentViewAge = gauge('lethe_consent_view_age_seconds', 'Age of the consent view, where one is projected.');
  const consentPropagation = histogram(
    'lethe_consent_propagation_seconds',
    'Of each commit that published something of a person: how long before it, at most, a withdrawal can have been accepted that it did not heed.',
    PROPAGATION_SECONDS,
  );
  const consentMaxStaleness = gauge(
    'lethe_consent_max_staleness_seconds',
    'LETHE_CONSENT_MAX_STALENESS: the age of the consent view at which this worker pauses.',
  );
  const schemaRequests = counter('lethe_schema_requests_total', 'Requests to the schema registry, by result.', [
    'result',
  ]);
  const bundleInfo = gauge('lethe_bundle_info', 'The bundle in use: 1 for its digest.', ['digest']);
  const bundleReloads = counter('lethe_bundle_reloads_total', 'Loads of another active bundle, by result.', ['result']);
  const shadowDivergence = counter(
    'lethe_shadow_divergence_total',
    'Records for which the candidate in shadow would have come to something else, by kind.',
    ['route', 'output', 'kind'],
  );
  const shadowBundleInfo = gauge('lethe_shadow_bundle_info', 'The candidate evaluated in shadow: 1 for its digest.', [
    'digest',
  ]);
  const ready = gauge('lethe_ready', 'What /readyz says, by check: 1 well, 0 not.', ['check']);
  const assignedPartitions = gauge('lethe_assigned_partitions', 'Partitions of raw topics that this worker has.');
  const buildInfo = gauge('lethe_build_info', 'The version that runs: 1.', ['version']);

  consentViewAge.remove();
  consentMaxStaleness.remove();
  // From the start: a series that begins at 1 has not increased, for Prometheus, when it was counted for the first time.
  for (const result of ['committed', 'aborted', 'fenced', 'stale']) transactions.inc({ result }, 0);
  for (const result of ['loaded', 'failed']) bundleReloads.inc({ result }, 0);
  for (const result of ['ok', 'error']) lookups.inc({ result }, 0);
  for (const result of ['ok', 'not_found', 'refused', 'error']) schemaRequests.inc({ result }, 0);
  buildInfo.set({ version }, 1);
  registerProcessMetrics(registers);

  return Object.freeze({
    registry,
    recordsConsumed,
    decisions,
    deadLetters,
    fields,
    bytes,
    batchDuration,
    recordAge,
    consumerLag,
    pausedPartitions,
    rebalances,
    transactions,
    lookups,
    redisDuration,
    consentViewAge,
    consentPropagation,
    consentMaxStaleness,
    schemaRequests,
    bundleInfo,
    bundleReloads,
    shadowDivergence,
    shadowBundleInfo,
    ready,
    assignedPartitions,
    buildInfo,
    /** Makes this digest the only one that `lethe_bundle_info` shows. */
    useBundle: (digest: string): void => {
      bundleInfo.reset();
      bundleInfo.set({ digest }, 1);
    },
    /** Makes this digest the only one that `lethe_shadow_bundle_info` shows; null: none. */
    useShadow: (digest: string | null): void => {
      shadowBundleInfo.reset();
      if (digest !== null) shadowBundleInfo.set({ digest }, 1);
    },
    /** Shows what readiness depends on, as of now. */
    showReady: (checks: readonly { readonly name: string; readonly ok: boolean }[]): void => {
      for (const { name, ok } of checks) ready.set({ check: name }, ok ? 1 : 0);
    },
    /** Has `set` run before each scrape, for gauges whose value is only worth knowing then. It must not throw. */
    onScrape: (set: () => void): void => {
      beforeScrape.push(set);
    },
    /** The Prometheus text format; `registry.contentType` is its content type. */
    text: async (): Promise<string> => {
      for (const set of beforeScrape) set();
      return await registry.metrics();
    },
  });
};

export type Metrics = ReturnType<typeof makeMetrics>;
