import type { Feed } from './feed.ts';
import { readGpc } from './gpc.ts';
import { readMapped } from './mapped.ts';
import type { Delivery, FeedReading } from './reading.ts';
import { readSegment } from './segment.ts';
import { readTcf, type TcDecoder } from './tcf.ts';
import { readTranscend } from './transcend.ts';

/**
 * What a delivery of a feed says, or all that is wrong with it: nothing of it counts then. Its origin was checked before.
 * Never throws, whatever the body is.
 */
export function readFeed(feed: Feed, delivery: Delivery, decodeTc: TcDecoder): FeedReading {
  switch (feed.kind) {
    case 'webhook':
    case 'onetrust':
      return readMapped(feed, delivery);
    case 'segment':
      return readSegment(feed, delivery);
    case 'transcend':
      return readTranscend(feed, delivery);
    case 'tcf':
      return readTcf(feed, delivery, decodeTc);
    case 'gpc':
      return readGpc(feed, delivery);
  }
}
