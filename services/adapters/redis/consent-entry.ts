/**
 * A subject's entry in the consent view, one Redis string. Its first line is the subject's own token, so that a reply
 * that belongs to another key is noticed (ioredis #965, #1925); then one line per event: the version, a tab, JSON. JSON
 * never holds a bare line break, so a line is an event's identity.
 */
import { CONSENT_DECISIONS, type ConsentDecision, type ConsentEvent } from '../../core/consent-event.ts';

const TOKEN = /^[A-Za-z0-9_-]{1,128}$/;
/** ECMA-262: no Date lies further from the epoch. */
const MAX_DATE_MS = 8.64e15;
const VERSION = /^(0|[1-9]\d{0,15})$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

export function eventLine(event: ConsentEvent): string {
  const { purpose, decision, at, region, recipients, method, notice, source, expires } = event;
  // Named one by one: the same event has to give the same text always.
  return `${event.version}\t${JSON.stringify({ purpose, decision, at, region, recipients, method, notice, source, expires })}`;
}

export function entryText(token: string, events: readonly ConsentEvent[]): string {
  return `${token}\n${[...new Set(events.map(eventLine))].join('\n')}`;
}

/** Whether an entry is the one of this subject. */
export function namesToken(entry: string, token: string): boolean {
  return entry.startsWith(token) && (entry.length === token.length || entry.charCodeAt(token.length) === 0x0a);
}

/** The events of an entry, or null where any line of it is not what `entryText` writes. */
export function parseEntry(entry: string): readonly ConsentEvent[] | null {
  const [, ...lines] = entry.split('\n');
  const events: ConsentEvent[] = [];
  for (const line of lines) {
    const event = parseLine(line);
    if (event === null) return null;
    events.push(event);
  }
  return events;
}

function parseLine(line: string): ConsentEvent | null {
  const tab = line.indexOf('\t');
  const version = line.slice(0, Math.max(tab, 0));
  if (!VERSION.test(version) || !Number.isSafeInteger(Number(version))) return null;
  let value: unknown;
  try {
    value = JSON.parse(line.slice(tab + 1));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { purpose, decision, at, region, recipients, method, notice, source, expires } = value as Record<
    string,
    unknown
  >;
  if (typeof purpose !== 'string' || purpose === '' || !isDecision(decision) || !isTime(at)) return null;
  if (!isText(region) || !isText(method) || !isText(notice) || !isText(source)) return null;
  if (!(expires === null || isTime(expires)) || !isTexts(recipients)) return null;
  return { purpose, decision, at, version: Number(version), region, recipients, method, notice, source, expires };
}

function isDecision(value: unknown): value is ConsentDecision {
  return (CONSENT_DECISIONS as readonly unknown[]).includes(value);
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Math.abs(value as number) <= MAX_DATE_MS;
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
