/** What the OpenAPI document says of the callbacks of a request. */
import { z } from 'zod';
import type { JsonSchema } from '../../core/api/route.ts';
import { MOST_CALLBACKS } from '../../core/requests/callbacks.ts';
import { REQUEST_TYPES } from '../../core/requests/request.ts';
import { jsonSchemaOf } from './shape.ts';

const instant = z.iso.datetime({ precision: 3 });
const bodyShape = z.strictObject({
  subject_request_id: z.string(),
  subject_request_type: z.enum(REQUEST_TYPES),
  request_status: z.enum(['pending', 'in_progress', 'completed', 'cancelled']),
  received_time: instant,
  expected_completion_time: instant,
  completed_time: instant.nullable(),
  regime: z.string(),
  event_time: instant.meta({ description: 'Of the change: one that comes late does not undo a later one.' }),
});

const HEADERS = {
  'webhook-id': ['Names the change: what comes again has the same one.', '^[0-9a-f-]{36}_[0-9]+$'],
  'webhook-timestamp': ['When it was sent, seconds since 1970.', '^[0-9]+$'],
  'webhook-signature': [
    '`v1a,` and the base64 of the Ed25519 signature over webhook-id, webhook-timestamp and the body, joined by dots (Standard Webhooks 1.0.0). The public key is what `lethe keys public` prints.',
    '^v1a,[A-Za-z0-9+/]{86}==$',
  ],
} as const;

const STATUS_CHANGED = {
  summary: 'The status of the request has changed',
  description:
    'Sent at least once for each status, with growing pauses for up to 24 hours, until it is answered with 2xx. 410 ends it at once. Redirects are not followed.',
  parameters: Object.entries(HEADERS).map(([name, [description, pattern]]) => ({
    ...{ name, in: 'header', required: true, description },
    schema: { type: 'string', pattern },
  })),
  requestBody: { required: true, content: { 'application/json': { schema: jsonSchemaOf(bodyShape) } } },
  responses: {
    '2XX': { description: 'Taken.' },
    '410': { description: 'No more of this change is wanted here.' },
    default: { description: 'It is sent again later.' },
  },
};

/** By name; one for each URL, as OpenAPI has no way to say "each". */
export const CALLBACKS: Readonly<Record<string, JsonSchema>> = {
  statusChanged: Object.fromEntries(
    Array.from({ length: MOST_CALLBACKS }, (_, place) => [
      `{$request.body#/status_callback_urls/${place}}`,
      { post: STATUS_CHANGED },
    ]),
  ),
};
