/** Is it kept? What is withheld and why, how soon consents take effect, and what becomes of requests of subjects. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { CONTROL, dashboard, INSTANCE, quantile, rate, ROUTE, WORKERS } from './panels.ts';

const increase = (metric: string): string => `sum(increase(${metric}{${CONTROL}}[$__rate_interval]))`;

export const privacy = (): Dashboard =>
  dashboard({
    uid: 'lethe-privacy',
    title: 'Lethe / Privacy',
    description: 'What is withheld and why, how soon consents take effect, dead letters, requests of subjects.',
    variables: ['route', 'instance'],
    rows: [
      {
        title: 'What is released',
        panels: [
          {
            title: 'Withheld',
            description: 'Share of the decisions of each output that withheld the record.',
            unit: 'percentunit',
            max: 1,
            targets: [
              [
                `${rate('lethe_decisions_total', `outcome="withheld", ${ROUTE}`, 'output')} / ${rate('lethe_decisions_total', ROUTE, 'output')}`,
                '{{output}}',
              ],
            ],
          },
          {
            title: 'Withheld by reason',
            description: 'Decisions that withheld a record, a second, by output and reason.',
            unit: 'cps',
            targets: [
              [
                rate('lethe_decisions_total', `outcome="withheld", ${ROUTE}`, 'output, reason'),
                '{{output}} {{reason}}',
              ],
            ],
          },
          {
            title: 'Withheld for erasure',
            description: 'Decisions that withheld a record because its subject is erased, a second.',
            unit: 'cps',
            targets: [[rate('lethe_decisions_total', `reason="erased", ${ROUTE}`, 'output'), '{{output}}']],
          },
          {
            title: 'Fields by action',
            description: 'Declared fields met in records, a second, by output and what was done to them.',
            unit: 'cps',
            targets: [[rate('lethe_fields_total', ROUTE, 'output, action'), '{{output}} {{action}}']],
          },
          {
            title: 'Fields kept, by category',
            description: 'Fields that left unchanged, a second, by category. A new line here is a new release.',
            unit: 'cps',
            targets: [
              [rate('lethe_fields_total', `action="keep", ${ROUTE}`, 'output, category'), '{{output}} {{category}}'],
            ],
          },
          {
            title: 'Dead letters by code',
            description:
              'Records that could not be decided about, a second. They are encrypted, and published nowhere.',
            unit: 'cps',
            targets: [[rate('lethe_dead_letters_total', ROUTE, 'route, code'), '{{route}} {{code}}']],
            runbook: 'LetheDeadLettersHigh',
          },
        ],
      },
      {
        title: 'How soon consents take effect',
        panels: [
          {
            title: 'Withdrawal: propagation',
            description:
              'Of each commit: how long before it a withdrawal can have been accepted that it did not heed, at most. Promised is 1 s, the hard bound is 5 s.',
            unit: 's',
            targets: [
              [quantile(0.5, 'lethe_consent_propagation_seconds', WORKERS), 'median'],
              [quantile(0.99, 'lethe_consent_propagation_seconds', WORKERS), '99 %'],
            ],
            warn: { yellow: 1, red: 5 },
            runbook: 'LetheWithdrawalBurnFast',
          },
          {
            title: 'Consent view age',
            description:
              'How old the view was when a worker last asked, when the consent plane last found it whole, and the age at which workers pause.',
            unit: 's',
            targets: [
              [`lethe_consent_view_age_seconds{${INSTANCE}}`, '{{job}} {{instance}}'],
              [`min(lethe_consent_max_staleness_seconds{${WORKERS}})`, 'workers pause'],
            ],
            runbook: 'LetheConsentViewStale',
          },
          {
            title: 'Projection',
            description: 'From the append of a consent event to its being in the view.',
            unit: 's',
            targets: [
              [quantile(0.5, 'lethe_consent_projection_seconds', CONTROL), 'median'],
              [quantile(0.99, 'lethe_consent_projection_seconds', CONTROL), '99 %'],
            ],
            warn: { yellow: 0.5, red: 1 },
            runbook: 'LetheProjectionSlow',
          },
          {
            title: 'Consent events',
            description: 'Events brought into the view, a second. Events that are projected again count again.',
            unit: 'cps',
            targets: [[rate('lethe_consent_events_projected_total', CONTROL, 'instance'), '{{instance}}']],
          },
          {
            title: 'Projection: trouble',
            description:
              'Attempts that an outage ended, and times that the view went back: Redis lost acknowledged writes.',
            unit: 'short',
            targets: [
              [increase('lethe_consent_projection_failures_total'), 'failures'],
              [increase('lethe_consent_view_gaps_total'), 'view went back'],
            ],
            runbook: 'LetheConsentViewWentBack',
          },
          {
            title: 'API: requests',
            description: 'Requests to the control API, a second, by route and status.',
            unit: 'cps',
            targets: [
              [rate('lethe_api_requests_total', CONTROL, 'route, method, status'), '{{method}} {{route}} {{status}}'],
            ],
            runbook: 'LetheControlApiErrors',
          },
          {
            title: 'API: duration',
            description: 'Time to answer, by route.',
            unit: 's',
            targets: [[quantile(0.99, 'lethe_api_request_duration_seconds', CONTROL, 'route'), '{{route}} 99 %']],
          },
        ],
      },
      {
        title: 'Requests of subjects',
        panels: [
          {
            title: 'Overdue',
            description: 'Open requests past their deadline.',
            unit: 'short',
            stat: true,
            targets: [['sum(max by (type) (lethe_requests_overdue))', 'overdue']],
            warn: { yellow: 1, red: 1 },
            runbook: 'LetheRequestOverdue',
          },
          {
            title: 'Open erasures',
            description: 'Erasures that are not at their end.',
            unit: 'short',
            stat: true,
            targets: [['max(lethe_requests_open{type="erasure"})', 'open']],
            runbook: 'LetheRequestStuck',
          },
          {
            title: 'Open, by type',
            description: 'Requests that are not at their end.',
            unit: 'short',
            targets: [['max by (type) (lethe_requests_open)', '{{type}}']],
            runbook: 'LetheRequestStuck',
          },
          {
            title: 'Age of the oldest',
            description:
              'How long the oldest open request of each type has been open. Minutes are usual; a day alerts.',
            unit: 's',
            targets: [['max by (type) (lethe_request_age_seconds)', '{{type}}']],
            warn: { yellow: 3_600, red: 86_400 },
            runbook: 'LetheRequestStuck',
          },
          {
            title: 'Time left',
            description: 'To the next deadline of an open request, by type; no line where none is open. A week alerts.',
            unit: 's',
            targets: [['min by (type) (lethe_request_time_left_seconds)', '{{type}}']],
            warn: { yellow: 14 * 86_400, red: 7 * 86_400, below: true },
            runbook: 'LetheRequestDeadlineNear',
          },
          {
            title: 'Callbacks',
            description: 'Callbacks that were delivered, failed and are tried again, or were given up.',
            unit: 'short',
            targets: [
              [`sum by (result) (increase(lethe_request_callbacks_total{${CONTROL}}[$__rate_interval]))`, '{{result}}'],
            ],
            runbook: 'LetheCallbacksGivenUp',
          },
        ],
      },
    ],
  });
