/** Heads of the audit chains of replays, as `lethe.audit` itself tells them. */
import { textOf } from './apply/headers.ts';
import { replayChainTopic } from './dead-letter-replay.ts';
import { LetheError } from './errors.ts';
import { AUDIT_TOPIC } from './own-topics.ts';
import type { PartitionBounds, TopicReader } from './topic-reader.ts';

/** What a segment says about its place in the chain; null where it cannot be read. */
export type ReadLinks = (value: Uint8Array) => { readonly previous: string; readonly hash: string } | null;

/**
 * By `RAWTOPIC/RAWPARTITION`. Reads all of the audit and looks at keys alone, but for the segments of replays: needed
 * where no mark is left on the topic of the letters, which may be kept for a shorter time.
 *
 * @param prefix how the names of the chains begin: those of replays, or of corrections.
 * @param passed told how many offsets were passed since the last call.
 * @throws LetheError `data_lost` where such a segment cannot be read.
 */
export async function readReplayHeads(
  reader: Pick<TopicReader, 'read'>,
  bounds: readonly PartitionBounds[],
  linksOf: ReadLinks,
  passed: (offsets: number) => void = () => undefined,
  prefix: string = replayChainTopic(''),
): Promise<ReadonlyMap<string, string>> {
  /** By chain: for each partition of the audit that holds some of it, where it comes from and where it stands there. */
  const stretches = new Map<string, { readonly from: string; head: string }[]>();
  for (const { partition, low, end } of bounds) {
    const here = new Map<string, { readonly from: string; head: string }>();
    for await (const batch of reader.read({ topic: AUDIT_TOPIC, partition, from: low, to: end })) {
      for (const { key, value, offset } of batch.records) {
        const name = key === null ? null : textOf(key);
        if (name === null || !name.startsWith(prefix)) continue;
        const links = value === null ? null : linksOf(value);
        if (links === null) {
          throw new LetheError(
            'data_lost',
            `${AUDIT_TOPIC}/${partition}/${offset} is no audit segment that can be read`,
            {
              fix: 'Nothing was replayed. "lethe verify" says what else is wrong with the audit.',
            },
          );
        }
        const chain = name.slice(prefix.length);
        const stretch = here.get(chain);
        if (stretch === undefined) here.set(chain, { from: links.previous, head: links.hash });
        else stretch.head = links.hash;
      }
      passed(batch.nextOffset - batch.startOffset);
    }
    for (const [chain, stretch] of here) stretches.set(chain, [...(stretches.get(chain) ?? []), stretch]);
  }
  return new Map([...stretches].map(([chain, all]) => [chain, newest(all)]));
}

/** A topic that was given more partitions goes on in another one: the head is what no stretch continues. */
function newest(stretches: readonly { readonly from: string; readonly head: string }[]): string {
  const last = stretches.find(({ head }) => !stretches.some(({ from }) => from === head));
  return (last ?? stretches[0]!).head;
}
