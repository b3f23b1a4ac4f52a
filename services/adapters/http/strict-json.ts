/**
 * JSON that everybody reads alike (I-JSON, RFC 7493): UTF-8, no byte order mark, no key twice. Of two equal keys parsers
 * keep the first, the last, or both, so that one system would record another decision than the next.
 */

export type StrictJson = { readonly ok: true; readonly value: unknown } | { readonly ok: false };

const REFUSED = { ok: false } as const;

/** `__proto__` as a key is refused too: nothing asks for it. */
export function parseStrictJson(bytes: Uint8Array): StrictJson {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    return REFUSED;
  }
  const keys = countKeys(value);
  return keys === null || keys !== countWrittenKeys(text) ? REFUSED : { ok: true, value };
}

/** How many keys a value holds, at all depths; null where `__proto__` is one. No recursion: depth is the sender's. */
function countKeys(value: unknown): number | null {
  let keys = 0;
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (Array.isArray(next)) {
      for (const item of next) left.push(item);
      continue;
    }
    for (const [key, item] of Object.entries(next)) {
      if (key === '__proto__') return null;
      keys++;
      left.push(item);
    }
  }
  return keys;
}

/** How many keys a valid JSON text writes: each has a colon outside of strings. */
function countWrittenKeys(text: string): number {
  let keys = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x3a) keys++;
    if (char !== 0x22) continue;
    for (i++; text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
  }
  return keys;
}
