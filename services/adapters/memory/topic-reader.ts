import { LetheError } from '../../core/errors.ts';
import type { TopicReader } from '../../core/topic-reader.ts';
import type { RawBatch, RawRecord } from '../../core/transport.ts';

export type MemoryPartition = {
  /** Ascending by offset. */
  readonly records: readonly RawRecord[];
  /** Default: the offset of the first record, 0 without any. */
  readonly low?: number;
  /** Default: the offset after the last record. */
  readonly end?: number;
};

/** Topics that are lists, held to the same suite as the Kafka adapter (test/contract/topic-reader.ts). */
export function makeMemoryTopicReader(
  topics: Readonly<Record<string, readonly MemoryPartition[]>>,
  batchRecords = 2,
): TopicReader {
  const partitionsOf = (topic: string): readonly Required<MemoryPartition>[] => {
    const partitions = topics[topic];
    if (partitions === undefined) throw new LetheError('unavailable', `Kafka topic ${topic} does not exist`);
    return partitions.map(({ records, low, end }) => ({
      records,
      low: low ?? records[0]?.offset ?? 0,
      end: end ?? (records.at(-1)?.offset ?? -1) + 1,
    }));
  };
  return {
    bounds: async (topic) => partitionsOf(topic).map(({ low, end }, partition) => ({ partition, low, end })),
    offsetsAt: async (topic, time) =>
      new Map(
        partitionsOf(topic).map(({ records, end }, partition) => [
          partition,
          records.find(({ timestamp }) => timestamp >= time)?.offset ?? end,
        ]),
      ),
    async *read({ topic, partition, from, to }) {
      const held = partitionsOf(topic)[partition];
      if (held === undefined) throw new LetheError('usage', `${topic} has no partition ${partition}`);
      const end = Math.min(to, held.end);
      if (from < held.low && from < end) {
        throw new LetheError('data_lost', `${topic}/${partition} does not hold offset ${from}`);
      }
      const records = held.records.filter(({ offset }) => offset >= from && offset < end);
      let startOffset = from;
      for (let at = 0; startOffset < end; at += batchRecords) {
        const some = records.slice(at, at + batchRecords);
        const nextOffset = at + batchRecords >= records.length ? end : some.at(-1)!.offset + 1;
        const batch: RawBatch = { topic, partition, startOffset, records: some, nextOffset, highWatermark: held.end };
        yield batch;
        startOffset = nextOffset;
      }
    },
    close: async () => undefined,
  };
}
