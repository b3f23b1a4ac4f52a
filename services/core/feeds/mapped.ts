/**
 * Deliveries whose fields are where the feed says: the generic webhook, and OneTrust. What OneTrust sends is written by
 * its user in an integration workflow, so there is no one form; the defaults (adapters/config/feeds.ts) are the names
 * that its own receipts have (https://developer.onetrust.com/onetrust/reference/createconsentreceiptusingpost).
 */
import type { Feed, MappedFeed } from './feed.ts';
import { type Delivery, defaultsOf, type FeedReading, makeCollector, type Place, placeOf } from './reading.ts';

const MAX_ITEMS = 1_000;

export function readMapped(feed: Feed & MappedFeed, { body, now }: Delivery): FeedReading {
  const collector = makeCollector(now);
  const { fields } = feed;
  const defaults = defaultsOf(feed);
  for (const item of itemsOf(feed, body, collector.refuse)) {
    const place = (pointer: keyof typeof fields): Place | null =>
      fields[pointer] === null ? null : placeOf(fields[pointer], body, item);
    const subject = collector.subject(placeOf(fields.subject, body, item));
    const purposeAt = placeOf(fields.purpose, body, item);
    const purpose = collector.text(purposeAt);
    if (purpose === null) collector.refuse(purposeAt.pointer, 'must name a purpose');
    const purposes = purpose === null ? [] : collector.purposes(purpose, feed, purposeAt.pointer);
    const decisionAt = placeOf(fields.decision, body, item);
    const { value } = decisionAt;
    const decision = feed.decisions.get(typeof value === 'string' || typeof value === 'boolean' ? String(value) : '');
    const at = collector.time(placeOf(fields.at, body, item));
    const expires = fields.expires === null ? null : collector.time(placeOf(fields.expires, body, item));
    const said = {
      region: collector.region(place('region')) ?? defaults.region,
      method: collector.method(place('method')) ?? defaults.method,
      notice: textOf(collector, place('notice')) ?? defaults.notice,
      source: defaults.source,
      recipients: collector.names(place('recipients')),
      expires,
    };
    // What is ignored may be decided in words that nobody mapped.
    if (purposes.length === 0) continue;
    if (decision === undefined) collector.refuse(decisionAt.pointer, 'is no decision that the feed maps');
    if (subject === null || decision === undefined) continue;
    for (const each of purposes)
      collector.add({ subject, pointer: item.pointer, purpose: each, decision, at, ...said });
  }
  const id = fields.id === null ? null : collector.text(placeOf(fields.id, body));
  return collector.done(id);
}

function itemsOf(feed: MappedFeed, body: unknown, refuse: (pointer: string, detail: string) => void): readonly Place[] {
  if (feed.items === null) return [{ value: body, pointer: '' }];
  const { value, pointer } = placeOf(feed.items, body);
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ITEMS) {
    refuse(pointer, `must be a list of 1 to ${MAX_ITEMS} answers`);
    return [];
  }
  return value.map((item: unknown, index) => ({ value: item, pointer: `${pointer}/${index}` }));
}

function textOf({ text }: { readonly text: (place: Place) => string | null }, place: Place | null): string | null {
  return place === null ? null : text(place);
}
