/** Reads topics without joining a group: the port `TopicReader` on Kafka. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { LetheError } from '../../core/errors.ts';
import { makeInTurn } from '../../core/in-turn.ts';
import type { PartitionBounds, ReadRange, TopicReader } from '../../core/topic-reader.ts';
import type { RawBatch } from '../../core/transport.ts';
import { type DirectCluster, type FetchedPartition, makeDirectCluster, READ_COMMITTED } from './direct-cluster.ts';
import { errorType, kafkaUnavailable } from './errors.ts';
import { OffsetOutOfRange } from './fetch-response.ts';
import { pieces } from './pieces.ts';
import { connectAdmin, disconnectAdmin, missingTopic } from './topics.ts';

export type KafkaTopicReaderOptions = {
  readonly kafka: Kafka;
  /** For messages. */
  readonly brokers: readonly string[];
};

const FETCH_BYTES = 2 * 1024 * 1024;
const MAX_WAIT_MS = 500;
/** A leader may move, and a broker be back within seconds; a person waits for no more. */
const ATTEMPTS = 6;
const FIRST_WAIT_MS = 50;

/** Connects when first asked. Partitions may be read side by side. */
export function makeKafkaTopicReader({ kafka, brokers }: KafkaTopicReaderOptions): TopicReader {
  const cluster = makeDirectCluster(kafka);
  let connecting: Promise<void> | null = null;

  const connected = async (): Promise<DirectCluster> => {
    connecting ??= connectAdmin(cluster, brokers);
    await connecting;
    return cluster;
  };

  /**
   * One request after another: of requests that come while a connection is on its way, kafkajs opens one connection each,
   * and closes the last of them at the end.
   */
  const inTurn = makeInTurn();

  /** The numbers of a topic's partitions, ascending. */
  const partitionsOf = async (topic: string): Promise<readonly number[]> => {
    await connected();
    try {
      await cluster.addTargetTopic(topic);
      await cluster.refreshMetadataIfNecessary();
    } catch (error) {
      if (errorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') throw missingTopic(topic, error);
      throw error;
    }
    return cluster
      .findTopicPartitionMetadata(topic)
      .map(({ partitionId }) => partitionId)
      .sort((a, b) => a - b);
  };

  /** Repeats what a moved leader or a lost connection made fail. */
  const persistently = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    for (let attempt = 1, wait = FIRST_WAIT_MS; ; attempt++, wait *= 2) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof LetheError || error instanceof OffsetOutOfRange) throw error;
        if (attempt === ATTEMPTS) throw kafkaUnavailable(doing, brokers, error);
        await sleep(wait);
        await inTurn(() => cluster.refreshMetadata()).catch(() => undefined);
      }
    }
  };

  const offsets = (
    topic: string,
    at: { readonly fromBeginning: boolean } | { readonly fromTimestamp: number },
  ): Promise<ReadonlyMap<number, number>> =>
    persistently(`reading the offsets of ${topic}`, async () => {
      const [found] = await inTurn(async () => {
        const partitions = (await partitionsOf(topic)).map((partition) => ({ partition }));
        return cluster.fetchTopicsOffset([{ topic, partitions, ...at }]);
      });
      return new Map(found?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    });

  const bounds = async (topic: string): Promise<readonly PartitionBounds[]> => {
    const low = await offsets(topic, { fromBeginning: true });
    const end = await offsets(topic, { fromBeginning: false });
    return [...end]
      .map(([partition, offset]) => ({ partition, low: low.get(partition) ?? 0, end: offset }))
      .sort((a, b) => a.partition - b.partition);
  };

  const fetch = (topic: string, partition: number, from: number): Promise<FetchedPartition> =>
    persistently(`reading ${topic}/${partition}`, async () => {
      const [leader] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
      if (leader === undefined) throw new Error('no leader');
      const wanted = { partition, fetchOffset: String(from), maxBytes: FETCH_BYTES };
      const { responses } = await inTurn(async () => {
        const broker = await cluster.findBroker({ nodeId: leader });
        return broker.fetch({
          isolationLevel: READ_COMMITTED,
          maxWaitTime: MAX_WAIT_MS,
          minBytes: 1,
          maxBytes: FETCH_BYTES,
          topics: [{ topic, partitions: [wanted] }],
        });
      });
      const fetched = responses[0]?.partitions[0];
      // Whatever lies before the end of a partition can be had at once.
      if (fetched === undefined || fetched.messages.length === 0) throw new Error('no records');
      return fetched;
    });

  async function* read({ topic, partition, from, to }: ReadRange): AsyncGenerator<RawBatch> {
    const held = (await bounds(topic)).find((one) => one.partition === partition);
    if (held === undefined) {
      throw new LetheError('usage', `${topic} has no partition ${partition}`, {
        fix: 'Name one that it has; they count from 0.',
      });
    }
    const end = Math.min(to, held.end);
    let position = from;
    while (position < end) {
      const { messages, highWatermark } = await fetchHeld(topic, partition, position);
      const start = position;
      const last = Math.min(Number(messages.at(-1)?.offset ?? -1), end - 1);
      // A broker sends whole record batches: what lies outside the range is not ours.
      const ours = messages.filter(({ offset, isControlRecord }) => {
        const place = Number(offset);
        return !isControlRecord && place >= start && place <= last;
      });
      position = Math.max(last + 1, start);
      if (position === start) throw new LetheError('bug', `${topic}/${partition} does not go on at offset ${start}`);
      const fetched = { topic, partition, highWatermark, lastOffset: () => String(last) };
      if (ours.length === 0) {
        yield { topic, partition, startOffset: start, records: [], nextOffset: position, highWatermark: held.end };
      } else {
        yield* pieces({ ...fetched, messages: ours }, start);
      }
    }
  }

  const fetchHeld = async (topic: string, partition: number, from: number): Promise<FetchedPartition> => {
    try {
      return await fetch(topic, partition, from);
    } catch (error) {
      if (!(error instanceof OffsetOutOfRange)) throw error;
      const now = (await bounds(topic)).find((one) => one.partition === partition);
      throw new LetheError(
        'data_lost',
        `${topic}/${partition} does not hold offset ${from}: it holds ${now?.low ?? 0} to ${(now?.end ?? 0) - 1}`,
        { fix: 'Retention has deleted what is missing, or the topic was made anew.', cause: error },
      );
    }
  };

  return {
    bounds,
    offsetsAt: async (topic, time) => {
      const ends = await offsets(topic, { fromBeginning: false });
      const found = await offsets(topic, { fromTimestamp: time });
      // −1: no record is that young.
      return new Map([...ends].map(([partition, end]) => [partition, atOrEnd(found.get(partition), end)]));
    },
    read,
    close: async () => {
      if (connecting !== null) await disconnectAdmin(cluster);
    },
  };
}

function atOrEnd(found: number | undefined, end: number): number {
  return found === undefined || found < 0 ? end : Math.min(found, end);
}
