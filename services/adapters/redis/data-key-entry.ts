/**
 * A subject's data key as stored, one Redis string of three lines: the subject's own token, so that a reply that belongs
 * to another key is noticed; the state; the wrapped key, or when it was destroyed.
 */
import type { DataKeyState } from '../../core/data-key.ts';

const WRAPPED = /^[\x21-\x7e]{1,4096}$/;
const TIME = /^(0|[1-9]\d{0,15})$/;

export function activeEntry(token: string, wrapped: string): string {
  return `${token}\nactive\n${wrapped}`;
}

export function shreddedEntry(token: string, at: number): string {
  return `${token}\nshredded\n${at}`;
}

/** `another`: the entry names another subject. Null: it is not what Lethe writes. */
export function parseDataKey(token: string, entry: string): DataKeyState | 'another' | null {
  const [named, state, detail = '', ...rest] = entry.split('\n');
  if (named !== token) return 'another';
  if (rest.length > 0) return null;
  if (state === 'active' && WRAPPED.test(detail)) return { state, wrapped: detail };
  return state === 'shredded' && TIME.test(detail) ? { state, at: Number(detail) } : null;
}
