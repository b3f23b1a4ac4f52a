/** The topics a worker writes, and what they must be like where Lethe makes them (DESIGN section 7). */
import {
  AUDIT_TOPIC,
  CONSENT_EVENTS_TOPIC,
  DEAD_LETTER_TOPIC,
  PUBLISHED_KEYS_TOPIC,
  REQUESTS_TOPIC,
} from '../core/own-topics.ts';

export type OwnTopic = {
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
};

/** Kept for ever: evidence, and the truth about consents. */
const FOREVER = { 'cleanup.policy': 'delete', 'retention.ms': '-1' };

/** Lethe's own topics. The consent log's partition count is for ever: versions are offsets within a partition. */
export const OWN_TOPICS: readonly OwnTopic[] = [
  { name: AUDIT_TOPIC, partitions: -1, config: FOREVER },
  // Room for a raw record of the default limit (10 MiB) as base64.
  { name: DEAD_LETTER_TOPIC, partitions: -1, config: { 'max.message.bytes': String(16 * 1024 * 1024) } },
  { name: CONSENT_EVENTS_TOPIC, partitions: 12, config: FOREVER },
  // A few events a request; one partition keeps requests in the order in which they came.
  { name: REQUESTS_TOPIC, partitions: 1, config: FOREVER },
  // Of each entry the last: a key is published again and again.
  { name: PUBLISHED_KEYS_TOPIC, partitions: 12, config: { 'cleanup.policy': 'compact' } },
];

/** An output topic as Lethe makes it: as many partitions as its raw topic, so that partitions map one to one. */
export function outputTopic(name: string, rawPartitions: number): OwnTopic {
  return { name, partitions: rawPartitions, config: {} };
}
