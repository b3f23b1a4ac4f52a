import { describe, expect, it } from 'vitest';
import { makeControlMetrics } from '../../../../services/adapters/metrics/control-metrics.ts';

/** What dashboards and alerts are written against. */
const CONTRACT = [
  'lethe_api_request_duration_seconds histogram',
  'lethe_api_requests_total counter',
  'lethe_build_info gauge',
  'lethe_consent_events_projected_total counter',
  'lethe_consent_projection_failures_total counter',
  'lethe_consent_projection_seconds histogram',
  'lethe_consent_view_age_seconds gauge',
  'lethe_consent_view_gaps_total counter',
  'lethe_ready gauge',
  'lethe_request_age_seconds gauge',
  'lethe_request_time_left_seconds gauge',
  'lethe_requests_open gauge',
  'lethe_requests_overdue gauge',
];

describe('makeControlMetrics', () => {
  it('has these metrics, each with its TYPE line from the start', async () => {
    const text = await makeControlMetrics('1.2.3').registry.metrics();
    const types = (text.match(/^# TYPE lethe_.*$/gm) ?? []).map((line) => line.slice('# TYPE '.length));
    expect(types).toEqual(expect.arrayContaining(CONTRACT));
  });

  it('begins gaps of the view at 0, shows no age before there is one, and what is ready', async () => {
    const { registry, showReady } = makeControlMetrics('1.2.3');
    showReady([{ name: 'consent_view', ok: false }]);
    const text = await registry.metrics();
    expect(text).toContain('\nlethe_consent_view_gaps_total 0\n');
    expect(text).not.toMatch(/^lethe_consent_view_age_seconds/m);
    expect(text).toContain('\nlethe_ready{check="consent_view"} 0\n');
  });
});
