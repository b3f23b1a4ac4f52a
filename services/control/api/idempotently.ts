import { type Answer, problem } from '../../core/api/problem.ts';
import type { Request } from '../../core/api/route.ts';
import type { ConsentParts } from './parts.ts';

const DOMAIN = 'lethe/api/idempotency';
/** RFC 8941 strings, or bare: visible ASCII. */
const KEY = /^[\x21-\x7e]{1,255}$/;

export const IDEMPOTENCY_HEADER = {
  'Idempotency-Key': {
    description:
      'Chosen by the client, unique to what it wants done. For 24 hours the same key and body have the same answer and are done once; another body is refused.',
    schema: { type: 'string', pattern: KEY.source },
  },
} as const;

export type Done<T> = { readonly ok: true; readonly result: T } | { readonly ok: false; readonly answer: Answer };

/**
 * Does something at most once for a request's Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): 409 while
 * the first one is at it, 422 where the key came with another request. Without a key it is just done. Where the process
 * dies between doing and remembering, the key is free again after some minutes.
 *
 * @param what names the operation: the same key means something else elsewhere.
 * @param asked the checked request: how it was spelt does not count.
 */
export async function idempotently<T>(
  parts: Pick<ConsentParts, 'idempotency' | 'keyring' | 'newId'>,
  { caller, header }: Pick<Request, 'caller' | 'header'>,
  what: string,
  asked: unknown,
  work: () => Promise<T>,
): Promise<Done<T>> {
  const given = header('idempotency-key');
  if (given === null) return { ok: true, result: await work() };
  if (!KEY.test(given)) {
    return { ok: false, answer: problem('malformed', 'Idempotency-Key must be 1 to 255 visible ASCII characters.') };
  }
  const { idempotency, keyring } = parts;
  // Keyed hashes: both what a client makes its keys of and what it asks for may name a subject.
  const key = keyring.pseudonym(DOMAIN, JSON.stringify([caller?.name ?? null, what, given]));
  const fingerprint = keyring.pseudonym(DOMAIN, JSON.stringify([what, asked]));
  const owner = parts.newId();
  const entry = await idempotency.begin(key, fingerprint, owner);
  if (entry.state !== 'begun' && entry.fingerprint !== fingerprint) {
    return { ok: false, answer: problem('idempotency_key_reused', 'Use a new Idempotency-Key for another request.') };
  }
  if (entry.state === 'running') {
    const answer = problem('conflict', 'A request with this Idempotency-Key is being worked on.', {
      headers: { 'retry-after': '1' },
    });
    return { ok: false, answer };
  }
  if (entry.state === 'done') return { ok: true, result: JSON.parse(entry.result) as T };
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await idempotency.abandon(key, fingerprint, owner).catch(() => undefined);
    throw error;
  }
  // It is done and will be told so, whether or not it can be remembered.
  await idempotency.finish(key, fingerprint, JSON.stringify(result)).catch(() => undefined);
  return { ok: true, result };
}
