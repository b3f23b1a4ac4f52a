import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { AskedRequest, RequestApi } from '../../../../services/control/api/request-routes.ts';
import { LetheError } from '../../../../services/core/errors.ts';
import { callbackBody, callbackHeaders } from '../../../../services/core/requests/callbacks.ts';
import type { SubjectRequest } from '../../../../services/core/requests/request.ts';
import { current, makeWorld, RECEIVED, run } from '../../core/requests/world.ts';
import { makeTestApi, SUBJECT, type TestApi } from './test-api.ts';

type CallbackOperation = {
  readonly requestBody: { readonly content: { readonly 'application/json': { readonly schema: object } } };
  readonly parameters: readonly { readonly name: string; readonly schema: { readonly pattern: string } }[];
};

async function withRequests(): Promise<{ api: TestApi; asked: AskedRequest[]; held: Map<string, SubjectRequest> }> {
  const asked: AskedRequest[] = [];
  const open = current(makeWorld());
  const held = new Map([
    ['r-1', open],
    ['r-2', { ...(await run(makeWorld())), id: 'r-2' }],
    ['r-3', { ...current(makeWorld({ ...RECEIVED, type: 'access' })), id: 'r-3' }],
  ]);
  const requests: RequestApi = {
    create: async (one) => {
      if (one.purpose === 'unheard') throw new LetheError('usage', 'no such purpose');
      asked.push(one);
      return open;
    },
    all: async () => held,
    callback: (url) =>
      url.startsWith('https://hooks.example.com/') ? { ok: true, url } : { ok: false, problem: 'must be one of ours' },
    cancel: async (id) => {
      const request = held.get(id) ?? null;
      return request?.status === 'open' ? { ...request, status: 'cancelled', endedAt: 3000 } : request;
    },
    report: async ({ id }) => ({
      kind: 'lethe.access_report',
      request: id,
      made: '2026-01-01T00:00:00.000Z',
      tokens: [],
      erased: false,
      consents: {},
      history: [],
      published: [],
      forms: [],
      limits: [],
    }),
  };
  const api = await makeTestApi({ requests });
  return { api, asked, held };
}

describe('/v1/requests', () => {
  it('receives a request once for an Idempotency-Key, and repeats nothing of the subject', async () => {
    const { api, asked } = await withRequests();
    const body = { subject: SUBJECT, subject_request_type: 'erasure' };
    const headers = { 'idempotency-key': 'k-1' };
    for (let time = 0; time < 2; time++) {
      const said = await api.ask({ method: 'POST', path: '/v1/requests', body, headers });
      expect(said).toMatchObject({ status: 202, body: { subject_request_id: 'r-1', request_status: 'pending' } });
      expect(JSON.stringify(said.body)).not.toContain(SUBJECT);
    }
    expect(asked).toEqual([{ subject: SUBJECT, type: 'erasure', regime: 'gdpr', purpose: null, callbacks: [] }]);
    expect(api.logged.join()).not.toContain(SUBJECT);
    await api.close();
  });

  it.each([
    [{ subject: SUBJECT, subject_request_type: 'rectification' }],
    [{ subject: SUBJECT, subject_request_type: 'erasure', regime: 'GDPR' }],
    [{ subject: '', subject_request_type: 'erasure' }],
    [{ subject: SUBJECT, subject_request_type: 'objection', purpose: 'unheard' }],
    [{ subject: SUBJECT, subject_request_type: 'erasure', tokens: [] }],
    [{ subject: SUBJECT, subject_request_type: 'erasure', status_callback_urls: 'https://hooks.example.com/' }],
    [
      {
        subject: SUBJECT,
        subject_request_type: 'erasure',
        status_callback_urls: Array(6).fill('https://hooks.example.com/'),
      },
    ],
  ])('refuses %j with 422 and keeps nothing', async (body) => {
    const { api, asked } = await withRequests();
    expect((await api.ask({ method: 'POST', path: '/v1/requests', body })).status).toBe(422);
    expect(asked).toEqual([]);
    await api.close();
  });

  it('takes callbacks that may be called, and says of the others what is asked for, without repeating them', async () => {
    const { api, asked } = await withRequests();
    const body = { subject: SUBJECT, subject_request_type: 'access' };
    const urls = ['https://hooks.example.com/told?t=1', 'https://elsewhere.example/?t=1'];
    const refused = await api.ask({
      method: 'POST',
      path: '/v1/requests',
      body: { ...body, status_callback_urls: urls },
    });
    expect(refused).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/status_callback_urls/1', detail: 'must be one of ours' }] },
    });
    expect(JSON.stringify(refused.body)).not.toContain('elsewhere');
    expect(asked).toEqual([]);
    const taken = { ...body, status_callback_urls: urls.slice(0, 1) };
    expect((await api.ask({ method: 'POST', path: '/v1/requests', body: taken })).status).toBe(202);
    expect(asked).toMatchObject([{ callbacks: urls.slice(0, 1) }]);
    expect(api.logged.join()).not.toContain('t=1');
    await api.close();
  });

  it('describes in OpenAPI what it sends to callbacks', async () => {
    const { api } = await withRequests();
    const operation = api.document.paths['/v1/requests']?.['post'] as unknown as {
      callbacks: { statusChanged: Record<string, { post: CallbackOperation }> };
    };
    const told = Object.entries(operation.callbacks.statusChanged);
    expect(told.map(([at]) => at)).toEqual([0, 1, 2, 3, 4].map((at) => `{$request.body#/status_callback_urls/${at}}`));
    const { requestBody, parameters } = told[0]![1].post;
    const ajv = addFormats.default(new Ajv2020({ strict: false }));
    const request = await run(makeWorld());
    const id = '8a1f6c9e-52a5-4b6f-9a37-0f6b1c9d7e21';
    for (const change of request.changes) {
      const body = callbackBody({ ...request, id }, change);
      expect(ajv.validate(requestBody.content['application/json'].schema, body), ajv.errorsText()).toBe(true);
      const signature = Buffer.alloc(64).toString('base64');
      const headers = callbackHeaders(change.message.replace('r-1', id), '', () => signature, 1);
      for (const { name, schema } of parameters) expect(headers[name]).toMatch(new RegExp(schema.pattern));
    }
    await api.close();
  });

  it('lists those that are open, or all, and shows one', async () => {
    const { api } = await withRequests();
    const ids = async (path: string): Promise<string[]> =>
      ((await api.ask({ method: 'GET', path })).body['requests'] as { subject_request_id: string }[]).map(
        (one) => one.subject_request_id,
      );
    expect(await ids('/v1/requests')).toEqual(['r-1', 'r-3']);
    expect(await ids('/v1/requests?status=all')).toEqual(['r-1', 'r-2', 'r-3']);
    expect((await api.ask({ method: 'GET', path: '/v1/requests/r-2' })).body).toMatchObject({
      request_status: 'completed',
    });
    expect((await api.ask({ method: 'GET', path: '/v1/requests/unheard' })).status).toBe(404);
    await api.close();
  });

  it('gives receipts of what is completed, and reports of access alone', async () => {
    const { api } = await withRequests();
    expect((await api.ask({ method: 'GET', path: '/v1/requests/r-2/receipt' })).body).toMatchObject({ key: 'k' });
    expect((await api.ask({ method: 'GET', path: '/v1/requests/r-1/receipt' })).status).toBe(404);
    expect((await api.ask({ method: 'GET', path: '/v1/requests/r-3/report' })).body).toMatchObject({ request: 'r-3' });
    expect((await api.ask({ method: 'GET', path: '/v1/requests/r-2/report' })).status).toBe(404);
    await api.close();
  });

  it('takes back what nothing was done for', async () => {
    const { api } = await withRequests();
    const cancel = async (id: string, token?: string) =>
      api.ask({ method: 'DELETE', path: `/v1/requests/${id}`, ...(token === undefined ? {} : { token }) });
    expect(await cancel('r-1')).toMatchObject({ status: 200, body: { request_status: 'cancelled' } });
    expect((await cancel('r-2')).status).toBe(409);
    expect((await cancel('unheard')).status).toBe(404);
    expect((await cancel('r-1', 'reads')).status).toBe(403);
    await api.close();
  });

  it('wants the scopes', async () => {
    const { api, asked } = await withRequests();
    const body = { subject: SUBJECT, subject_request_type: 'access' };
    expect((await api.ask({ method: 'POST', path: '/v1/requests', body, token: 'writes' })).status).toBe(403);
    expect((await api.ask({ method: 'GET', path: '/v1/requests', token: 'reads' })).status).toBe(403);
    expect(asked).toEqual([]);
    await api.close();
  });
});
