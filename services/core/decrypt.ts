/**
 * Decrypting what `encrypt` encrypted, for a consumer who is entitled to it: who holds the keys, and reaches the data
 * keys in Lethe. A library function over ports; `lethe decrypt` is made of it.
 */
import { consentStateOf } from './decide/consent-state.ts';
import type { DataKeyState, KeyWrapper } from './data-key.ts';
import { LetheError } from './errors.ts';
import type { ConsentStore } from './ports.ts';

/** Whose an encrypted value is, and where it stood. */
export type Reference = { readonly token: string; readonly purpose: string; readonly path: string };

/** Opens envelopes (adapters/crypto/envelope.ts). */
export type EnvelopeReader = {
  /** `altered`, too, where the text stood in another topic. */
  readonly reference: (
    text: string,
    topic: string,
  ) =>
    | { readonly ok: true; readonly reference: Reference }
    | { readonly ok: false; readonly problem: 'format' | 'key_missing' | 'altered' };
  /** The value's JSON text; null where it was altered. */
  readonly value: (text: string, topic: string, reference: Reference, dataKey: Uint8Array) => string | null;
};

export const UNDECRYPTED = [
  /** The subject's data key was destroyed, or the subject is erased: nobody can or may read it again. */
  'shredded',
  /** No such data key is known: Redis lost it, or is another one. */
  'unknown',
  /** The keys at hand do not include what it needs. */
  'key_missing',
  /** It, or its place, is not what was published. */
  'altered',
  /** Of a purpose that was not asked for. */
  'other_purpose',
] as const;

export type Undecrypted = (typeof UNDECRYPTED)[number];

export type Decrypted =
  /** `json`: the value's JSON text, to the letter. */
  { readonly ok: true; readonly json: string } | { readonly ok: false; readonly problem: Undecrypted };

/** An envelope as found; `matches` says whether a declared path names the place where it was. */
export type Found = { readonly text: string; readonly matches: (path: string) => boolean };

export type DecrypterOptions = {
  readonly envelopes: EnvelopeReader;
  readonly consents: Pick<ConsentStore, 'load'>;
  readonly wrapper: KeyWrapper;
  /** Of the output that the values come from. */
  readonly topic: string;
  /** Refuses values of any other purpose. */
  readonly purpose?: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** LETHE_CONSENT_MAX_STALENESS in milliseconds. */
  readonly maxStalenessMs: number;
  /** The next offset of each partition of the feed that the view has to have reached; none where it is not asked. */
  readonly feedEnds?: Readonly<Record<string, number>>;
};

/** Decrypts many at once: one look-up. Throws `unavailable` where keys cannot be read, or the view cannot be relied on. */
export type Decrypter = (found: readonly Found[]) => Promise<readonly Decrypted[]>;

export function makeDecrypter(options: DecrypterOptions): Decrypter {
  const { envelopes, wrapper, topic } = options;
  return async (found) => {
    const references = found.map(({ text, matches }): Reference | Undecrypted => {
      const read = envelopes.reference(text, topic);
      if (!read.ok) return read.problem === 'format' ? 'altered' : read.problem;
      if (!matches(read.reference.path)) return 'altered';
      const other = options.purpose !== undefined && options.purpose !== read.reference.purpose;
      return other ? 'other_purpose' : read.reference;
    });
    const tokens = [...new Set(references.flatMap((one) => (typeof one === 'string' ? [] : [one.token])))];
    if (tokens.length === 0) return references.map((one) => failed(one as Undecrypted));
    const states = await load(tokens);
    const keys = await unwrapped(states);
    return references.map((reference, index): Decrypted => {
      if (typeof reference === 'string') return failed(reference);
      const { token } = reference;
      const state = states.get(token);
      if (state === undefined) return failed('unknown');
      if (state.state === 'shredded') return failed('shredded');
      const key = keys.get(token) ?? null;
      if (key === null) return failed('key_missing');
      const json = envelopes.value((found[index] as Found).text, topic, reference, key);
      return json === null ? failed('altered') : { ok: true, json };
    });
  };

  /** The view is asked with the keys: one restored from a backup may bring back keys that were destroyed since. */
  async function load(tokens: readonly string[]): Promise<ReadonlyMap<string, DataKeyState>> {
    const now = options.now();
    const { events, watermark, dataKeys } = await options.consents.load(tokens, { dataKeys: true });
    const age = watermark === null ? 0 : now - watermark.at;
    if (!(Math.abs(age) <= options.maxStalenessMs)) throw stale(`is ${Math.round(age / 1000)} s old`);
    for (const [partition, end] of Object.entries(options.feedEnds ?? {})) {
      const stands = watermark === null ? end : Number(watermark.offsets[partition] ?? 0);
      if (stands < end) throw stale('does not hold all events of the feed yet');
    }
    const states = new Map(dataKeys);
    for (const token of tokens) {
      // Nobody destroyed the key yet; to whoever was erased that makes no difference.
      const said = consentStateOf(events.get(token) ?? []);
      if (states.has(token) && said.erased(now, now)) states.set(token, { state: 'shredded', at: now });
    }
    return states;
  }

  async function unwrapped(states: ReadonlyMap<string, DataKeyState>): Promise<ReadonlyMap<string, Uint8Array | null>> {
    const active = [...states].flatMap(([token, state]) =>
      state.state === 'active' ? [{ token, wrapped: state.wrapped }] : [],
    );
    if (active.length === 0) return new Map();
    const keys = await wrapper.unwrap(active);
    return new Map(active.map(({ token }, index) => [token, keys[index] ?? null]));
  }
}

function failed(problem: Undecrypted): Decrypted {
  return { ok: false, problem };
}

function stale(what: string): LetheError {
  return new LetheError('unavailable', `Consent view in Redis ${what}: keys of erased subjects may have come back`, {
    dependency: 'consent_view',
    fix: 'Check that "lethe control" runs; once it has caught up, try again.',
  });
}
