/** The metrics of `lethe control`. No label ever carries a subject or a value. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { registerProcessMetrics } from './process-metrics.ts';

/** A consent is taken within some milliseconds where Kafka is near. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** From the append of a consent event to its being in the view; what is promised is a second. */
const PROJECTION_SECONDS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60];

export const makeControlMetrics = (version: string) => {
  const registry = new Registry();
  const registers = [registry];
  const projected = new Counter({
    name: 'lethe_consent_events_projected_total',
    help: 'Consent events that this process brought into the view; an event that is projected again counts again.',
    registers,
  });
  const projection = new Histogram({
    name: 'lethe_consent_projection_seconds',
    help: 'Time from the append of a consent event to its being in the view, of events that were appended while this process ran.',
    buckets: PROJECTION_SECONDS,
    registers,
  });
  const failures = new Counter({
    name: 'lethe_consent_projection_failures_total',
    help: 'Attempts to bring the view up to date that an outage ended.',
    registers,
  });
  const viewAge = new Gauge({
    name: 'lethe_consent_view_age_seconds',
    help: 'Time since this process last found the view whole.',
    registers,
  });
  const viewGaps = new Counter({
    name: 'lethe_consent_view_gaps_total',
    help: 'Times that the view stood further back than it had been brought: Redis lost what it had acknowledged.',
    registers,
  });
  const apiRequests = new Counter({
    name: 'lethe_api_requests_total',
    help: 'Requests to the control API; the route as declared, never as asked for.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const apiDuration = new Histogram({
    name: 'lethe_api_request_duration_seconds',
    help: 'Time from the head of a request to the control API to the end of the answer.',
    labelNames: ['route'],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const requestsOpen = new Gauge({
    name: 'lethe_requests_open',
    help: 'Requests of subjects that are not at their end.',
    labelNames: ['type'],
    registers,
  });
  const requestAge = new Gauge({
    name: 'lethe_request_age_seconds',
    help: 'Age of the oldest request of subjects that is not at its end; 0 where there is none.',
    labelNames: ['type'],
    registers,
  });
  const requestsOverdue = new Gauge({
    name: 'lethe_requests_overdue',
    help: 'Requests of subjects that are past their deadline and not at their end.',
    labelNames: ['type'],
    registers,
  });
  const requestTimeLeft = new Gauge({
    name: 'lethe_request_time_left_seconds',
    help: 'Time to the next deadline of requests of subjects that are not at their end, negative once it is past; none where there is none.',
    labelNames: ['type'],
    registers,
  });
  const ready = new Gauge({
    name: 'lethe_ready',
    help: 'What /readyz says, by check: 1 well, 0 not.',
    labelNames: ['check'],
    registers,
  });
  const requestCallbacks = new Counter({
    name: 'lethe_request_callbacks_total',
    help: 'Callbacks of requests of subjects that this process tried: delivered, failed (tried again later), or given_up.',
    labelNames: ['result'],
    registers,
  });
  const buildInfo = new Gauge({
    name: 'lethe_build_info',
    help: 'The version that runs: 1.',
    labelNames: ['version'],
    registers,
  });
  viewAge.remove();
  for (const result of ['delivered', 'failed', 'given_up']) requestCallbacks.inc({ result }, 0);
  buildInfo.set({ version }, 1);
  registerProcessMetrics(registers);
  return Object.freeze({
    registry,
    projected,
    projection,
    failures,
    viewAge,
    viewGaps,
    apiRequests,
    apiDuration,
    requestsOpen,
    requestAge,
    requestsOverdue,
    requestTimeLeft,
    requestCallbacks,
    /** Shows what readiness depends on, as of now. */
    showReady: (checks: readonly { readonly name: string; readonly ok: boolean }[]): void => {
      for (const { name, ok } of checks) ready.set({ check: name }, ok ? 1 : 0);
    },
  });
};

export type ControlMetrics = ReturnType<typeof makeControlMetrics>;
