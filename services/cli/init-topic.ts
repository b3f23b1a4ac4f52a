/** Records of a raw topic for `lethe init`: the newest of every partition, read and nothing else. */
import type { ReadRange, TopicReader } from '../core/topic-reader.ts';
import type { Datum } from '../core/propose/datum.ts';
import { parsed } from './init-records.ts';

export type TopicValue = {
  readonly format: 'json' | 'avro';
  /** Undefined where the value cannot be read. */
  readonly datum: Datum | undefined;
};

/** Reads a value in the registry's wire format; throws `invalid_config` where no registry is set. */
export type DecodeAvro = (value: Uint8Array) => Promise<Datum | undefined>;

/**
 * The newest records of every partition, `most` in all, as evenly as the partitions allow; tombstones are passed over.
 *
 * @param most null: all records that the topic holds now.
 */
export async function* topicValues(
  reader: TopicReader,
  topic: string,
  most: number | null,
  decodeAvro: DecodeAvro,
): AsyncGenerator<TopicValue> {
  for (const range of await newest(reader, topic, most)) {
    for await (const { records } of reader.read(range)) {
      for (const { value, unreadable } of records) {
        if (value === null) continue;
        if (unreadable !== undefined) yield { format: 'json', datum: undefined };
        // JSON begins with no such byte, the wire format always does.
        else if (value[0] === 0) yield { format: 'avro', datum: await decodeAvro(value) };
        else yield { format: 'json', datum: parsed(value) };
      }
    }
  }
}

/** What to read of each partition that holds something. What small partitions do not use, larger ones may. */
async function newest(reader: TopicReader, topic: string, most: number | null): Promise<readonly ReadRange[]> {
  const bounds = (await reader.bounds(topic)).filter(({ low, end }) => end > low);
  const bySize = bounds.toSorted((a, b) => a.end - a.low - (b.end - b.low));
  let left = most ?? Number.POSITIVE_INFINITY;
  return bySize.map(({ partition, low, end }, index) => {
    const share = Math.max(1, Math.ceil(left / (bySize.length - index)));
    const count = Math.min(end - low, share);
    left = Math.max(0, left - count);
    return { topic, partition, from: end - count, to: end };
  });
}
