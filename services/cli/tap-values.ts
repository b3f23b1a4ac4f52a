/** What was published, read beside the audit from the output topics that decisions name. */
import { headerValues } from '../core/apply/header-values.ts';
import { LETHE_TOPICS } from '../core/own-topics.ts';
import type { ShownValue } from '../core/tap/lines.ts';
import { makeValueBuffer, type PublishedValue, type ValueBuffer } from '../core/tap/values.ts';
import type { TopicReader } from '../core/topic-reader.ts';
import { type Follower, follow } from './follow.ts';

export type OutputTails = Pick<ValueBuffer, 'take'> & {
  /** Has a topic read, from a little before a moment (epoch milliseconds) on; it stays so. */
  readonly want: (topic: string, since: number) => void;
  /** Reads what is new of every topic wanted. Throws `unavailable`. */
  readonly read: () => Promise<void>;
};

/** Values wait no longer than their decisions: seconds of a busy topic. */
const BUFFER_BYTES = 64 * 1024 * 1024;
/** Between the clock of a worker, which stamps what it publishes, and the moment that it names in the audit. */
const SLACK_MS = 5_000;

/**
 * @param rawTopic is never read, nor is a topic of Lethe's own: values are shown after redaction alone.
 * @param outputs the only topics that are read; null: whatever the audit names as outputs.
 */
export function makeOutputTails(
  reader: TopicReader,
  rawTopic: string,
  outputs: ReadonlySet<string> | null,
): OutputTails {
  const buffer = makeValueBuffer(BUFFER_BYTES);
  const wanted = new Map<string, number>();
  const tails = new Map<string, Follower>();
  return {
    take: buffer.take,
    want: (topic, since) => {
      if (topic === rawTopic || LETHE_TOPICS.includes(topic) || outputs?.has(topic) === false) return;
      if (!wanted.has(topic)) wanted.set(topic, since);
    },
    read: async () => {
      for (const [topic, since] of wanted) {
        let tail = tails.get(topic);
        if (tail === undefined) {
          tail = await follow(reader, topic, await reader.offsetsAt(topic, since - SLACK_MS));
          tails.set(topic, tail);
        }
        await tail.round(async (_partition, records) => {
          for (const { headers, value } of records) {
            const [source] = headerValues(headers, 'lethe-source');
            if (source === undefined) continue;
            buffer.put(topic, Buffer.from(source).toString('utf8'), value === null ? null : value.slice());
          }
          return true;
        });
      }
    },
  };
}

/** Avro in Confluent's wire format as JSON, by the registry; null: it is none, or its schema is not to be had. */
export type AvroAsJson = (value: Uint8Array) => Promise<string | null>;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** JSON as it is, Avro as JSON, of anything else the size alone. */
export async function shownValue(published: PublishedValue, avro: AvroAsJson): Promise<ShownValue> {
  if (!published.found) return { kind: 'missing' };
  const { value } = published;
  if (value === null) return { kind: 'tombstone' };
  const bytes = value.length;
  const json = value[0] === 0 ? await avro(value) : jsonOf(value);
  return json === null ? { kind: 'bytes', bytes } : { kind: 'json', json, bytes };
}

function jsonOf(value: Uint8Array): string | null {
  try {
    const text = decoder.decode(value);
    JSON.parse(text);
    return text;
  } catch {
    return null;
  }
}
