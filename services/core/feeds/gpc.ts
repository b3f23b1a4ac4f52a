/**
 * Global Privacy Control (https://www.w3.org/TR/gpc/), passed on by one's own site: the browser's `Sec-GPC: 1`, or
 * `"gpc": true` in the body, which a signature covers. A missing signal says nothing; there is none that grants.
 */
import type { Feed, GpcFeed } from './feed.ts';
import { valueAt } from './pointer.ts';
import { type Delivery, defaultsOf, type FeedReading, makeCollector, placeOf } from './reading.ts';

export function readGpc(feed: Feed & GpcFeed, { body, now, gpc }: Delivery): FeedReading {
  const collector = makeCollector(now);
  if (!gpc && valueAt(body, ['gpc']) !== true)
    collector.refuse('/gpc', 'must be true where the header Sec-GPC is not 1');
  const subject = collector.subject(placeOf(feed.subject, body));
  const at = collector.time(placeOf(feed.at, body));
  const region = collector.region({ value: valueAt(body, ['region']), pointer: '/region' });
  for (const purpose of subject === null ? [] : feed.purposes) {
    const defaults = defaultsOf(feed);
    collector.add({
      ...defaults,
      subject: subject!,
      pointer: '',
      purpose,
      decision: 'denied',
      at,
      region: region ?? defaults.region,
      method: 'gpc',
    });
  }
  return collector.done(null);
}
