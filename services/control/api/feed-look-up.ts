import { LetheError } from '../../core/errors.ts';
import { CONSENT_EVENTS_TOPIC } from '../../core/own-topics.ts';
import type { TopicReader } from '../../core/topic-reader.ts';
import type { DecodeEvent } from '../projector.ts';
import type { ConsentParts } from './parts.ts';

/** Looks up single events of the feed by their places. */
export function makeFeedLookUp(options: {
  readonly reader: Pick<TopicReader, 'bounds' | 'read'>;
  readonly decode: DecodeEvent;
}): ConsentParts['eventAt'] {
  const topic = CONSENT_EVENTS_TOPIC;
  return async ({ partition, offset }) => {
    const bounds = (await options.reader.bounds(topic)).find((each) => each.partition === partition);
    if (bounds === undefined || offset < bounds.low || offset >= bounds.end) return null;
    for await (const { records } of options.reader.read({ topic, partition, from: offset, to: offset + 1 })) {
      for (const record of records) {
        if (record.offset !== offset || record.value === null) continue;
        const decoded = options.decode(record.value);
        if (decoded === null) throw new LetheError('bug', `${topic}/${partition}/${offset} is no consent event`);
        return { ...decoded, appendedAt: record.timestamp };
      }
    }
    return null;
  };
}
