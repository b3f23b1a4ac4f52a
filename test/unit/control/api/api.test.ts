import { Validator } from '@seriousme/openapi-schema-validator';
import { afterEach, describe, expect, it } from 'vitest';
import { route } from '../../../../services/core/api/route.ts';
import { LetheError } from '../../../../services/core/errors.ts';
import { makeTestApi, NOW, SUBJECT, type Asked, type TestApi } from './test-api.ts';

const open: TestApi[] = [];
const api = async (...change: Parameters<typeof makeTestApi>): Promise<TestApi> => {
  const made = await makeTestApi(...change);
  open.push(made);
  return made;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

const granted = { purpose: 'analytics', decision: 'granted', at: '2026-01-05T10:00:00Z', method: 'explicit' };
const put = (events: readonly object[], more: Partial<Asked> = {}): Asked => ({
  method: 'PUT',
  path: '/v1/consents',
  body: { subject: SUBJECT, events },
  ...more,
});
const query = { path: '/v1/consents/query', body: { subject: SUBJECT } };

describe('the document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { document } = await api();
    const result = await new Validator().validate(document as unknown as Record<string, unknown>);
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
  });

  it('has every route that is served, and no other', async () => {
    const { document, routes } = await api();
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
    expect(new Set(described).size).toBe(described.length);
  });

  it('lets no path hold a subject', async () => {
    const { document } = await api();
    const parameters = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ parameters: list = [] }) => list.map(({ name }) => name));
    expect(parameters.filter((name) => /subject/i.test(name))).toEqual([]);
  });
});

describe('consents', () => {
  it('are taken, told again, and have a receipt', async () => {
    const { ask, log } = await api();
    const taken = await ask(put([granted, { ...granted, purpose: '*', decision: 'withdrawn', at: undefined }]));
    expect(taken.status).toBe(202);
    expect(taken.body).toEqual({
      accepted_at: '2026-06-01T00:00:00.000Z',
      effective: false,
      receipts: [0, 1].map((offset) => ({
        id: `lethe.consent-events/0/${offset}`,
        href: `/v1/receipts/lethe.consent-events/0/${offset}`,
      })),
    });
    expect(log.entries.map(({ event }) => [event.purpose, event.decision, event.at])).toEqual([
      ['analytics', 'granted', Date.UTC(2026, 0, 5, 10)],
      ['*', 'withdrawn', NOW],
    ]);
    const state = await ask(query);
    expect(state.status).toBe(200);
    expect(state.body['purposes']).toMatchObject({ analytics: { decision: 'withdrawn' } });
    const history = await ask({ path: '/v1/consents/history', body: { subject: SUBJECT, purpose: 'analytics' } });
    expect(history.body['events']).toHaveLength(2);
    expect(history.body['intervals']).toMatchObject({
      analytics: [
        { from: null, until: '2026-01-05T10:00:00.000Z', decision: null, bases: { consent: 'consent_missing' } },
        { until: '2026-06-01T00:00:00.000Z', decision: 'granted', bases: { consent: 'allowed' } },
        { until: null, decision: 'withdrawn', bases: { consent: 'consent_withdrawn', opt_out: 'opted_out' } },
      ],
    });
    const receipt = await ask({ method: 'GET', path: '/v1/receipts/lethe.consent-events/0/0' });
    expect(receipt.headers['content-type']).toContain('application/ld+json');
    expect(receipt.body).toMatchObject({
      '@type': 'dpv:ConsentRecord',
      'dpv:hasConsentStatus': { '@id': 'dpv:ConsentGiven' },
      'dpv:hasLegalBasis': { '@id': 'dpv:ExplicitlyExpressedConsent' },
      'dpv:isIndicatedAtTime': { '@value': '2026-01-05T10:00:00.000Z' },
    });
    expect(JSON.stringify(receipt.body)).not.toContain(SUBJECT);
  });

  it('say 200 once workers see them, 202 where that takes long', async () => {
    const fast = await api();
    expect(await fast.ask(put([granted], { path: '/v1/consents?wait=effective' }))).toMatchObject({
      status: 200,
      body: { effective: true },
    });
    const slow = await api({ effective: async () => false });
    expect(await slow.ask(put([granted], { path: '/v1/consents?wait=effective' }))).toMatchObject({
      status: 202,
      body: { effective: false },
    });
  });

  it('of a batch are all taken or none', async () => {
    const { ask, log } = await api();
    const events = [
      { subject: 'a', ...granted },
      { subject: 'b', ...granted, decision: 'maybe' },
      { subject: '', ...granted },
    ];
    const refused = await ask({ path: '/v1/consents/batch', body: { events } });
    expect(refused.status).toBe(422);
    expect((refused.body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)).toEqual([
      '/events/1/decision',
      '/events/2/subject',
    ]);
    expect(log.entries).toEqual([]);
    const taken = await ask({
      path: '/v1/consents/batch',
      body: { events: [events[0], { ...events[0], subject: 'b' }] },
    });
    expect(taken.body['receipts']).toHaveLength(2);
  });

  it('of a purpose that the active configuration lacks are refused; without one, nobody can tell', async () => {
    const { ask, log } = await api();
    const misspelt = await ask(put([{ ...granted, purpose: 'analitics', decision: 'withdrawn' }]));
    expect(misspelt).toMatchObject({
      status: 422,
      body: { type: 'urn:lethe:problem:unknown_purpose', errors: [{ pointer: '/events/0/purpose' }] },
    });
    expect(JSON.stringify(misspelt.body)).not.toContain('analitics');
    expect(log.entries).toEqual([]);
    const unpushed = await api({ purposes: async () => null });
    expect((await unpushed.ask(put([{ ...granted, purpose: 'analitics' }]))).status).toBe(202);
  });

  it.each(['erased', 'reinstated'])('that say %s need a scope of their own', async (decision) => {
    const { ask, log } = await api();
    const refused = await ask(put([{ ...granted, decision }], { token: 'writes' }));
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toContain('scope="consents:erase"');
    expect(log.entries).toEqual([]);
    expect((await ask(put([{ ...granted, decision }]))).status).toBe(202);
  });

  it.each([
    ['by header', {}, { 'sec-gpc': '1' }, 202],
    ['by body', { gpc: true }, {}, 202],
    ['absent', {}, {}, 422],
    ['with another value', {}, { 'sec-gpc': '0' }, 422],
    ['denied', { gpc: false }, {}, 422],
  ])('a GPC signal %s', async (_, body, headers, status) => {
    const { ask, log } = await api();
    expect((await ask({ path: '/v1/consents/gpc', body: { subject: SUBJECT, ...body }, headers })).status).toBe(status);
    expect(log.entries.map(({ event }) => [event.purpose, event.decision, event.method])).toEqual(
      status === 202 ? [['*', 'denied', 'gpc']] : [],
    );
  });

  it('are not acknowledged where the feed does not take them', async () => {
    const failing = {
      append: async () => {
        throw new LetheError('unavailable', `no answer about ${SUBJECT}`, { dependency: 'kafka' });
      },
    };
    const { ask, logged } = await api({ failing });
    const said = await ask(put([granted], { headers: { 'idempotency-key': 'k' } }));
    expect(said).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect((await ask(put([granted], { headers: { 'idempotency-key': 'k' } }))).status).toBe(503);
    expect(JSON.stringify([said.body, logged])).not.toContain(SUBJECT);
  });
});

describe('an Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'order-1' };

  it('makes the same request the same answer and one event', async () => {
    const { ask, log } = await api();
    const first = await ask(put([granted], { headers }));
    const again = await ask(put([{ ...granted }], { headers }));
    expect(again.body).toEqual(first.body);
    expect(log.entries).toHaveLength(1);
    await ask(put([granted]));
    expect(log.entries).toHaveLength(2);
  });

  it('of another request is refused; of another token it is another key', async () => {
    const { ask, log } = await api();
    await ask(put([granted], { headers }));
    const other = await ask(put([{ ...granted, decision: 'withdrawn' }], { headers }));
    expect(other).toMatchObject({ status: 422, body: { type: 'urn:lethe:problem:idempotency_key_reused' } });
    expect(log.entries).toHaveLength(1);
    expect((await ask(put([{ ...granted, decision: 'withdrawn' }], { headers, token: 'writes' }))).status).toBe(202);
  });

  it('that is being worked on is a conflict', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const failing = { append: async () => (await promise, [7]) };
    const { ask } = await api({ failing });
    const first = ask(put([granted], { headers }));
    await new Promise((done) => setImmediate(done));
    await expect.poll(async () => (await ask(put([granted], { headers }))).status).toBe(409);
    resolve();
    expect((await first).status).toBe(202);
  });

  it('of a request that failed may be used again', async () => {
    let fails = true;
    const failing = {
      append: async () => {
        if (fails) throw new LetheError('unavailable', 'away', { dependency: 'kafka' });
        return [3];
      },
    };
    const { ask } = await api({ failing });
    expect((await ask(put([granted], { headers }))).status).toBe(503);
    fails = false;
    expect((await ask(put([granted], { headers }))).status).toBe(202);
  });
});

describe('who may', () => {
  it('a request without a token, or with a wrong one, is 401', async () => {
    const { ask } = await api();
    const none = await ask({ ...query, token: null });
    expect(none).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="lethe"' } });
    const wrong = await ask({ ...query, token: 'guess' });
    expect(wrong.headers['www-authenticate']).toBe('Bearer realm="lethe", error="invalid_token"');
    expect((await ask({ ...query, token: null, headers: { authorization: 'Basic YTpi' } })).status).toBe(401);
  });

  it('a token without the scope is 403, on every route that has one', async () => {
    const { ask, routes } = await api();
    for (const { method, path, scope } of routes) {
      if (scope === null) continue;
      const token = scope === 'consents:read' ? 'writes' : 'reads';
      const said = await ask({
        method,
        path: path.replaceAll(/\{\w+\}/g, '1'),
        token,
        ...(method === 'GET' ? {} : { body: {} }),
      });
      expect([path, said.status]).toEqual([path, 403]);
      expect(said.headers['www-authenticate']).toBe(
        `Bearer realm="lethe", error="insufficient_scope", scope="${scope}"`,
      );
    }
  });

  it('a token has so many requests a minute, each token its own', async () => {
    const { ask } = await api({ perMinute: 2 });
    expect((await ask(query)).status).toBe(200);
    expect((await ask(query)).status).toBe(200);
    const third = await ask(query);
    expect(third.status).toBe(429);
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask({ ...query, token: 'reads' })).status).toBe(200);
  });
});

describe('what cannot be understood', () => {
  it.each<[string, Asked, number]>([
    ['an unknown path', { path: '/v1/nothing', body: {} }, 404],
    ['a path that is not decodable', { method: 'GET', path: '/v1/receipts/%zz/0/0' }, 400],
    ['a receipt of another topic', { method: 'GET', path: '/v1/receipts/orders/0/0' }, 404],
    ['a receipt that is not there', { method: 'GET', path: '/v1/receipts/lethe.consent-events/0/9' }, 404],
    ['a receipt of no number', { method: 'GET', path: '/v1/receipts/lethe.consent-events/0/-1' }, 404],
    ['another method', { method: 'DELETE', path: '/v1/consents' }, 405],
    ['OPTIONS', { method: 'OPTIONS', path: '/v1/consents' }, 405],
    ['another content type', { ...query, body: 'a=b', headers: { 'content-type': 'text/plain' } }, 415],
    ['no body', { path: '/v1/consents/query' }, 400],
    ['an empty body', { ...query, body: '' }, 400],
    ['no JSON', { ...query, body: '{"subject":' }, 400],
    ['a key twice', { ...query, body: '{"subject":"a","subject":"b"}' }, 400],
    [
      'a key twice deep down',
      { ...put([]), body: '{"subject":"a","events":[{"decision":"denied","decision":"granted"}]}' },
      400,
    ],
    ['__proto__', { ...query, body: '{"subject":"a","__proto__":{"x":1}}' }, 400],
    ['bytes that are no UTF-8', { ...query, body: Buffer.from([0x22, 0xff, 0x22]) }, 400],
    ['a byte order mark', { ...query, body: '\uFEFF{"subject":"a"}' }, 400],
    ['a subject that is a number', { ...query, body: { subject: 12 } }, 422],
    ['a lone surrogate', { ...query, body: '{"subject":"\\ud800"}' }, 422],
    ['NUL', { ...query, body: { subject: 'a\0' } }, 422],
    ['a subject too long', { ...query, body: { subject: 'x'.repeat(1_025) } }, 422],
    ['an unknown property', { ...query, body: { subject: 'a', more: 1 } }, 422],
    ['an unknown query', { ...query, path: '/v1/consents/query?subject=a' }, 422],
    ['another wait', put([granted], { path: '/v1/consents?wait=long' }), 422],
    ['wait twice', put([granted], { path: '/v1/consents?wait=effective&wait=effective' }), 422],
    ['no events', put([]), 422],
    ['too many events', put(Array.from({ length: 101 }, () => granted)), 422],
    ['a date alone', put([{ ...granted, at: '2026-01-05' }]), 422],
    ['an end before the start', put([{ ...granted, expires: '2026-01-04T00:00:00Z' }]), 422],
    ['a region in lower case', put([{ ...granted, region: 'de' }]), 422],
    ['a body too large', { ...query, body: { subject: 'x'.repeat(256 * 1024) } }, 413],
    ['arrays a hundred thousand deep', { ...query, body: `${'['.repeat(1e5)}${']'.repeat(1e5)}` }, 422],
    ['an idempotency key of spaces', put([granted], { headers: { 'idempotency-key': 'a b' } }), 400],
  ])('%s', async (_, asked, status) => {
    const { ask, log } = await api();
    const said = await ask(asked);
    expect(said.status).toBe(status);
    expect(said.headers['content-type']).toContain('application/problem+json');
    expect(said.body['instance']).toBe(said.headers['x-request-id']);
    expect(log.entries).toEqual([]);
  });

  it('repeats neither keys nor values of what it refuses', async () => {
    const { ask, logged } = await api();
    const canary = {
      canary: 'canary',
      at: 'canary',
      purpose: 'canary\0',
      decision: 'canary',
      region: 'canary',
      recipients: 'canary',
    };
    const said = await ask(put([canary, granted, { ...granted, canary: 1 }, 'canary' as unknown as object]));
    expect(said.status).toBe(422);
    expect((said.body['errors'] as object[]).length).toBeGreaterThan(6);
    expect(JSON.stringify([said.body, logged])).not.toContain('canary');
  });

  it('says what is allowed where the method is not', async () => {
    const { ask } = await api();
    expect((await ask({ method: 'DELETE', path: '/v1/consents' })).headers['allow']).toBe('PUT');
    expect((await ask({ path: '/v1/openapi.json', body: {} })).headers['allow']).toBe('GET, HEAD');
  });

  it('a bug is 500 and repeats nothing', async () => {
    const broken = route({
      method: 'GET',
      path: '/v1/broken',
      scope: null,
      document: { operationId: 'broken', tag: 'x', summary: 'x', answers: {} },
      handle: async () => {
        throw new TypeError(`cannot read ${SUBJECT}`);
      },
    });
    const { ask, logged } = await api({ extra: [broken] });
    const said = await ask({ method: 'GET', path: '/v1/broken' });
    expect(said.status).toBe(500);
    expect(JSON.stringify([said.body, logged])).not.toContain(SUBJECT);
    expect(logged.join('\n')).toContain('TypeError');
  });
});

describe('what is told of a request', () => {
  it('takes a request id that is one, and makes one otherwise', async () => {
    const { ask } = await api();
    const id = '0123456789abcdef-trace';
    expect((await ask({ ...query, headers: { 'x-request-id': id } })).headers['x-request-id']).toBe(id);
    for (const bad of ['short', `${SUBJECT}-and-more`, 'x'.repeat(65)]) {
      const given = (await ask({ ...query, headers: { 'x-request-id': bad } })).headers['x-request-id'];
      expect(given).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('logs and counts the route as declared, the token by name, and never what was asked', async () => {
    const { ask, logged, served } = await api();
    await ask(put([granted], { token: 'writes' }));
    await ask({ method: 'GET', path: `/v1/receipts/${SUBJECT}/0/0?x=${SUBJECT}` });
    await ask({ method: 'GET', path: `/v1/subjects/${SUBJECT}` });
    expect(served.slice(1).map(({ route: path, method, status }) => [path, method, status])).toEqual([
      ['/v1/consents', 'PUT', 202],
      ['/v1/receipts/{topic}/{partition}/{offset}', 'GET', 422],
      ['unmatched', 'GET', 404],
    ]);
    expect(logged.join('\n')).not.toContain('4711');
    expect(JSON.parse(logged[1] ?? '')).toMatchObject({ token: 'writes', route: '/v1/consents', status: 202 });
    expect(logged.join('\n')).not.toContain('Bearer');
  });

  it('is not cached, and no other site may ask', async () => {
    const { ask } = await api();
    const { headers } = await ask({ ...query, headers: { origin: 'https://example.com' } });
    expect(headers['cache-control']).toBe('no-store');
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});
