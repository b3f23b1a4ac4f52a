/** `/v1/consents`: what subjects consented to. */
import { type ApiRoute, route } from '../../core/api/route.ts';
import { problem } from '../../core/api/problem.ts';
import { readConsentHistory } from '../../core/consent-history.ts';
import { readConsents } from '../../core/consent-report.ts';
import { z } from 'zod';
import { acceptEvents } from './accept-events.ts';
import {
  ACCEPTED_SCHEMA,
  batchShape,
  eventOf,
  gpcShape,
  HISTORY_SCHEMA,
  purposeShape,
  putShape,
  STATE_SCHEMA,
  subjectShape,
  waitShape,
} from './consent-shapes.ts';
import { IDEMPOTENCY_HEADER } from './idempotently.ts';
import type { ConsentParts } from './parts.ts';
import { shape } from './shape.ts';

const BATCH_LIMIT = 4 * 1024 * 1024;
const TAKEN = {
  answers: {
    200: { description: 'Taken, and workers see it (`wait=effective`).', schema: ACCEPTED_SCHEMA },
    202: { description: 'Taken: the feed has the events for good.', schema: ACCEPTED_SCHEMA },
  },
  problems: ['conflict', 'unknown_purpose', 'idempotency_key_reused'],
} as const;

export function consentRoutes(parts: ConsentParts): readonly ApiRoute[] {
  return [
    route({
      method: 'POST',
      path: '/v1/consents/query',
      scope: 'consents:read',
      body: shape(z.strictObject({ subject: subjectShape })),
      document: {
        operationId: 'queryConsents',
        tag: 'consents',
        summary: 'What a subject consents to now, by purpose',
        description: 'A POST, so that the subject id is in no URL. It changes nothing.',
        answers: { 200: { description: 'The state as workers see it.', schema: STATE_SCHEMA } },
      },
      handle: async ({ body }) => {
        const report = await readConsents(body.subject, parts.keyring, parts.view, parts.now());
        const { now, viewOf, erased, region, purposes } = report;
        return { status: 200, body: { now, viewOf, erased, region, purposes } };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/consents/history',
      scope: 'consents:read',
      body: shape(z.strictObject({ subject: subjectShape, purpose: purposeShape.exactOptional() })),
      document: {
        operationId: 'consentHistory',
        tag: 'consents',
        summary: 'Every consent event of a subject, and what was in force when',
        description: 'With `purpose`: those for it and those for `*`. A POST, so that the subject id is in no URL.',
        answers: { 200: { description: 'Intervals and events.', schema: HISTORY_SCHEMA } },
      },
      handle: async ({ body }) => {
        const { subject, purpose } = body;
        // One look for both, so that they tell of the same events.
        const snapshot = await parts.view.load(parts.keyring.subjectTokens(subject));
        const view = { load: async () => snapshot };
        const { now, viewOf, events } = await readConsents(subject, parts.keyring, view, parts.now());
        const asked = purpose === undefined ? {} : { purpose };
        const { purposes } = await readConsentHistory(subject, parts.keyring, view, asked);
        const shown = events.filter((event) => purpose === undefined || [purpose, '*'].includes(event.purpose));
        return { status: 200, body: { now, viewOf, intervals: purposes, events: shown } };
      },
    }),
    route({
      method: 'PUT',
      path: '/v1/consents',
      scope: 'consents:write',
      body: shape(putShape),
      query: shape(waitShape),
      document: {
        operationId: 'putConsents',
        tag: 'consents',
        summary: 'What a subject said: one event or several',
        headers: IDEMPOTENCY_HEADER,
        ...TAKEN,
      },
      handle: (call) => {
        const { subject, events } = call.body;
        const offered = events.map((asked, index) => ({
          subject,
          pointer: `/events/${index}`,
          event: (now: number) => eventOf(asked, now),
        }));
        return acceptEvents(parts, call, 'put', offered, call.query.wait === 'effective');
      },
    }),
    route({
      method: 'POST',
      path: '/v1/consents/batch',
      scope: 'consents:write',
      bodyLimit: BATCH_LIMIT,
      body: shape(batchShape),
      query: shape(waitShape),
      document: {
        operationId: 'batchConsents',
        tag: 'consents',
        summary: 'Events of many subjects: all are taken, or none where one is not valid',
        headers: IDEMPOTENCY_HEADER,
        ...TAKEN,
      },
      handle: (call) => {
        const offered = call.body.events.map(({ subject, ...asked }, index) => ({
          subject,
          pointer: `/events/${index}`,
          event: (now: number) => eventOf(asked, now),
        }));
        return acceptEvents(parts, call, 'batch', offered, call.query.wait === 'effective');
      },
    }),
    route({
      method: 'POST',
      path: '/v1/consents/gpc',
      scope: 'consents:write',
      body: shape(gpcShape),
      query: shape(waitShape),
      document: {
        operationId: 'globalPrivacyControl',
        tag: 'consents',
        summary: 'A Global Privacy Control signal: the subject opts out of everything that can be opted out of',
        description:
          'Forward the browser’s `Sec-GPC: 1`, or say `"gpc": true`. It is recorded as `denied` for `*` with method `gpc`; what was granted by name later counts again.',
        headers: {
          ...IDEMPOTENCY_HEADER,
          'Sec-GPC': { description: 'As the browser sent it.', schema: { type: 'string' } },
        },
        ...TAKEN,
      },
      handle: async (call) => {
        const { subject, gpc, ...said } = call.body;
        if (gpc !== true && call.header('sec-gpc') !== '1') {
          const errors = [{ pointer: '/gpc', detail: 'must be true where the header Sec-GPC is not 1' }];
          return problem('invalid', 'There is no signal: a missing one says nothing.', { errors });
        }
        const asked = { ...said, purpose: '*', decision: 'denied', method: 'gpc' } as const;
        const offered = [{ subject, pointer: '', event: (now: number) => eventOf(asked, now) }];
        return acceptEvents(parts, call, 'gpc', offered, call.query.wait === 'effective');
      },
    }),
  ];
}
