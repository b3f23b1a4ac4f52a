import { releases } from '../decide/variants.ts';
import type { Variant } from '../decide/variant.ts';
import type { Keyring } from '../keyring.ts';
import type { Poison } from '../outcome.ts';
import type { OutputPlan, RoutePlan } from '../policy/plan.ts';
import type { Transform } from './action.ts';
import { type CipherSlot, placeOf } from './encrypt.ts';
import { headerValues } from './header-values.ts';
import { makeTransform } from './make-transform.ts';

/** A header as an output publishes it; a raw record may carry several values of one name. */
export type PublishedHeader = { readonly name: string; readonly values: readonly Uint8Array[] };

export type HeadersResult =
  | { readonly ok: true; readonly headers: readonly PublishedHeader[] }
  | { readonly ok: false; readonly poison: Poison };

/**
 * Writes what one output releases of a record's headers (DESIGN section 4): those that the policy declares, bytes as
 * they were where kept, UTF-8 text where changed. A value that the action cannot handle, or bytes that are no UTF-8
 * where text is needed, is `action_failed` at `headers.NAME`; the name is the declared one.
 *
 * @param raw as the client library decoded them.
 * @param tally by header index, from `offset` on: incremented for each value, released or not.
 */
export type ApplyHeaders = (raw: unknown, variant: Variant, tally: Uint32Array, offset: number) => HeadersResult;

const NO_HEADERS: HeadersResult = { ok: true, headers: [] };

/** @param slot holds the cipher of the record in hand whenever the result is called. */
export function makeApplyHeaders(
  plan: RoutePlan,
  output: OutputPlan,
  keyring: Keyring,
  slot: CipherSlot = { cipher: null },
): ApplyHeaders {
  if (plan.headers.length === 0) return () => NO_HEADERS;
  const parts = plan.headers.map(({ name }, i) => {
    const action = output.headers[i]?.action;
    const changes =
      action !== undefined && action.kind !== 'keep' && action.kind !== 'drop' && action.kind !== 'nullify';
    const failed: HeadersResult = { ok: false, poison: { code: 'action_failed', path: `headers.${name}` } };
    const encrypting = { place: placeOf(output, `headers.${name}`), slot };
    return { name, transform: changes ? makeTransform(action, keyring, encrypting) : null, failed };
  });

  return (raw, variant, tally, offset) => {
    const headers: PublishedHeader[] = [];
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as (typeof parts)[number];
      const values = headerValues(raw, part.name);
      if (values.length === 0) continue;
      tally[offset + i] = values.length;
      const effect = variant.headerEffects[i];
      if (effect === undefined || !releases(effect)) continue;
      const released = part.transform === null ? values : changed(values, part.transform);
      if (released === null) return part.failed;
      headers.push({ name: part.name, values: released });
    }
    return headers.length === 0 ? NO_HEADERS : { ok: true, headers };
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function changed(values: readonly Uint8Array[], transform: Transform): readonly Uint8Array[] | null {
  const released: Uint8Array[] = [];
  for (const value of values) {
    const text = textOf(value);
    const result = text === null ? null : transform({ kind: 'string', text });
    if (result === null) return null;
    released.push(encoder.encode(result.text));
  }
  return released;
}

/** Bytes as text, to the letter; null where they are no UTF-8. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
