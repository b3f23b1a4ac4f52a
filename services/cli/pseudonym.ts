/** `lethe pseudonym`: which pseudonyms a subject has and had, and, for entitled staff, whose a pseudonym is. */
import { LetheError } from '../core/errors.ts';
import type { PseudonymEpoch } from '../core/pseudonym-epochs.ts';
import { byteLines } from './byte-lines.ts';

/** The versions of the keys file, the one that signs first. */
export type Epoch = PseudonymEpoch & { readonly pseudonym: (domain: string, text: string) => string };

const LONGEST_ID_BYTES = 64 * 1024;

const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
const about = ({ version, from, until, signs }: Epoch) => ({
  version,
  from: instant(from),
  until: instant(until),
  signs,
});

/** What is known of versions whose time is over: that they are. */
export function overText(epochs: readonly Epoch[]): string | null {
  const over = epochs.filter((epoch) => epoch.over);
  if (over.length === 0) return null;
  const each = over.map(({ version, until }) => `version ${version} (ended ${instant(until)})`);
  return `not resolved any more (LETHE_PSEUDONYM_KEEP): ${each.join(', ')}`;
}

/** The pseudonyms of one subject, by epoch; the id itself is not repeated. */
export function pseudonymsOf(subject: string, domain: string, epochs: readonly Epoch[]): string {
  const pseudonyms = epochs
    .filter(({ over }) => !over)
    .map((epoch) => ({ ...about(epoch), pseudonym: epoch.pseudonym(domain, subject) }));
  return `${JSON.stringify({ domain, pseudonyms }, null, 2)}\n`;
}

/**
 * For every subject and every earlier epoch a line `{version, old, new}`, by which downstream can follow a rotation; no
 * line says whose it is.
 *
 * @throws LetheError `usage` naming the line that is no id.
 */
export async function* pseudonymMap(
  subjects: AsyncIterable<Uint8Array>,
  domain: string,
  epochs: readonly Epoch[],
): AsyncGenerator<string> {
  const [signing, ...earlier] = epochs.filter(({ over }) => !over);
  if (signing === undefined) return;
  for await (const subject of ids(subjects)) {
    const now = signing.pseudonym(domain, subject);
    for (const { version, pseudonym } of earlier) {
      yield `${JSON.stringify({ version, old: pseudonym(domain, subject), new: now })}\n`;
    }
  }
}

export type Resolved = {
  /** A line of JSON for each that was found, in the order of the candidates. */
  readonly lines: readonly string[];
  /** How many were not found. */
  readonly missing: number;
};

/**
 * Whose pseudonyms these are, among candidates: a pseudonym cannot be turned back, only tried.
 *
 * @throws LetheError `usage` naming the line that is no id.
 */
export async function resolvePseudonyms(
  pseudonyms: readonly string[],
  candidates: AsyncIterable<Uint8Array>,
  domain: string,
  epochs: readonly Epoch[],
): Promise<Resolved> {
  const wanted = new Set(pseudonyms);
  const lines: string[] = [];
  const usable = epochs.filter(({ over }) => !over);
  for await (const subject of ids(candidates)) {
    if (wanted.size === 0) break;
    for (const epoch of usable) {
      const pseudonym = epoch.pseudonym(domain, subject);
      if (!wanted.delete(pseudonym)) continue;
      lines.push(`${JSON.stringify({ pseudonym, subject, domain, ...about(epoch) })}\n`);
    }
  }
  return { lines, missing: wanted.size };
}

/** One id a line, to the byte; blank lines are skipped. */
async function* ids(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const { number, text } of byteLines(chunks, LONGEST_ID_BYTES)) {
    if (text === null) {
      throw new LetheError('usage', `line ${number} is no subject id: no UTF-8, or longer than 64 KiB`, {
        fix: 'Give one subject id a line.',
      });
    }
    const id = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (id !== '') yield id;
  }
}
