/** The metrics that `lethe top` reads: DESIGN section 10, adapters/metrics/metrics.ts. */
export const RECORDS = 'lethe_records_consumed_total';
export const DECISIONS = 'lethe_decisions_total';
export const DEAD_LETTERS = 'lethe_dead_letters_total';
export const BYTES = 'lethe_bytes_total';
export const AGE_BUCKETS = 'lethe_record_age_seconds_bucket';
export const LAG = 'lethe_consumer_lag_records';
export const PAUSED = 'lethe_paused_partitions';
export const VIEW_AGE = 'lethe_consent_view_age_seconds';
export const BUNDLE = 'lethe_bundle_info';
export const READY = 'lethe_ready';
export const BUILD = 'lethe_build_info';

/** They only grow. */
export const COUNTERS: ReadonlySet<string> = new Set([RECORDS, DECISIONS, DEAD_LETTERS, BYTES, AGE_BUCKETS]);
const GAUGES: ReadonlySet<string> = new Set([LAG, PAUSED, VIEW_AGE, BUNDLE, READY, BUILD]);

export function isRead(name: string): boolean {
  return COUNTERS.has(name) || GAUGES.has(name);
}
