/** Whether a delivery of a feed is the provider's: MACs and signatures over the bytes that came, never over parsed ones. */
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { FeedAuth } from '../../core/feeds/feed.ts';

export type SignedDelivery = {
  readonly rawBody: Uint8Array;
  /** By lower-case name; null where it is not sent. */
  readonly header: (name: string) => string | null;
};

/** `id`: the provider's name for the delivery where the signature covers one. */
export type Provenance = { readonly ok: true; readonly id: string | null } | { readonly ok: false };

type SignedScheme = Exclude<FeedAuth, { readonly scheme: 'api_token' }>;

/** How far the time of a signature may be from now, so that a delivery cannot be sent again later by somebody else. */
const TOLERANCE_MS = 5 * 60_000;
const NO = { ok: false } as const;
const YES = { ok: true, id: null } as const;

/** @param now epoch milliseconds. The time it takes says nothing of how close a guess was. */
export function checkDelivery(auth: SignedScheme, delivery: SignedDelivery, now: number): Provenance {
  switch (auth.scheme) {
    case 'standard_webhooks':
      return standardWebhooks(auth.secrets, delivery, now);
    case 'hmac': {
      const sent = after(delivery.header(auth.header), auth.prefix);
      const wanted = auth.encoding === 'hex' ? /^[0-9a-f]+$/i : /^[A-Za-z0-9+/]+=*$/;
      if (sent === null || !wanted.test(sent)) return NO;
      const mac = Buffer.from(sent, auth.encoding);
      return anyOf(auth.secrets, (secret) =>
        same(createHmac(auth.algorithm, secret).update(delivery.rawBody).digest(), mac),
      )
        ? YES
        : NO;
    }
    case 'shared_header': {
      const sent = after(delivery.header(auth.header), auth.prefix);
      // Of hashes, since what is compared in constant time must be of equal length.
      return sent !== null && anyOf(auth.secrets, (secret) => same(hash(secret), hash(sent))) ? YES : NO;
    }
    case 'sombra_token':
      return sombraToken(auth.publicKeys, delivery.header('x-sombra-token') ?? '', now) ? YES : NO;
  }
}

/**
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: `v1,` and the base64 of
 * HMAC-SHA256 over `id.timestamp.body`, several with spaces between.
 */
function standardWebhooks(
  secrets: readonly Uint8Array[],
  { rawBody, header }: SignedDelivery,
  now: number,
): Provenance {
  const id = header('webhook-id') ?? '';
  const timestamp = header('webhook-timestamp') ?? '';
  const signatures = (header('webhook-signature') ?? '').split(' ', 16).map((each) => after(each, 'v1,'));
  // A dot in the id would let its end pass for the timestamp.
  if (!/^[\x21-\x2d\x2f-\x7e]{1,255}$/.test(id) || !/^[1-9][0-9]{0,11}$/.test(timestamp)) return NO;
  if (Math.abs(now - Number(timestamp) * 1_000) > TOLERANCE_MS) return NO;
  const good = anyOf(secrets, (secret) => {
    const mac = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(rawBody).digest();
    return anyOf(signatures, (sent) => sent !== null && same(mac, Buffer.from(sent, 'base64')));
  });
  return good ? { ok: true, id } : NO;
}

/**
 * A JSON Web Token, ES384 and nothing else (https://docs.transcend.io/docs/receiving-a-webhook-from-transcend). It is not
 * documented to cover the body: it says who sent, not what. So it must have been issued just now.
 */
function sombraToken(publicKeys: readonly string[], token: string, now: number): boolean {
  const [, head, claims, signature] = /^([\w-]{1,2048})\.([\w-]{1,16384})\.([\w-]{128})$/.exec(token) ?? [];
  if (head === undefined || claims === undefined || signature === undefined) return false;
  if (property(head, 'alg') !== 'ES384') return false;
  const issued = property(claims, 'iat');
  if (typeof issued !== 'number' || Math.abs(now - issued * 1_000) > TOLERANCE_MS) return false;
  const expires = property(claims, 'exp');
  if (expires !== undefined && !(typeof expires === 'number' && expires * 1_000 > now)) return false;
  const signed = Buffer.from(`${head}.${claims}`);
  const bytes = Buffer.from(signature, 'base64url');
  return anyOf(publicKeys, (pem) =>
    verify('sha384', signed, { key: createPublicKey(pem), dsaEncoding: 'ieee-p1363' }, bytes),
  );
}

function property(part: string, name: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
      ? (value as Readonly<Record<string, unknown>>)[name]
      : undefined;
  } catch {
    return undefined;
  }
}

function after(text: string | null, prefix: string): string | null {
  if (text === null || !text.startsWith(prefix) || text.length > 4_096) return null;
  return text.slice(prefix.length);
}

/** Asks all of them, whichever was right. */
function anyOf<T>(list: readonly T[], is: (item: T) => boolean): boolean {
  let found = false;
  for (const item of list) if (is(item)) found = true;
  return found;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function hash(value: Uint8Array | string): Uint8Array {
  return createHash('sha256').update(value).digest();
}
