/** Deliveries of feeds over the API: whose they are, that they are taken once, and that a bad one changes nothing. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { checkDelivery } from '../../../../services/adapters/crypto/feed-auth.ts';
import { decodeTcString } from '../../../../services/adapters/tcf/tc-string.ts';
import type { Caller } from '../../../../services/core/api/scopes.ts';
import { LetheError } from '../../../../services/core/errors.ts';
import { writtenFeeds } from '../../core/feeds/written-feed.ts';
import { type Asked, makeTestApi, NOW, SUBJECT, type TestApi } from './test-api.ts';

const KEY = Buffer.alloc(32, 7);
const FILES = { webhook: `whsec_${KEY.toString('base64')}`, shared: 'zebra-zebra-zebra-zebra' };
const signedAuth = { scheme: 'standard_webhooks', secret_files: ['webhook'] };
const sharedAuth = { scheme: 'shared_header', header: 'x-lethe-feed', secret_files: ['shared'] };
const MAPPED = { purposes: { p1: ['analytics'], p2: ['nobody-knows'] }, ignore: ['p3'] };
const feeds = writtenFeeds(
  {
    site: { kind: 'webhook', auth: signedAuth },
    eraser: { kind: 'webhook', auth: signedAuth, may_erase: true },
    onetrust: { kind: 'onetrust', auth: sharedAuth, ...MAPPED },
    gpc: { kind: 'gpc', auth: { scheme: 'api_token' } },
  },
  FILES,
);

const open: TestApi[] = [];
const api = async (change: Parameters<typeof makeTestApi>[0] = {}): Promise<TestApi> => {
  const authenticate = (token: string): Caller | null => {
    if (token !== 'feeds' && token !== 'reads') return null;
    return { name: token, scopes: new Set([token === 'feeds' ? 'feeds:write' : 'consents:read']), perMinute: null };
  };
  const made = await makeTestApi({ feeds, check: checkDelivery, authenticate, decodeTc: decodeTcString, ...change });
  open.push(made);
  return made;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

const event = { subject: SUBJECT, purpose: 'analytics', decision: 'withdrawn', at: '2026-05-01T10:00:00Z' };
const delivery = (events: readonly unknown[]): string => JSON.stringify({ events });

function signed(
  body: string,
  { id = 'msg_1', at = NOW, key = KEY, feed = 'site' }: { id?: string; at?: number; key?: Buffer; feed?: string } = {},
): Asked {
  const timestamp = String(Math.floor(at / 1_000));
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
  return { path: `/v1/feeds/${feed}`, token: null, body, headers };
}

const receipt = (purposes: readonly object[], more: object = {}): Asked => ({
  path: '/v1/feeds/onetrust',
  token: null,
  headers: { 'x-lethe-feed': FILES.shared },
  body: { receiptId: 'r-1', identifier: SUBJECT, interactionDate: '2026-05-01T10:00:00Z', purposes, ...more },
});

describe('a delivery', () => {
  it('is taken as the consents that it tells of', async () => {
    const { ask, log } = await api();
    const said = await ask(signed(delivery([event])));
    expect(said).toMatchObject({ status: 202, body: { effective: false, ignored: 0 } });
    expect(log.entries.map((entry) => entry.event)).toEqual([
      {
        purpose: 'analytics',
        decision: 'withdrawn',
        at: Date.UTC(2026, 4, 1, 10),
        region: null,
        recipients: [],
        method: null,
        notice: null,
        source: 'feed:site',
        expires: null,
      },
    ]);
  });

  it('can be waited for', async () => {
    const { ask } = await api();
    const asked = signed(delivery([event]));
    expect(await ask({ ...asked, path: `${asked.path}?wait=effective` })).toMatchObject({ status: 200 });
  });

  it('that is only of what is ignored is taken, and changes nothing', async () => {
    const { ask, log } = await api();
    const said = await ask(receipt([{ Id: 'p3', TransactionType: 'WITHDRAWN' }]));
    expect(said).toMatchObject({ status: 202, body: { receipts: [], ignored: 1 } });
    expect(log.entries).toEqual([]);
  });

  it('says nothing of the subject in the log', async () => {
    const { ask, logged, served } = await api();
    await ask(signed(delivery([event])));
    await ask(signed(delivery([{ ...event, at: SUBJECT }])));
    expect(JSON.stringify([logged, served])).not.toContain(SUBJECT);
    expect(served.at(-1)).toMatchObject({ route: '/v1/feeds/{feed}', status: 422 });
  });
});

describe('comes again', () => {
  it.each([
    ['signed anew, under its id', signed(delivery([event])), signed(delivery([event]), { at: NOW + 60_000 })],
    [
      'with the provider’s id in another envelope',
      receipt([{ Id: 'p1', TransactionType: 'CONFIRMED' }]),
      receipt([{ Id: 'p1', TransactionType: 'CONFIRMED' }], { attempt: 2 }),
    ],
    [
      'without any id, to the letter',
      receipt([{ Id: 'p1', TransactionType: 'OPT_OUT' }], { receiptId: null }),
      receipt([{ Id: 'p1', TransactionType: 'OPT_OUT' }], { receiptId: null }),
    ],
  ])('%s: the same answer, and no second event', async (_, first, second) => {
    const { ask, log } = await api();
    const said = await ask(first);
    const again = await ask(second);
    expect(said.status).toBe(202);
    expect(again.body).toEqual(said.body);
    expect(log.entries).toHaveLength(1);
  });

  it('under its id with another message: refused, so that a withdrawal cannot be lost behind a grant', async () => {
    const { ask, log } = await api();
    await ask(signed(delivery([{ ...event, decision: 'granted' }])));
    const said = await ask(signed(delivery([event])));
    expect(said.body['type']).toBe('urn:lethe:problem:idempotency_key_reused');
    expect(log.entries).toHaveLength(1);
    expect(await ask(signed(delivery([event]), { id: 'msg_2' }))).toMatchObject({ status: 202 });
  });

  it('at another feed: another delivery', async () => {
    const { ask, log } = await api();
    await ask(signed(delivery([event])));
    await ask(signed(delivery([event]), { feed: 'eraser' }));
    expect(log.entries).toHaveLength(2);
  });

  it('after the topic could not be written: taken then', async () => {
    const down = new LetheError('unavailable', 'kafka is down', { dependency: 'kafka' });
    let fails = true;
    const appended: unknown[] = [];
    const failing = {
      append: async (entries: readonly unknown[]) => {
        if (fails) throw down;
        appended.push(...entries);
        return entries.map((_, index) => index);
      },
    };
    const { ask } = await api({ failing });
    expect(await ask(signed(delivery([event])))).toMatchObject({ status: 503 });
    fails = false;
    expect(await ask(signed(delivery([event])))).toMatchObject({ status: 202 });
    expect(appended).toHaveLength(1);
  });
});

describe('nothing is taken of', () => {
  const good = delivery([event]);
  const changed = good.replace('withdrawn', 'granted');
  it.each<readonly [string, Asked, number]>([
    ['an unsigned delivery', { path: '/v1/feeds/site', token: null, body: good }, 401],
    ['a token in place of a signature', { path: '/v1/feeds/site', body: good }, 401],
    ['a wrong signature', signed(good, { key: Buffer.alloc(32, 8) }), 401],
    ['another body than was signed', { ...signed(good), body: changed }, 401],
    ['the same JSON in other bytes', { ...signed(good), body: ` ${good}` }, 401],
    ['an old signature', signed(good, { at: NOW - 301_000 }), 401],
    ['a signature of the future', signed(good, { at: NOW + 301_000 }), 401],
    ['a wrong secret', { ...receipt([]), headers: { 'x-lethe-feed': 'zebra-zebra-zebra-zebrA' } }, 401],
    ['no token', { path: '/v1/feeds/gpc', token: null, body: { subject: SUBJECT, gpc: true } }, 401],
    ['an unknown token', { path: '/v1/feeds/gpc', token: 'other', body: { subject: SUBJECT, gpc: true } }, 401],
    ['a token that may not', { path: '/v1/feeds/gpc', token: 'reads', body: { subject: SUBJECT, gpc: true } }, 403],
    ['an unknown feed', signed(good, { feed: 'elsewhere' }), 404],
    ['a feed named like what every object has', signed(good, { feed: 'constructor' }), 404],
    ['what is no JSON', signed('withdrawn'), 400],
    ['half of it', signed(good.slice(0, -3)), 400],
    ['a key that comes twice', signed(good.replace('{"events"', '{"events":[],"events"')), 400],
    [
      'another content type',
      { ...signed(good), headers: { ...signed(good).headers, 'content-type': 'text/plain' } },
      415,
    ],
    ['no body', { ...signed(''), body: undefined }, 400],
    ['too large a body', signed(delivery([{ ...event, notice: 'x'.repeat(1_100_000) }])), 413],
    ['an erasure by whom it is not for', signed(delivery([event, { ...event, decision: 'erased' }])), 403],
    ['one bad event among good ones', signed(delivery([event, { ...event, decision: 'gone' }])), 422],
    [
      'a purpose that nobody mapped',
      receipt([
        { Id: 'p1', TransactionType: 'WITHDRAWN' },
        { Id: 'p9', TransactionType: 'WITHDRAWN' },
      ]),
      422,
    ],
    ['a purpose that the configuration does not have', receipt([{ Id: 'p2', TransactionType: 'WITHDRAWN' }]), 422],
  ])('%s', async (_, asked, status) => {
    const { ask, log } = await api();
    const said = await ask(asked);
    expect(said.status).toBe(status);
    expect(JSON.stringify(said.body)).not.toMatch(/4711|zebra/);
    expect(log.entries).toEqual([]);
  });

  it('whatever else may be sent', { timeout: 60_000 }, async () => {
    const { ask, log } = await api();
    const odd = fc.oneof(fc.string({ maxLength: 1_200 }), fc.constantFrom(-0.5, '\u0000', '\ud800', [], {}));
    // Each is wrong in one field: what remains is right.
    const wrong = fc.record({ field: fc.constantFrom('subject', 'decision', 'at'), value: odd });
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      wrong
        .filter(({ field, value }) => !(field === 'subject' && typeof value === 'string'))
        .map(({ field, value }) => delivery([{ ...event, [field]: value }])),
    );
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        const { status } = await ask(signed(text));
        expect([400, 422]).toContain(status);
        expect(log.entries).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

it('lets a feed erase that may', async () => {
  const { ask, log } = await api();
  expect(await ask(signed(delivery([{ ...event, decision: 'erased' }]), { feed: 'eraser' }))).toMatchObject({
    status: 202,
  });
  expect(log.entries.map((entry) => entry.event.decision)).toEqual(['erased']);
});

it('takes the browser’s own header from one’s own site', async () => {
  const { ask, log } = await api();
  const asked = { path: '/v1/feeds/gpc', token: 'feeds', body: { subject: SUBJECT }, headers: { 'sec-gpc': '1' } };
  expect(await ask(asked)).toMatchObject({ status: 202 });
  expect(log.entries.map((entry) => entry.event)).toMatchObject([
    { purpose: '*', decision: 'denied', method: 'gpc', at: NOW },
  ]);
});
