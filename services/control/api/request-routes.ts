/** `/v1/requests`: requests of subjects, in the words of OpenDSR 2.0. */
import { z } from 'zod';
import { problem } from '../../core/api/problem.ts';
import { type ApiRoute, route } from '../../core/api/route.ts';
import { LetheError } from '../../core/errors.ts';
import type { AccessReport } from '../../core/requests/access.ts';
import { MOST_CALLBACKS } from '../../core/requests/callbacks.ts';
import { receiptDocument } from '../../core/requests/receipt.ts';
import { REQUEST_TYPES, type SubjectRequest } from '../../core/requests/request.ts';
import { showRequest } from '../../core/requests/show.ts';
import { purposeShape, subjectShape } from './consent-shapes.ts';
import { CALLBACKS } from './request-callbacks.ts';
import { IDEMPOTENCY_HEADER, idempotently } from './idempotently.ts';
import type { ConsentParts } from './parts.ts';
import { jsonSchemaOf, shape } from './shape.ts';

export type AskedRequest = {
  readonly subject: string;
  readonly type: SubjectRequest['received']['type'];
  readonly regime: string;
  readonly purpose: string | null;
  /** Checked. */
  readonly callbacks: readonly string[];
};

/** What the routes need of the outside. All but `create` throw `unavailable` alone, `callback` nothing. */
export type RequestApi = {
  /** Resolves once the request is kept. Throws `usage` where nobody could carry it out. */
  readonly create: (asked: AskedRequest) => Promise<SubjectRequest>;
  /** The URL, normalized; or what is asked of one, which holds nothing of it. */
  readonly callback: (
    url: string,
  ) => { readonly ok: true; readonly url: string } | { readonly ok: false; readonly problem: string };
  /** All, in the order in which they came. */
  readonly all: () => Promise<ReadonlyMap<string, SubjectRequest>>;
  readonly report: (request: SubjectRequest) => Promise<AccessReport>;
  /** As it is then, cancelled or not; null: there is none. */
  readonly cancel: (id: string) => Promise<SubjectRequest | null>;
};

type RequestRouteParts = Pick<ConsentParts, 'idempotency' | 'keyring' | 'newId' | 'now'> & {
  readonly requests: RequestApi;
};

/** A rectification needs corrected events: `lethe request create` takes them. */
const TYPES = REQUEST_TYPES.filter((type) => type !== 'rectification');
const MOST = 1_000;

const instant = z.iso.datetime({ precision: 3 });
const STATUS = z.enum(['pending', 'in_progress', 'completed', 'cancelled']);
const shownShape = z.strictObject({
  subject_request_id: z.string(),
  subject_request_type: z.enum(REQUEST_TYPES),
  request_status: STATUS,
  received_time: instant,
  expected_completion_time: instant,
  completed_time: instant.nullable(),
  regime: z.string(),
  overdue: z.boolean(),
  next_step: z.string().nullable(),
  waiting_for: z.string().nullable(),
  steps: z.array(
    z.strictObject({
      step: z.string(),
      at: instant,
      result: z.string().nullable(),
      coordinates: z.array(z.string()),
    }),
  ),
  callbacks: z.array(
    z.strictObject({
      host: z.string(),
      request_status: STATUS,
      event_time: instant,
      state: z.enum(['waiting', 'delivered', 'given_up']),
      reason: z.string().nullable(),
    }),
  ),
});
const SHOWN = jsonSchemaOf(shownShape);

const createShape = z.strictObject({
  subject: subjectShape,
  subject_request_type: z.enum(TYPES),
  regime: z
    .string()
    .regex(/^[a-z][a-z0-9_.-]{0,63}$/)
    .exactOptional()
    .meta({ description: 'The law that it is made under; its deadline follows from it. Default `gdpr`.' }),
  purpose: purposeShape.exactOptional().meta({ description: 'Of an objection: the purpose. Default: all.' }),
  status_callback_urls: z.array(z.string().max(2048)).max(MOST_CALLBACKS).exactOptional().meta({
    description:
      'Told of each change of the status. https, of hosts that the setting LETHE_CALLBACK_HOSTS names: without it they are refused.',
  }),
});

const listShape = z.strictObject({
  status: z.enum(['open', 'all']).exactOptional().meta({ description: 'Default `open`: those not at their end.' }),
});

const idParam = {
  id: { description: 'As the request was answered with.', schema: { type: 'string', maxLength: 64 } },
} as const;

export function requestRoutes(parts: RequestRouteParts): readonly ApiRoute[] {
  const { requests } = parts;
  const found = async (id: string | undefined): Promise<SubjectRequest | null> =>
    (await requests.all()).get(id ?? '') ?? null;
  const missing = problem('not_found', 'There is no such request.');

  return [
    route({
      method: 'POST',
      path: '/v1/requests',
      scope: 'requests:write',
      body: shape(createShape),
      document: {
        operationId: 'createRequest',
        tag: 'requests',
        summary: 'A subject asks for erasure, access, objection, restriction or opt-out of sale',
        description: 'Erasure needs the scope `consents:erase` as well. It is carried out by itself.',
        headers: IDEMPOTENCY_HEADER,
        answers: { 202: { description: 'Received, and kept.', schema: SHOWN } },
        problems: ['conflict', 'idempotency_key_reused'],
        callbacks: CALLBACKS,
      },
      handle: async (call) => {
        const { subject, subject_request_type: type, regime = 'gdpr', purpose = null } = call.body;
        const urls = (call.body.status_callback_urls ?? []).map(requests.callback);
        const errors = urls.flatMap((one, place) =>
          one.ok ? [] : [{ pointer: `/status_callback_urls/${place}`, detail: one.problem }],
        );
        if (errors.length > 0) return problem('invalid', 'A callback cannot be called.', { errors });
        const callbacks = urls.flatMap((one) => (one.ok ? [one.url] : []));
        if (type === 'erasure' && call.caller?.scopes.has('consents:erase') !== true) {
          return problem('insufficient_scope', 'Erasing needs the scope consents:erase.');
        }
        try {
          const done = await idempotently(parts, call, 'request', call.body, async () =>
            showRequest(await requests.create({ subject, type, regime, purpose, callbacks }), parts.now()),
          );
          return done.ok ? { status: 202, body: done.result } : done.answer;
        } catch (error) {
          if (!(error instanceof LetheError) || error.code !== 'usage') throw error;
          return problem('invalid', 'The request cannot be carried out: its purpose is not known, or is of no use.', {
            errors: [{ pointer: '/purpose', detail: 'must be a purpose of the active configuration, of an objection' }],
          });
        }
      },
    }),
    route({
      method: 'GET',
      path: '/v1/requests',
      scope: 'requests:read',
      query: shape(listShape),
      document: {
        operationId: 'listRequests',
        tag: 'requests',
        summary: `Requests of subjects, the oldest first; of more than ${MOST} the latest`,
        answers: {
          200: {
            description: 'The requests.',
            schema: jsonSchemaOf(z.strictObject({ requests: z.array(shownShape) })),
          },
        },
      },
      handle: async ({ query }) => {
        const all = [...(await requests.all()).values()];
        const wanted = all.filter(({ status }) => query.status === 'all' || status === 'open').slice(-MOST);
        return { status: 200, body: { requests: wanted.map((request) => showRequest(request, parts.now())) } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/requests/{id}',
      scope: 'requests:read',
      document: {
        operationId: 'getRequest',
        tag: 'requests',
        summary: 'One request: its state, and the steps done',
        params: idParam,
        answers: { 200: { description: 'The request.', schema: SHOWN } },
        problems: ['not_found'],
      },
      handle: async ({ params }) => {
        const request = await found(params['id']);
        return request === null ? missing : { status: 200, body: showRequest(request, parts.now()) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/requests/{id}',
      scope: 'requests:write',
      document: {
        operationId: 'cancelRequest',
        tag: 'requests',
        summary: 'Take a request back, as long as nothing was done for it',
        description: 'Cancelling what is cancelled changes nothing.',
        params: idParam,
        answers: { 200: { description: 'The request, cancelled.', schema: SHOWN } },
        problems: ['not_found', 'conflict'],
      },
      handle: async ({ params }) => {
        const request = await requests.cancel(params['id'] ?? '');
        if (request === null) return missing;
        if (request.status !== 'cancelled') {
          return problem('conflict', 'It is too late: something was done for the request already.');
        }
        return { status: 200, body: showRequest(request, parts.now()) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/requests/{id}/receipt',
      scope: 'requests:read',
      document: {
        operationId: 'getRequestReceipt',
        tag: 'requests',
        summary: 'The signed receipt of a completed request',
        description: 'Ed25519 over the line `lethe receipt 1` and the JSON of `receipt` without white space.',
        params: idParam,
        answers: {
          200: {
            description: 'The receipt.',
            schema: {
              type: 'object',
              required: ['receipt', 'key', 'signature'],
              properties: { receipt: { type: 'object' }, key: { type: 'string' }, signature: { type: 'string' } },
              additionalProperties: false,
            },
          },
        },
        problems: ['not_found'],
      },
      handle: async ({ params }) => {
        const receipt = (await found(params['id']))?.receipt ?? null;
        if (receipt === null) return problem('not_found', 'There is no such request, or it is not completed.');
        return { status: 200, body: receiptDocument(receipt) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/requests/{id}/report',
      scope: 'requests:read',
      document: {
        operationId: 'getRequestReport',
        tag: 'requests',
        summary: 'What Lethe knows of the subject of an access request; holds no values',
        description: 'Made when it is asked for: it reads outputs and the audit, and may take its time.',
        params: idParam,
        answers: {
          200: {
            description: 'The report.',
            schema: {
              type: 'object',
              required: ['kind', 'request', 'made', 'tokens', 'consents', 'history', 'published', 'forms', 'limits'],
            },
          },
        },
        problems: ['not_found'],
      },
      handle: async ({ params }) => {
        const request = await found(params['id']);
        if (request === null || request.received.type !== 'access') {
          return problem('not_found', 'There is no such request of access.');
        }
        return { status: 200, body: await requests.report(request) };
      },
    }),
  ];
}
