import { describe, expect, it } from 'vitest';
import type { AskedRequest, RequestApi } from '../../../../services/control/api/request-routes.ts';
import { LetheError } from '../../../../services/core/errors.ts';
import type { SubjectRequest } from '../../../../services/core/requests/request.ts';
import { current, makeWorld, RECEIVED, run } from '../../core/requests/world.ts';
import { makeTestApi, SUBJECT, type TestApi } from './test-api.ts';

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
    expect(asked).toEqual([{ subject: SUBJECT, type: 'erasure', regime: 'gdpr', purpose: null }]);
    expect(api.logged.join()).not.toContain(SUBJECT);
    await api.close();
  });

  it.each([
    [{ subject: SUBJECT, subject_request_type: 'rectification' }],
    [{ subject: SUBJECT, subject_request_type: 'erasure', regime: 'GDPR' }],
    [{ subject: '', subject_request_type: 'erasure' }],
    [{ subject: SUBJECT, subject_request_type: 'objection', purpose: 'unheard' }],
    [{ subject: SUBJECT, subject_request_type: 'erasure', tokens: [] }],
  ])('refuses %j with 422 and keeps nothing', async (body) => {
    const { api, asked } = await withRequests();
    expect((await api.ask({ method: 'POST', path: '/v1/requests', body })).status).toBe(422);
    expect(asked).toEqual([]);
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
