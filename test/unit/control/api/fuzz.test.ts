/** Bad input as the OpenAPI document invites it: always a problem, never a 500, and nothing stored. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fitting, type Schema, tampered } from './from-schema.ts';
import { makeTestApi, type Said, type TestApi } from './test-api.ts';

/** Hundreds of requests a test, on machines that others use too. */
vi.setConfig({ testTimeout: 60_000 });

let api: TestApi;
beforeAll(async () => {
  api = await makeTestApi({ purposes: async () => null });
});
afterAll(() => api.close());

const WITH_BODY = [
  ['POST', '/v1/consents/query'],
  ['POST', '/v1/consents/history'],
  ['PUT', '/v1/consents'],
  ['POST', '/v1/consents/batch'],
  ['POST', '/v1/consents/gpc'],
] as const;

const bodySchema = (method: string, path: string): Schema =>
  api.document.paths[path]?.[method.toLowerCase()]?.requestBody?.content['application/json'].schema as Schema;

/** The test API has held the answer against the document already. */
function expectRefused(said: Said, stored: number): void {
  expect(said.status).toBeGreaterThanOrEqual(400);
  expect(said.status).toBeLessThan(500);
  expect(said.headers['content-type']).toContain('application/problem+json');
  expect(api.log.entries.length).toBe(stored);
}

it('tries every operation that has a body', () => {
  const described = Object.entries(api.document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody }]) =>
      requestBody === undefined ? [] : [`${method.toUpperCase()} ${path}`],
    ),
  );
  // What a feed takes is its own matter, and only after its signature: feed-routes.test.ts.
  const shaped = described.filter((each) => each !== 'POST /v1/feeds/{feed}');
  expect(shaped.sort()).toEqual(WITH_BODY.map((each) => each.join(' ')).sort());
});

describe.each(WITH_BODY)('%s %s', (method, path) => {
  it('takes what the document says it takes', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fitting(bodySchema(method, path)), async (body) => {
        const { status } = await api.ask({ method, path, body, headers: { 'sec-gpc': '1' } });
        // What no schema can say: an end before its start, text of control characters.
        expect([200, 202, 422]).toContain(status);
        if (status !== 422) taken++;
      }),
      { numRuns: 60 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  it('refuses what the document does not allow, and stores nothing of it', async () => {
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    const allowed = ajv.compile(bodySchema(method, path));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(tampered(fitting(bodySchema(method, path))), async (body) => {
        const stored = api.log.entries.length;
        const said = await api.ask({ method, path, body: JSON.stringify(body) ?? '' });
        if (allowed(body) && said.status < 300) return;
        refused++;
        expectRefused(said, stored);
      }),
      { numRuns: 200 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it('refuses bytes that are no JSON', async () => {
    const text = fitting(bodySchema(method, path)).map((body) => Buffer.from(JSON.stringify(body)));
    const cut = fc.tuple(text, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % bytes.length));
    const flipped = fc
      .tuple(text, fc.nat(), fc.constantFrom(0x00, 0x0a, 0xc0, 0xed, 0xff))
      .map(([bytes, at, by]) => Buffer.from(bytes).fill(by, at % bytes.length, (at % bytes.length) + 1));
    await fc.assert(
      fc.asyncProperty(fc.oneof(cut, flipped, fc.uint8Array({ maxLength: 200 })), async (bytes) => {
        const stored = api.log.entries.length;
        const said = await api.ask({ method, path, body: Buffer.from(bytes) });
        expectRefused(said, stored);
      }),
      { numRuns: 100 },
    );
  });
});

it('answers whatever path, query and header with a problem', async () => {
  const odd = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => encodeURIComponent(text.toWellFormed()));
  const raw = fc.constantFrom(
    '..',
    '%',
    '%zz',
    '%00',
    '%2e%2e',
    '%c0%af',
    'consents%2Fquery',
    '',
    '//',
    'x'.repeat(3_000),
  );
  const path = fc
    .tuple(
      fc.constantFrom('/', '/v1/', '/v1/consents/', '/v1/receipts/', '/v1/receipts/lethe.consent-events/0/'),
      fc.oneof(odd, raw),
    )
    .map((parts) => parts.join(''));
  const query = fc.oneof(
    fc.constant(''),
    fc.tuple(odd, odd).map(([key, value]) => `?${key}=${value}&${key}=1&wait`),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS'),
      path,
      query,
      fc.string({ maxLength: 300 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?')),
      async (method, where, asked, header) => {
        const stored = api.log.entries.length;
        const said = await api.ask({
          method,
          path: `${where}${asked}`,
          ...(method === 'GET' ? {} : { body: {} }),
          headers: { 'idempotency-key': header, 'x-request-id': header },
        });
        expectRefused(said, stored);
      },
    ),
    { numRuns: 200 },
  );
});
