import type { ConsentEvent } from '../core/consent-event.ts';
import { parseConsentLine } from '../core/consent-file.ts';
import { type ConsentState, consentStateOf } from '../core/decide/consent-state.ts';
import { byteLines } from './byte-lines.ts';

const MAX_LINE_BYTES = 256 * 1024;

export type ReplayConsents =
  | { readonly ok: true; readonly stateOf: (subject: string) => ConsentState }
  /** `FILE:LINE: message` each; never anything from the line. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads a whole consents file for `replay`; a line's number is its event's place in the feed. */
export async function readReplayConsents(file: string, chunks: AsyncIterable<Uint8Array>): Promise<ReplayConsents> {
  const bySubject = new Map<string, ConsentEvent[]>();
  const problems: string[] = [];
  for await (const { number, text } of byteLines(chunks, MAX_LINE_BYTES)) {
    if (text?.trim() === '') continue;
    const line =
      text === null
        ? ({ ok: false, message: `this is no UTF-8, or longer than ${MAX_LINE_BYTES} bytes` } as const)
        : parseConsentLine(text);
    if (!line.ok) {
      problems.push(`${file}:${number}: ${line.message}`);
      continue;
    }
    const event = { ...line.event, version: number };
    const known = bySubject.get(line.subject);
    if (known === undefined) bySubject.set(line.subject, [event]);
    else known.push(event);
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, stateOf: (subject) => consentStateOf(bySubject.get(subject) ?? []) };
}
