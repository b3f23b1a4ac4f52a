/** Looks for values in what a system wrote: plain, as base64 and hex, and as the hashes that anybody can make. */
import { createHash } from 'node:crypto';

/** The shortest thing that can be looked for, in bytes. */
const WINDOW = 10;

/** How a value can hide, by name; each is looked for as bytes. */
export function disguises(value: string): [form: string, bytes: Buffer][] {
  const bytes = Buffer.from(value);
  const forms: [string, Buffer][] = [['plain', bytes]];
  // At each of the three alignments in a longer text; the characters at both ends depend on the neighbours.
  for (const shift of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const core = text.slice(shift === 0 ? 0 : shift + 1, -4);
    forms.push([`base64+${shift}`, Buffer.from(core)]);
    forms.push([`base64url+${shift}`, Buffer.from(core.replaceAll('+', '-').replaceAll('/', '_'))]);
  }
  forms.push(['hex', Buffer.from(bytes.toString('hex'))], ['HEX', Buffer.from(bytes.toString('hex').toUpperCase())]);
  for (const algorithm of ['md5', 'sha1', 'sha256']) {
    const digest = createHash(algorithm).update(bytes).digest();
    forms.push([algorithm, digest]);
    forms.push([`${algorithm} hex`, Buffer.from(digest.toString('hex'))]);
    forms.push([`${algorithm} HEX`, Buffer.from(digest.toString('hex').toUpperCase())]);
    forms.push([`${algorithm} base64`, Buffer.from(digest.toString('base64').replace(/=+$/, ''))]);
    forms.push([`${algorithm} base64url`, Buffer.from(digest.toString('base64url'))]);
  }
  return forms.filter(([, form]) => form.length >= WINDOW);
}

export type Scan = (bytes: Uint8Array) => string[];

/**
 * Makes a scan for values; it gives `NAME (FORM)` of each that it finds, once.
 *
 * @throws Error where a value is too short to be looked for: a canary has ten bytes at least.
 */
export function makeScan(canaries: ReadonlyMap<string, string>): Scan {
  const byWindow = new Map<string, { name: string; bytes: Buffer }[]>();
  for (const [name, value] of canaries) {
    if (Buffer.byteLength(value) < WINDOW) throw new Error(`the canary ${name} is too short`);
    for (const [form, bytes] of disguises(value)) {
      const window = bytes.toString('latin1', 0, WINDOW);
      const known = byWindow.get(window);
      const entry = { name: `${name} (${form})`, bytes };
      if (known === undefined) byWindow.set(window, [entry]);
      else known.push(entry);
    }
  }
  return (input) => {
    const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    const text = bytes.toString('latin1');
    const found = new Set<string>();
    for (let at = 0; at + WINDOW <= text.length; at++) {
      for (const one of byWindow.get(text.slice(at, at + WINDOW)) ?? []) {
        if (bytes.compare(one.bytes, 0, one.bytes.length, at, Math.min(at + one.bytes.length, bytes.length)) === 0) {
          found.add(one.name);
        }
      }
    }
    return [...found].sort();
  };
}
