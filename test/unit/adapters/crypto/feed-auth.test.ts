import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkDelivery } from '../../../../services/adapters/crypto/feed-auth.ts';

const NOW = Date.UTC(2026, 5, 1);
const SECONDS = NOW / 1_000;
const BODY = Buffer.from('{"events": []}');
const OLD = Buffer.from('the secret of before');
const SECRET = Buffer.from('the secret of today!');
const OTHER = Buffer.from('somebody else’s secret');

const delivery = (headers: Readonly<Record<string, string>>, rawBody: Uint8Array = BODY) => ({
  rawBody,
  header: (name: string) => headers[name] ?? null,
});

describe('Standard Webhooks', () => {
  const auth = { scheme: 'standard_webhooks', secrets: [OLD, SECRET] } as const;
  const mac = (id: string, at: number | string, secret = SECRET) =>
    `v1,${createHmac('sha256', secret).update(`${id}.${at}.`).update(BODY).digest('base64')}`;
  const signed = (change: Readonly<Record<string, string>> = {}) => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(SECONDS),
    'webhook-signature': mac('msg_1', SECONDS),
    ...change,
  });
  const at = (seconds: number) =>
    signed({ 'webhook-timestamp': String(seconds), 'webhook-signature': mac('msg_1', seconds) });

  it('agrees with the vector that its libraries are tested with', () => {
    const known = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const secrets = [Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')];
    const sent = delivery(known, Buffer.from('{"test": 2432232314}'));
    expect(checkDelivery({ scheme: 'standard_webhooks', secrets }, sent, 1_614_265_330_000)).toEqual({
      ok: true,
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    });
  });

  it.each([
    ['signed', signed()],
    ['signed with the secret of before', signed({ 'webhook-signature': mac('msg_1', SECONDS, OLD) })],
    ['one of several', signed({ 'webhook-signature': `v1a,xyz v1,AAAA ${mac('msg_1', SECONDS)}` })],
    ['five minutes old', at(SECONDS - 300)],
    ['five minutes early', at(SECONDS + 300)],
  ])('takes %s', (_, headers) => {
    expect(checkDelivery(auth, delivery(headers), NOW)).toEqual({ ok: true, id: 'msg_1' });
  });

  it.each<readonly [string, Readonly<Record<string, string>>]>([
    ['nothing', {}],
    ['another id', signed({ 'webhook-id': 'msg_2' })],
    ['another time', signed({ 'webhook-timestamp': String(SECONDS + 1) })],
    ['another secret', signed({ 'webhook-signature': mac('msg_1', SECONDS, OTHER) })],
    ['half a signature', signed({ 'webhook-signature': mac('msg_1', SECONDS).slice(0, 24) })],
    ['no version', signed({ 'webhook-signature': mac('msg_1', SECONDS).slice(3) })],
    ['more than five minutes old', at(SECONDS - 301)],
    ['more than five minutes early', at(SECONDS + 301)],
    [
      'a time that is no number',
      { ...signed(), 'webhook-timestamp': `${SECONDS}.0`, 'webhook-signature': mac('msg_1', `${SECONDS}.0`) },
    ],
    ['an id with a dot', signed({ 'webhook-id': 'msg.1', 'webhook-signature': mac('msg.1', SECONDS) })],
    ['no id', signed({ 'webhook-id': '', 'webhook-signature': mac('', SECONDS) })],
  ])('refuses %s', (_, headers) => {
    expect(checkDelivery(auth, delivery(headers), NOW)).toEqual({ ok: false });
  });

  it('refuses another body, if only by a space', () => {
    const body = Buffer.from('{"events":[]}');
    expect(checkDelivery(auth, delivery(signed(), body), NOW)).toEqual({ ok: false });
  });
});

describe('MACs in a header', () => {
  const auth = {
    scheme: 'hmac',
    header: 'x-signature',
    algorithm: 'sha1',
    encoding: 'hex',
    prefix: '',
    secrets: [OLD, SECRET],
  } as const;
  const hex = (secret: Uint8Array) => createHmac('sha1', secret).update(BODY).digest('hex');
  const good = { ok: true, id: null };
  it.each([
    ['as Segment signs', auth, hex(SECRET), good],
    ['with the secret of before', auth, hex(OLD), good],
    ['in upper case', auth, hex(SECRET).toUpperCase(), good],
    ['with another secret', auth, hex(OTHER), { ok: false }],
    ['of part of it', auth, hex(SECRET).slice(0, 20), { ok: false }],
    ['with something behind it', auth, `${hex(SECRET)}zz`, { ok: false }],
    ['empty', auth, '', { ok: false }],
    ['without the prefix', { ...auth, prefix: 'sha1=' }, hex(SECRET), { ok: false }],
    ['with the prefix', { ...auth, prefix: 'sha1=' }, `sha1=${hex(SECRET)}`, good],
    ['in base64', { ...auth, encoding: 'base64' }, Buffer.from(hex(SECRET), 'hex').toString('base64'), good],
    ['of another algorithm', { ...auth, algorithm: 'sha256' }, hex(SECRET), { ok: false }],
  ] as const)('%s', (_, scheme, header, expected) => {
    expect(checkDelivery(scheme, delivery({ 'x-signature': header }), NOW)).toEqual(expected);
  });
});

describe('secrets sent along', () => {
  const auth = { scheme: 'shared_header', header: 'authorization', prefix: 'Bearer ', secrets: [OLD, SECRET] } as const;
  it.each([
    [`Bearer ${String(SECRET)}`, true],
    [`Bearer ${String(OLD)}`, true],
    [`Bearer ${String(OTHER)}`, false],
    [`Bearer ${String(SECRET)} `, false],
    [String(SECRET), false],
    ['Bearer ', false],
  ])('%s: %s', (authorization, ok) => {
    expect(checkDelivery(auth, delivery({ authorization }), NOW).ok).toBe(ok);
  });
});

describe('x-sombra-token', () => {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const [ours, before, theirs] = [pair(), pair(), pair()];
  const pem = ({ publicKey }: ReturnType<typeof pair>) => publicKey.export({ type: 'spki', format: 'pem' }) as string;
  const auth = { scheme: 'sombra_token', publicKeys: [pem(ours), pem(before)] } as const;
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = (claims: unknown, { privateKey } = ours, head: unknown = { alg: 'ES384', typ: 'JWT' }) => {
    const text = `${part(head)}.${part(claims)}`;
    const signature = sign('sha384', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  };
  const now = { iat: SECONDS };
  it.each([
    ['issued now', token(now), true],
    ['of the key of before', token(now, before), true],
    ['that ends later', token({ ...now, exp: SECONDS + 60 }), true],
    ['of another key', token(now, theirs), false],
    ['that ended', token({ ...now, exp: SECONDS }), false],
    ['that ends in words', token({ ...now, exp: 'later' }), false],
    ['issued over five minutes ago', token({ iat: SECONDS - 301 }), false],
    ['issued over five minutes from now', token({ iat: SECONDS + 301 }), false],
    ['issued nobody knows when', token({ exp: SECONDS + 60 }), false],
    ['of no algorithm', token(now, ours, { alg: 'none' }), false],
    ['of an algorithm of the sender’s choice', token(now, ours, { alg: 'HS256' }), false],
    ['without a signature', token(now).replace(/[^.]+$/, ''), false],
    ['changed', token(now).replace(/\.[^.]+\./, `.${part({ iat: SECONDS - 1 })}.`), false],
    ['of no JSON', token(now).replace(/^[^.]+/, 'e30x'), false],
    ['that is none', 'x-sombra', false],
  ])('a token %s: %#', (_, sent, ok) => {
    expect(checkDelivery(auth, delivery({ 'x-sombra-token': sent }), NOW)).toEqual(ok ? { ok, id: null } : { ok });
  });
});
