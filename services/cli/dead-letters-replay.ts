/**
 * `lethe dead-letters replay`: dead letters through the bundle in force, each at most once. What was replayed is written
 * to the topic of the letters in the same transaction as what was published (core/dead-letter-record.ts), and read back
 * before anything else is done; what fails again is not written at all and stays as it is.
 */
import { GENESIS } from '../core/audit/segment.ts';
import {
  type DeadLetter,
  MARK_HEADER,
  MARK_REPLAYED,
  markText,
  rangesOf,
  readDeadLetterRecord,
} from '../core/dead-letter-record.ts';
import type { Marks } from '../core/dead-letter-marks.ts';
import type { ReplayLog, ReplayRecords } from '../core/dead-letter-replay.ts';
import type { Selection } from '../core/dead-letter-selection.ts';
import { LetheError } from '../core/errors.ts';
import { DEAD_LETTER_TOPIC } from '../core/own-topics.ts';
import type { Watermark } from '../core/ports.ts';
import type { PartitionBounds, TopicReader } from '../core/topic-reader.ts';
import type { Publication, RawBatch, RawRecord } from '../core/transport.ts';
import type { OpenLetter } from './dead-letters-open.ts';
import { type ReplayTally, makeReplayTally } from './dead-letters-tally.ts';

export type LettersReplayOptions = {
  readonly reader: Pick<TopicReader, 'read'>;
  /** Of `lethe.dead-letters`; the marks must have been read up to the same ends. */
  readonly bounds: readonly PartitionBounds[];
  readonly marks: Marks;
  readonly selection: Selection;
  readonly openLetter: OpenLetter;
  readonly replay: ReplayRecords;
  /** Why letters of a raw topic are not to be replayed, or null. */
  readonly refusalOf: (rawTopic: string) => Promise<'no_route' | 'compacted_output' | null>;
  /** Head of the chain of replays of a raw partition where no mark tells it. */
  readonly headOf: (rawTopic: string, partition: number) => Promise<string>;
  /** The consent watermark that a raw partition's worker decided under last, or null. */
  readonly watermarkOf: (rawTopic: string, partition: number) => Promise<Watermark | null>;
  /** Null: nothing is to be written. */
  readonly commit: ReplayLog['commit'] | null;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told how many offsets of the topic were passed since the last call. */
  readonly passed?: (offsets: number) => void;
  /** Ends the replay after the batch in hand. */
  readonly signal?: AbortSignal;
};

/** Letters and bytes of one transaction. */
const BATCH_LETTERS = 1_000;
const BATCH_BYTES = 4 * 1024 * 1024;

type Opened = { readonly letter: DeadLetter; readonly record: RawRecord };

/** Replays what is selected and open. The tally is right after a failure too: it counts what was committed. */
export async function replayLetters(
  options: LettersReplayOptions,
  tally: ReplayTally = makeReplayTally(),
): Promise<ReplayTally> {
  const { reader, bounds, marks, selection } = options;
  const [garbled] = marks.unreadable;
  if (garbled !== undefined) {
    throw new LetheError(
      'data_lost',
      `${garbled} calls itself a mark of a replay and cannot be read: nobody can tell what was replayed`,
      {
        fix: 'Nothing was replayed. Find out who wrote to lethe.dead-letters; only workers and this command may.',
      },
    );
  }
  const heads = new Map<string, string>();
  const watermarks = new Map<string, Watermark | null>();
  const refusals = new Map<string, 'no_route' | 'compacted_output' | null>();

  for (const { partition, low, end } of bounds) {
    let batch: Opened[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      const some = batch;
      batch = [];
      bytes = 0;
      if (some.length > 0) await replayBatch(partition, some);
    };
    for await (const read of reader.read({ topic: DEAD_LETTER_TOPIC, partition, from: low, to: end })) {
      for (const record of read.records) {
        const opened = await take(partition, record);
        if (opened === null) continue;
        const size = (opened.record.value?.length ?? 0) + (opened.record.key?.length ?? 0);
        if (bytes + size > BATCH_BYTES) await flush();
        batch.push(opened);
        bytes += size;
        if (batch.length >= BATCH_LETTERS) await flush();
        if (options.signal?.aborted === true) break;
      }
      if (options.signal?.aborted === true) break;
      options.passed?.(read.nextOffset - read.startOffset);
    }
    await flush();
    if (options.signal?.aborted === true) break;
  }
  tally.notFound.push(...selection.missed());
  return tally;

  /** A letter that is to be replayed, opened; null for everything else, which is counted. */
  async function take(partition: number, record: RawRecord): Promise<Opened | null> {
    const read = readDeadLetterRecord(record);
    if (read.kind === 'mark') return null;
    if (read.kind === 'unreadable') {
      tally.unreadable.add(`${DEAD_LETTER_TOPIC}/${partition}/${read.offset}`);
      return null;
    }
    const { letter } = read;
    if (!selection.has(partition, letter)) return null;
    tally.selected++;
    if (marks.isReplayed(partition, letter.offset)) {
      tally.alreadyReplayed++;
      return null;
    }
    const { topic } = letter.raw;
    let refusal = refusals.get(topic);
    if (refusal === undefined) refusals.set(topic, (refusal = await options.refusalOf(topic)));
    if (refusal !== null) {
      tally.leave(refusal, topic);
      return null;
    }
    const opened = options.openLetter(letter);
    if (opened.ok) return { letter, record: opened.record };
    tally.leave(
      opened.problem,
      opened.version === null ? `${DEAD_LETTER_TOPIC}/${partition}/${letter.offset}` : `dead_letter@${opened.version}`,
    );
    return null;
  }

  /** One transaction. */
  async function replayBatch(partition: number, batch: readonly Opened[]): Promise<void> {
    const publications: Publication[] = [];
    const replayed: number[] = [];
    const chains: Record<string, string> = {};
    const seen = new Map<string, Watermark | null>();
    const counted: (() => void)[] = [];
    for (const group of byRawPartition(batch)) {
      const { topic, partition: rawPartition } = group.batch;
      const chain = `${topic}/${rawPartition}`;
      const before = seen.has(chain) ? seen.get(chain)! : await watermarkOf(topic, rawPartition);
      const result = await options.replay(group.batch, {
        chain: chains[chain] ?? (await headOf(topic, rawPartition)),
        watermark: before,
      });
      if (result === null) {
        for (let left = group.letters.length; left > 0; left--) tally.leave('no_route', topic);
        continue;
      }
      result.decisions.forEach((decision, index) => {
        if (decision.kind === 'dead_lettered') {
          tally.failAgain(decision.poison.code);
          return;
        }
        replayed.push(group.letters[index]!.offset);
        counted.push(() => tally.replay(result.outputs, decision.outputs));
      });
      if (result.publications.length > 0) chains[chain] = result.chain;
      seen.set(chain, result.watermark ?? before);
      publications.push(...result.publications);
    }
    if (replayed.length > 0 && options.commit !== null) {
      const now = options.now();
      replayed.sort((a, b) => a - b);
      await options.commit([...publications, mark(partition, replayed, chains, now)]);
      for (const [chain, hash] of Object.entries(chains)) heads.set(chain, hash);
    }
    for (const [chain, watermark] of seen) watermarks.set(chain, watermark);
    for (const count of counted) count();
  }

  async function headOf(topic: string, partition: number): Promise<string> {
    if (options.commit === null) return GENESIS;
    const chain = `${topic}/${partition}`;
    let head = heads.get(chain) ?? marks.heads.get(chain) ?? null;
    if (head === null) head = await options.headOf(topic, partition);
    heads.set(chain, head);
    return head;
  }

  async function watermarkOf(topic: string, partition: number): Promise<Watermark | null> {
    const chain = `${topic}/${partition}`;
    if (!watermarks.has(chain)) watermarks.set(chain, await options.watermarkOf(topic, partition));
    return watermarks.get(chain) ?? null;
  }
}

function mark(
  partition: number,
  replayed: readonly number[],
  chains: Record<string, string>,
  now: number,
): Publication {
  const text = markText({ replayed: rangesOf(replayed), at: new Date(now).toISOString(), chains });
  return {
    topic: DEAD_LETTER_TOPIC,
    partition,
    key: null,
    value: Buffer.from(text),
    headers: { [MARK_HEADER]: MARK_REPLAYED },
    timestamp: now,
  };
}

type Group = { readonly batch: RawBatch; readonly letters: readonly DeadLetter[] };

/**
 * Letters of one partition as batches of raw partitions, in the order of the letters. Offsets of a batch ascend: where
 * they go back (a worker's group was reset), another batch begins.
 */
function byRawPartition(batch: readonly Opened[]): Group[] {
  const groups: { topic: string; partition: number; records: RawRecord[]; letters: DeadLetter[] }[] = [];
  const open = new Map<string, (typeof groups)[number]>();
  for (const { letter, record } of batch) {
    const { topic, partition } = letter.raw;
    const key = `${topic}/${partition}`;
    let group = open.get(key);
    if (group === undefined || group.records.at(-1)!.offset >= record.offset) {
      group = { topic, partition, records: [], letters: [] };
      open.set(key, group);
      groups.push(group);
    }
    group.records.push(record);
    group.letters.push(letter);
  }
  return groups.map(({ topic, partition, records, letters }) => {
    const nextOffset = records.at(-1)!.offset + 1;
    return {
      batch: { topic, partition, records, startOffset: records[0]!.offset, nextOffset, highWatermark: nextOffset },
      letters,
    };
  });
}
