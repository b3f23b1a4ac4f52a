/** Following a topic without a group: what was committed since the last round, again and again. */
import { LetheError } from '../core/errors.ts';
import type { TopicReader } from '../core/topic-reader.ts';
import type { RawRecord } from '../core/transport.ts';

export type Follower = {
  /**
   * Reads what is new, partition by partition, and passes it on in batches whose bytes are valid until `take` settles.
   * `take` says false where no more is wanted. A partition that is new is read from its beginning; where retention went
   * past, or the topic was made anew, it goes on with what there is.
   */
  readonly round: (take: (partition: number, records: readonly RawRecord[]) => Promise<boolean>) => Promise<void>;
};

/**
 * @param from the next offset of each partition; null: the end of now.
 * @throws LetheError `unavailable`: here, and from each round, after which the next one goes on where it stopped.
 */
export async function follow(
  reader: TopicReader,
  topic: string,
  from: ReadonlyMap<number, number> | null,
): Promise<Follower> {
  const ends = from ?? new Map((await reader.bounds(topic)).map(({ partition, end }) => [partition, end]));
  const positions = new Map(ends);
  return {
    round: async (take) => {
      for (const { partition, low, end } of await reader.bounds(topic)) {
        const known = positions.get(partition) ?? low;
        const start = known < low || known > end ? low : known;
        positions.set(partition, start);
        if (start === end) continue;
        try {
          for await (const { records, nextOffset } of reader.read({ topic, partition, from: start, to: end })) {
            const wanted = records.length === 0 || (await take(partition, records));
            positions.set(partition, nextOffset);
            if (!wanted) return;
          }
        } catch (error) {
          // Retention was quicker: the next round begins with what is left.
          if (!(error instanceof LetheError && error.code === 'data_lost')) throw error;
        }
      }
    },
  };
}
