/** `lethe decrypt`: lines of JSON in, the same lines with what may be decrypted decrypted out. */
import type { Decrypted, Decrypter, Undecrypted } from '../core/decrypt.ts';
import { byteLines } from './byte-lines.ts';
import { findEnvelopes, namesPlace, type Place, replaceEnvelopes } from './decrypt-line.ts';

export type DecryptOptions = {
  readonly input: AsyncIterable<Uint8Array>;
  readonly decrypt: Decrypter;
  /** Declared paths; only what stands there is decrypted. Null: all. */
  readonly fields: readonly string[] | null;
  /** Writes some lines; resolves once there is room for more. */
  readonly write: (text: string) => Promise<void>;
};

export type DecryptTally = {
  decrypted: number;
  /** Lines that are no JSON, or longer than allowed. They are left out. */
  unreadable: number;
  readonly left: Map<Undecrypted, number>;
};

/** Lines that are worked on at a time, with one look-up of keys. */
const LINES = 500;
const MAX_LINE_BYTES = 32 * 1024 * 1024;
const MAX_HELD = 4 * 1024 * 1024;

type Line = { readonly text: string; readonly places: readonly Place[] };

export async function decryptLines(options: DecryptOptions): Promise<DecryptTally> {
  const tally: DecryptTally = { decrypted: 0, unreadable: 0, left: new Map() };
  let held: Line[] = [];
  let size = 0;

  const flush = async (): Promise<void> => {
    const lines = held;
    held = [];
    size = 0;
    const found = lines.flatMap(({ places }) =>
      places.map(({ text, path }) => ({ text, matches: (declared: string) => namesPlace(declared, path) })),
    );
    const results = found.length === 0 ? [] : await options.decrypt(found);
    let next = 0;
    let out = '';
    for (const { text, places } of lines) {
      const values = places.map(() => valueOf(results[next++], tally));
      out += `${replaceEnvelopes(text, places, values)}\n`;
    }
    if (out !== '') await options.write(out);
  };

  for await (const { text } of byteLines(options.input, MAX_LINE_BYTES)) {
    if (text?.trim() === '') continue;
    const places = text === null ? null : findEnvelopes(text);
    if (text === null || places === null) {
      tally.unreadable++;
      continue;
    }
    const { fields } = options;
    held.push({
      text,
      places: places.filter(({ path }) => fields === null || fields.some((field) => namesPlace(field, path))),
    });
    size += text.length;
    if (held.length >= LINES || size >= MAX_HELD) await flush();
  }
  await flush();
  return tally;
}

function valueOf(result: Decrypted | undefined, tally: DecryptTally): string | null {
  if (result === undefined) return null;
  if (result.ok) {
    tally.decrypted++;
    return result.json;
  }
  tally.left.set(result.problem, (tally.left.get(result.problem) ?? 0) + 1);
  return null;
}

const WORDS: Readonly<Record<Undecrypted, string>> = {
  shredded: 'of erased subjects (shredded)',
  unknown: 'whose data key is unknown here',
  key_missing: 'whose keys are not at hand',
  altered: 'altered, or from another topic or field',
  other_purpose: 'of another purpose',
};

/** What was done, for people; holds no value. */
export function tallyText({ decrypted, unreadable, left }: DecryptTally): string {
  const parts = [...left].map(([problem, count]) => `${count} ${WORDS[problem]}`);
  const rest = parts.length === 0 ? '' : `; left as they were: ${parts.join(', ')}`;
  const lines = unreadable === 0 ? '' : `; ${unreadable} line(s) left out that are no JSON`;
  return `${decrypted} value(s) decrypted${rest}${lines}`;
}

/** An erasure is as it should be, and another purpose was asked not to be; the rest is a finding. */
export function hasFindings({ unreadable, left }: DecryptTally): boolean {
  return unreadable > 0 || left.has('unknown') || left.has('key_missing') || left.has('altered');
}
