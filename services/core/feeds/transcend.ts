/**
 * Transcend, in the two forms that it documents: webhooks of opt-out and opt-in requests
 * (https://docs.transcend.io/docs/integrations/server-webhook-integration: `type`, `coreIdentifier`), and records of
 * preferences (https://docs.transcend.io/docs/api-reference/PUT/v1/preferences), which a workflow can pass on. Purposes
 * of requests are the first part of their type: `SALE` of `SALE_OPT_OUT`.
 */
import type { Feed, TranscendFeed } from './feed.ts';
import { valueAt } from './pointer.ts';
import { type Collector, type Delivery, defaultsOf, type FeedReading, makeCollector, type Place } from './reading.ts';

const MAX_RECORDS = 100;

export function readTranscend(feed: Feed & TranscendFeed, { body, now }: Delivery): FeedReading {
  const collector = makeCollector(now);
  if (valueAt(body, ['type']) !== undefined) return readRequest(feed, body, collector);
  const records = valueAt(body, ['records']);
  if (records === undefined) readRecord(feed, { value: body, pointer: '' }, collector);
  else if (!Array.isArray(records) || records.length === 0 || records.length > MAX_RECORDS) {
    collector.refuse('/records', `must be a list of 1 to ${MAX_RECORDS} records`);
  } else {
    for (const [index, value] of records.entries())
      readRecord(feed, { value, pointer: `/records/${index}` }, collector);
  }
  return collector.done(null);
}

function readRequest(feed: Feed & TranscendFeed, body: unknown, collector: Collector): FeedReading {
  const place = (...steps: readonly string[]): Place => ({
    value: valueAt(body, steps),
    pointer: `/${steps.join('/')}`,
  });
  const type = collector.text(place('type'));
  const request = collector.text(place('extras', 'request', 'id'));
  const at = collector.time(place('extras', 'request', 'createdAt'));
  const subject = collector.subject(place('coreIdentifier', 'value'));
  const [, name, way] = /^(.+)_OPT_(OUT|IN)$/.exec(type ?? '') ?? [];
  // What is no opt-out (an erasure, say) must be ignored by its name: it is somebody's request all the same.
  for (const purpose of collector.purposes(name ?? type ?? '', feed, '/type')) {
    if (name === undefined) collector.refuse('/type', 'is no opt-out and no opt-in');
    else if (subject !== null) {
      const decision = way === 'IN' ? 'granted' : 'withdrawn';
      collector.add({ ...defaultsOf(feed), subject, pointer: '', purpose, decision, at });
    }
  }
  // One request is told of once for each of its types.
  return collector.done(request === null ? null : `${request}/${type}`);
}

function readRecord(feed: Feed & TranscendFeed, { value, pointer }: Place, collector: Collector): void {
  const place = (...steps: readonly string[]): Place => ({
    value: valueAt(value, steps),
    pointer: [pointer, ...steps].join('/'),
  });
  const identifiers = place('identifiers');
  const own = (Array.isArray(identifiers.value) ? (identifiers.value as readonly unknown[]) : []).filter(
    (each) => valueAt(each, ['name']) === feed.identifier,
  );
  if (own.length !== 1) collector.refuse(identifiers.pointer, 'must have the identifier that the feed names, once');
  const subject =
    own.length === 1 ? collector.subject({ value: valueAt(own[0], ['value']), pointer: identifiers.pointer }) : null;
  const at = collector.time(place('timestamp'));
  const purposes = place('purposes');
  if (!Array.isArray(purposes.value) || purposes.value.length > MAX_RECORDS) {
    collector.refuse(purposes.pointer, `must be a list of at most ${MAX_RECORDS} purposes`);
    return;
  }
  for (const [index, each] of (purposes.value as readonly unknown[]).entries()) {
    const here = `${purposes.pointer}/${index}`;
    const name = collector.text({ value: valueAt(each, ['purpose']), pointer: `${here}/purpose` });
    if (name === null) collector.refuse(`${here}/purpose`, 'must name a purpose');
    const enabled = valueAt(each, ['enabled']);
    const own = collector.time({ value: valueAt(each, ['timestamp']), pointer: `${here}/timestamp` });
    for (const purpose of name === null ? [] : collector.purposes(name, feed, `${here}/purpose`)) {
      if (typeof enabled !== 'boolean') collector.refuse(`${here}/enabled`, 'must be true or false');
      else if (subject !== null) {
        const decision = enabled ? 'granted' : 'withdrawn';
        collector.add({ ...defaultsOf(feed), subject, pointer: here, purpose, decision, at: own ?? at });
      }
    }
  }
}
