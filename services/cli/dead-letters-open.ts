/** Opening a dead letter: the sealed record becomes the raw one that it was. */
import { unframeRecord } from '../core/dead-letter.ts';
import type { DeadLetter } from '../core/dead-letter-record.ts';
import type { RawRecord } from '../core/transport.ts';

/** What a keys file makes of an envelope (adapters/crypto/sealer.ts). */
export type OpenEnvelope = (
  envelope: Uint8Array,
  associatedData: string,
) =>
  | { readonly ok: true; readonly plaintext: Uint8Array }
  | { readonly ok: false; readonly problem: 'format' }
  | { readonly ok: false; readonly problem: 'key_missing' | 'altered'; readonly version: number };

export type OpenProblem =
  /** The record was too large to be kept, or could not be read in the first place. */
  | 'not_sealed'
  /** What is sealed is of a format that this version of Lethe does not know. */
  | 'format'
  /** The keys file lacks the version of `dead_letter`. */
  | 'key_missing'
  /** The letter was altered, or the key is another one under the same version. */
  | 'altered';

export type OpenedLetter =
  | { readonly ok: true; readonly record: RawRecord }
  | { readonly ok: false; readonly problem: OpenProblem; readonly version: number | null };

export type OpenLetter = (letter: DeadLetter) => OpenedLetter;

export function makeOpenLetter(open: OpenEnvelope): OpenLetter {
  return ({ sealed, source, raw }) => {
    if (sealed === null) return { ok: false, problem: 'not_sealed', version: null };
    const opened = open(Buffer.from(sealed, 'base64'), source);
    if (!opened.ok) {
      const version = opened.problem === 'key_missing' ? opened.version : null;
      return { ok: false, problem: opened.problem, version };
    }
    const framed = unframeRecord(opened.plaintext);
    if (framed === null) return { ok: false, problem: 'format', version: null };
    return { ok: true, record: { offset: raw.offset, ...framed } };
  };
}
