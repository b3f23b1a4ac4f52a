/**
 * Consents as people write them (DESIGN section 8): one JSON object a line. Strict, since a misread consent releases or
 * withholds by mistake. Messages name keys of the format and never hold anything from the data.
 */
import { parseInstant } from './apply/time.ts';
import { CONSENT_DECISIONS, type ConsentDecision, type ConsentEvent } from './consent-event.ts';

/** A consent event before the feed has given it its place. */
export type UnplacedConsentEvent = Omit<ConsentEvent, 'version'>;

export type ConsentLine =
  | { readonly ok: true; readonly subject: string; readonly event: UnplacedConsentEvent }
  | { readonly ok: false; readonly message: string };

export type ConsentEventsResult =
  | { readonly ok: true; readonly events: readonly ConsentEvent[] }
  /** `index` is the event's place in the list, -1 where it is no list. */
  | { readonly ok: false; readonly problems: readonly { readonly index: number; readonly message: string }[] };

const EVENT_KEYS = ['purpose', 'decision', 'at', 'region', 'recipients', 'method', 'notice', 'source', 'expires'];
const LINE_KEYS = new Set(['subject', ...EVENT_KEYS]);
const ITEM_KEYS = new Set(EVENT_KEYS);
const INTEGER = /^(?:0|-?[1-9]\d*)$/;

/** Parses one line of a consents file. Time: RFC 3339 with a zone. */
export function parseConsentLine(line: string): ConsentLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refuse('this is not JSON; a line holds one JSON object');
  }
  if (!isObject(value)) return refuse('this is not a JSON object');
  // JSON.parse keeps the last of several: which one was meant, nobody knows.
  if (countKeys(line) !== Object.keys(value).length) return refuse('a key occurs twice');
  const event = readEvent(value, LINE_KEYS);
  if (typeof event === 'string') return refuse(event);
  const subject = subjectOf(value['subject'], line);
  if (subject === null) return refuse('"subject" is missing, or is no text or whole number');
  return { ok: true, subject, event };
}

/**
 * Parses the `consent` of a policy test: a list of events without `subject`, already read from YAML. An event's place in
 * the list is its version, so that of equal times the later counts.
 */
export function parseConsentEvents(list: unknown): ConsentEventsResult {
  if (!Array.isArray(list))
    return { ok: false, problems: [{ index: -1, message: 'this is not a list of consent events' }] };
  const events: ConsentEvent[] = [];
  const problems: { index: number; message: string }[] = [];
  for (const [index, item] of list.entries()) {
    const event = isObject(item) ? readEvent(item, ITEM_KEYS) : 'this is not a consent event';
    if (typeof event === 'string') problems.push({ index, message: event });
    else events.push({ ...event, version: index });
  }
  return problems.length === 0 ? { ok: true, events } : { ok: false, problems };
}

/** The event, or what is wrong with it. */
function readEvent(
  value: Readonly<Record<string, unknown>>,
  allowed: ReadonlySet<string>,
): UnplacedConsentEvent | string {
  for (const key of Object.keys(value)) {
    if (!allowed.has(key)) return `a key is none of ${[...allowed].join(', ')}`;
  }
  const { purpose, decision } = value;
  if (typeof purpose !== 'string' || purpose === '') return '"purpose" is missing, or is no text';
  if (!isDecision(decision)) return `"decision" is none of ${CONSENT_DECISIONS.join(', ')}`;
  const at = typeof value['at'] === 'string' ? parseInstant(value['at']) : null;
  if (at === null) return '"at" is no time like 2026-01-05T10:00:00Z (RFC 3339, with a zone)';
  const until = value['expires'] ?? null;
  const expires = typeof until === 'string' ? parseInstant(until) : null;
  if (until !== null && expires === null) return '"expires" is neither null nor a time like 2027-01-05T10:00:00Z';
  const recipients = value['recipients'] ?? [];
  if (!Array.isArray(recipients) || !recipients.every(isText)) return '"recipients" is no list of names';
  const texts: { [key in 'region' | 'method' | 'notice' | 'source']: string | null } = {
    region: null,
    method: null,
    notice: null,
    source: null,
  };
  for (const key of ['region', 'method', 'notice', 'source'] as const) {
    const text = value[key] ?? null;
    if (text !== null && !isText(text)) return `"${key}" is neither null nor text`;
    texts[key] = text;
  }
  return { purpose, decision, at, ...texts, recipients: [...recipients], expires };
}

/** A whole number is its decimal text as written: beyond 2^53 a JavaScript number is another subject. */
function subjectOf(value: unknown, line: string): string | null {
  if (typeof value === 'string') return value === '' || !value.isWellFormed() ? null : value;
  if (typeof value !== 'number') return null;
  let literal: string | null = null;
  const note = function (this: unknown, key: string, item: unknown, context: { readonly source?: string }): unknown {
    if (key === 'subject') literal = context.source ?? null;
    return item;
  };
  JSON.parse(line, note as (this: unknown, key: string, item: unknown) => unknown);
  return literal !== null && INTEGER.test(literal) ? literal : null;
}

/** How many keys the outermost object of a valid JSON text has, repeated ones each time. */
function countKeys(json: string): number {
  let depth = 0;
  let keys = 0;
  for (let i = 0; i < json.length; i++) {
    const char = json.charCodeAt(i);
    if (char === 0x22) i = endOfString(json, i);
    else if (char === 0x7b || char === 0x5b) depth++;
    else if (char === 0x7d || char === 0x5d) depth--;
    else if (char === 0x3a && depth === 1) keys++;
  }
  return keys;
}

/** Where the string that opens at `start` closes: at the next quote that no odd number of backslashes escapes. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); ; end = json.indexOf('"', end + 1)) {
    if (end < 0) return json.length;
    let slash = end;
    while (json.charCodeAt(slash - 1) === 0x5c) slash--;
    if ((end - slash) % 2 === 0) return end;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDecision(value: unknown): value is ConsentDecision {
  return (CONSENT_DECISIONS as readonly unknown[]).includes(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed();
}

function refuse(message: string): ConsentLine {
  return { ok: false, message };
}
