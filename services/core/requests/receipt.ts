/** The signed receipt of a request that is completed (GDPR Art. 5(2), 12(3)): what was done, when, and where to see it. */
import type { SignedReceipt, SubjectRequest } from './request.ts';

/** In front of what is signed, so that a signature of a receipt is none of anything else. */
const DOMAIN = 'lethe receipt 1\n';

/** What lies beyond an erasure's reach, in plain words. */
const BEYOND = [
  'raw topics: their own retention deletes; nothing of them is published any more',
  'lethe.dead-letters: sealed copies of raw records, deleted by its retention',
  'consumers that copied what was published: they see the tombstones, and encrypted values can be read by nobody',
] as const;

export type ReceiptBody = {
  readonly kind: 'lethe.receipt';
  readonly version: 1;
  readonly request: string;
  readonly type: string;
  readonly regime: string;
  readonly tokens: readonly string[];
  readonly bundle: string;
  readonly received: string;
  readonly due: string;
  readonly completed: string;
  readonly record: string;
  readonly steps: readonly {
    readonly step: string;
    readonly at: string;
    readonly result: string | null;
    readonly coordinates: readonly string[];
  }[];
  readonly outputs?: readonly { readonly topic: string; readonly fate: string; readonly retention_ms: number | null }[];
  readonly beyond_reach?: readonly string[];
};

/** @param now epoch milliseconds. */
export function receiptBody(
  { id, coordinate, receivedAt, received, done }: SubjectRequest,
  outputs: readonly { readonly topic: string; readonly fate: string; readonly retentionMs: number | null }[],
  now: number,
): ReceiptBody {
  return {
    kind: 'lethe.receipt',
    version: 1,
    request: id,
    type: received.type,
    regime: received.regime,
    tokens: received.tokens,
    bundle: received.bundle,
    received: instant(receivedAt),
    due: instant(received.due),
    completed: instant(now),
    record: coordinate,
    steps: done.map(({ step, at, code, coordinates }) => ({ step, at: instant(at), result: code, coordinates })),
    ...(received.type === 'erasure'
      ? {
          outputs: outputs.map(({ topic, fate, retentionMs }) => ({ topic, fate, retention_ms: retentionMs })),
          beyond_reach: BEYOND,
        }
      : {}),
  };
}

export function signReceipt(
  body: ReceiptBody,
  { key, sign }: { readonly key: string; readonly sign: (text: string) => string },
): SignedReceipt {
  const text = JSON.stringify(body);
  return { body: text, key, signature: sign(DOMAIN + text) };
}

/** A receipt as handed out: `{receipt, key, signature}`; signed is the JSON of `receipt`, without white space. */
export function receiptDocument({ body, key, signature }: SignedReceipt): object {
  return { receipt: JSON.parse(body) as object, key, signature };
}

/**
 * Whether a receipt, as `receiptDocument` gives it, is what was signed.
 *
 * @param check adapters/crypto/signer.ts
 */
export function checkReceipt(
  document: unknown,
  check: (key: string, text: string, signature: string) => 'good' | 'unknown_key' | 'bad',
): 'good' | 'unknown_key' | 'bad' | 'no_receipt' {
  const { receipt, key, signature } = (document ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof receipt !== 'object' || receipt === null || typeof key !== 'string' || typeof signature !== 'string') {
    return 'no_receipt';
  }
  return check(key, DOMAIN + JSON.stringify(receipt), signature);
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
