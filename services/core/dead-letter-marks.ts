/** What was replayed already, as the marks on `lethe.dead-letters` tell it. */
import { headerValues } from './apply/header-values.ts';
import { MARK_HEADER, readDeadLetterRecord } from './dead-letter-record.ts';
import { OffsetSet } from './offset-set.ts';
import { DEAD_LETTER_TOPIC } from './own-topics.ts';
import type { PartitionBounds, TopicReader } from './topic-reader.ts';

export type Marks = {
  readonly isReplayed: (partition: number, offset: number) => boolean;
  /**
   * By `RAWTOPIC/RAWPARTITION`: the head of its chain of replays. Null where marks of several partitions name different
   * ones, as they do once the topic was given more partitions.
   */
  readonly heads: ReadonlyMap<string, string | null>;
  /** Coordinates of marks that cannot be read; where there are any, nobody knows what was replayed. */
  readonly unreadable: readonly string[];
};

/**
 * Reads partitions for their marks. Memory: one bit for each replayed letter, and a head for each raw partition.
 *
 * @param passed told how many offsets were passed since the last call.
 */
export async function readMarks(
  reader: Pick<TopicReader, 'read'>,
  bounds: readonly PartitionBounds[],
  passed: (offsets: number) => void = () => undefined,
): Promise<Marks> {
  const replayed = new Map<number, OffsetSet>();
  const heads = new Map<string, string | null>();
  const unreadable: string[] = [];
  for (const { partition, low, end } of bounds) {
    const set = new OffsetSet();
    replayed.set(partition, set);
    const here = new Map<string, string>();
    for await (const batch of reader.read({ topic: DEAD_LETTER_TOPIC, partition, from: low, to: end })) {
      for (const record of batch.records) {
        // Letters are not even parsed here: they are many, and may be large.
        if (headerValues(record.headers, MARK_HEADER).length === 0) continue;
        const read = readDeadLetterRecord(record);
        if (read.kind !== 'mark') {
          unreadable.push(`${DEAD_LETTER_TOPIC}/${partition}/${record.offset}`);
          continue;
        }
        for (const [from, to] of read.mark.replayed) set.addRange(from, to);
        for (const [chain, hash] of Object.entries(read.mark.chains)) here.set(chain, hash);
      }
      passed(batch.nextOffset - batch.startOffset);
    }
    for (const [chain, hash] of here) heads.set(chain, heads.has(chain) && heads.get(chain) !== hash ? null : hash);
  }
  return {
    isReplayed: (partition, offset) => replayed.get(partition)?.has(offset) ?? false,
    heads,
    unreadable,
  };
}
