/**
 * TC strings of the IAB's Transparency and Consent Framework, sent by one's own site (`__tcfapi`'s TCData has
 * `tcString`). A purpose is granted where all of its TCF purposes are consented to, and names the vendors consented to.
 */
import type { Feed, TcfFeed } from './feed.ts';
import { type Delivery, defaultsOf, type FeedReading, makeCollector, placeOf } from './reading.ts';

/** What of a TC string counts here. */
export type TcConsent = {
  /** Epoch milliseconds; since TCF 2.2 the begin of a day (UTC). */
  readonly lastUpdated: number;
  readonly cmpId: number;
  readonly cmpVersion: number;
  readonly policyVersion: number;
  readonly vendorListVersion: number;
  readonly consentsTo: (purpose: number) => boolean;
  readonly names: (vendor: number) => boolean;
  /** The publisher forbids the vendor the purpose, or allows it for legitimate interest alone. */
  readonly restricts: (vendor: number, purpose: number) => boolean;
};

/** Null for what is no TC string of version 2. Never throws. */
export type TcDecoder = (text: string) => TcConsent | null;

const DAY_MS = 86_400_000;
const MAX_STRING = 16_384;

export function readTcf(feed: Feed & TcfFeed, { body, now }: Delivery, decode: TcDecoder): FeedReading {
  const collector = makeCollector(now);
  const subject = collector.subject(placeOf(feed.subject, body));
  const stringAt = placeOf(feed.tcString, body);
  const text = collector.text(stringAt, MAX_STRING);
  const tc = text === null ? null : decode(text);
  if (tc === null) collector.refuse(stringAt.pointer, 'must be a TC string of version 2');
  const saidAt = placeOf(feed.at, body);
  const said = collector.time(saidAt);
  if (subject === null || tc === null) return collector.done(null);
  // The string tells the day. A time may say more, never move an old string into the present: it would undo what was
  // withdrawn elsewhere since.
  if (said !== null && (said < tc.lastUpdated || said >= tc.lastUpdated + DAY_MS)) {
    collector.refuse(saidAt.pointer, 'must be on the day that the TC string was last updated');
  }
  for (const [purpose, needs] of feed.purposes) {
    const granted = needs.every((each) => tc.consentsTo(each));
    const recipients = [...feed.vendors]
      .filter(([vendor]) => tc.names(vendor) && !needs.some((each) => tc.restricts(vendor, each)))
      .map(([, recipient]) => recipient);
    collector.add({
      ...defaultsOf(feed),
      subject,
      pointer: stringAt.pointer,
      purpose,
      decision: granted ? 'granted' : 'denied',
      // A refusal that is known to the day alone counts from when it is heard of, not from before that day's grants.
      at: said ?? (granted ? tc.lastUpdated : null),
      recipients: granted ? [...new Set(recipients)] : [],
      notice: `tcf-policy-${tc.policyVersion}/vendor-list-${tc.vendorListVersion}`,
      source: `tcf:cmp-${tc.cmpId}/${tc.cmpVersion}`,
    });
  }
  return collector.done(null);
}
