/**
 * Segment's "Segment Consent Preference Updated" track events, from its Webhooks destination
 * (https://www.twilio.com/docs/segment/privacy/consent-management/consent-in-unify). Other events carry consent too, as
 * of when they were made; the update is the answer, and they are ignored.
 */
import type { Feed, SegmentFeed } from './feed.ts';
import { valueAt } from './pointer.ts';
import { type Delivery, defaultsOf, type FeedReading, makeCollector, placeOf } from './reading.ts';

const EVENT = 'Segment Consent Preference Updated';
const PREFERENCES = '/context/consent/categoryPreferences';

export function readSegment(feed: Feed & SegmentFeed, { body, now }: Delivery): FeedReading {
  const collector = makeCollector(now);
  const type = collector.text({ value: valueAt(body, ['type']), pointer: '/type' });
  if (type === null) collector.refuse('/type', 'must be the type of the event');
  const id = collector.text({ value: valueAt(body, ['messageId']), pointer: '/messageId' });
  if (type !== null && (type !== 'track' || valueAt(body, ['event']) !== EVENT)) {
    collector.ignore();
    return collector.done(id);
  }
  const subject = collector.subject(placeOf(feed.subject, body));
  const at = collector.time({ value: valueAt(body, ['timestamp']), pointer: '/timestamp' });
  const granted = preferences(valueAt(body, ['context', 'consent', 'categoryPreferences']));
  if (granted === null) {
    collector.refuse(PREFERENCES, 'must be an object of booleans');
    return collector.done(id);
  }
  const answers = new Map<string, boolean>();
  for (const [category, value] of granted) {
    for (const purpose of collector.purposes(category, feed, PREFERENCES)) {
      answers.set(purpose, value && answers.get(purpose) !== false);
    }
  }
  // "Segment assumes a value of false for all missing categories".
  for (const [category, purposes] of feed.purposes ?? []) {
    if (!granted.has(category)) for (const purpose of purposes) answers.set(purpose, false);
  }
  const defaults = defaultsOf(feed);
  for (const [purpose, value] of answers) {
    const decision = value ? 'granted' : 'denied';
    if (subject !== null) collector.add({ ...defaults, subject, pointer: PREFERENCES, purpose, decision, at });
  }
  return collector.done(id);
}

function preferences(value: unknown): ReadonlyMap<string, boolean> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  return entries.every((entry): entry is [string, boolean] => typeof entry[1] === 'boolean') ? new Map(entries) : null;
}
