/**
 * Which version of the `pseudonym` key made pseudonyms when, and how long those of an ended one may still be resolved
 * (issue 5). That is a rule for staff who are entitled to resolve; what enforces it is taking the old key out of the keys
 * file once nobody may any more.
 */
import { parseInstant } from './apply/time.ts';
import { LetheError } from './errors.ts';

export type PseudonymSettings = {
  /** By version: epoch milliseconds since when it signs. */
  readonly epochs: ReadonlyMap<number, number>;
  /** Milliseconds that pseudonyms of an ended epoch may be resolved; null: as long as the key is there. */
  readonly keepMs: number | null;
};

export type PseudonymEpoch = {
  readonly version: number;
  /** Epoch milliseconds; null where nobody said. */
  readonly from: number | null;
  /** Epoch milliseconds; null for the version that signs, and where nobody said. */
  readonly until: number | null;
  /** It makes the pseudonyms of today. */
  readonly signs: boolean;
  /** It ended longer ago than pseudonyms may be resolved. */
  readonly over: boolean;
};

/** `2=2026-06-01T00:00:00Z,3=…`: later versions begin later. Null where it is anything else. */
export function parseEpochs(text: string): ReadonlyMap<number, number> | null {
  const epochs = new Map<number, number>();
  for (const part of text.split(',')) {
    const match = /^\s*([1-9]\d{0,9})=(\S+)\s*$/.exec(part);
    const from = match === null ? null : parseInstant(match[2]!);
    if (match === null || from === null || epochs.has(Number(match[1]))) return null;
    epochs.set(Number(match[1]), from);
  }
  const starts = [...epochs].sort(([a], [b]) => a - b).map(([, from]) => from);
  return starts.every((from, index) => index === 0 || from > starts[index - 1]!) ? epochs : null;
}

/**
 * The epochs of the versions that a keys file has, in its order (the signing one first).
 *
 * @param now epoch milliseconds.
 * @throws LetheError `invalid_config` where old pseudonyms may be resolved for a time only and nobody says when it began.
 */
export function pseudonymEpochs(
  versions: readonly number[],
  { epochs, keepMs }: PseudonymSettings,
  now: number,
): readonly PseudonymEpoch[] {
  return versions.map((version, index): PseudonymEpoch => {
    const next = versions[index - 1];
    // A version ends with the beginning of the next one that there ever was, be its key here or not.
    const later = [...epochs].filter(([known]) => known > version && (next === undefined || known <= next));
    const until = next === undefined ? null : Math.min(...later.map(([, from]) => from));
    const known = until === null || !Number.isFinite(until) ? null : until;
    if (next !== undefined && keepMs !== null && known === null) {
      throw new LetheError('invalid_config', `LETHE_PSEUDONYM_KEEP is set, but not when pseudonym@${next} began`, {
        fix: `Add it to LETHE_PSEUDONYM_EPOCHS: ${next}=2026-06-01T00:00:00Z`,
      });
    }
    return {
      ...{ version, from: epochs.get(version) ?? null, until: known, signs: index === 0 },
      over: keepMs !== null && known !== null && now - known > keepMs,
    };
  });
}
