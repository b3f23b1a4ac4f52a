/** What a request sees of workers: how far they are, and how to shut out those that are no more. */
import type { Admin, Kafka } from 'kafkajs';
import type { RequestWorkers, TopicCleanup, WorkerPosition } from '../../core/requests/ports.ts';
import type { TopicReader } from '../../core/topic-reader.ts';
import kafkajs from 'kafkajs';
import { RETRY } from './client.ts';
import { errorType, kafkaUnavailable } from './errors.ts';
import { TRANSACTIONAL_ID } from './replay-log.ts';

export type RequestWorkersOptions = {
  readonly kafka: Kafka;
  /** Connected. */
  readonly admin: Admin;
  readonly brokers: readonly string[];
  readonly reader: Pick<TopicReader, 'bounds' | 'read'>;
  /** Of the workers. */
  readonly groupId: string;
  /** What the metadata of a committed offset says of the feed (gateway/position.ts). */
  readonly feedIn: (metadata: string | null) => WorkerPosition['feed'];
};

/** On a brand-new broker the first InitProducerId can fail while the internal topics are made (TRAPS.md). */
const OPENINGS = 3;

export function makeRequestWorkers(options: RequestWorkersOptions): RequestWorkers {
  const { kafka, admin, brokers, reader, groupId } = options;
  const ask = <T>(doing: string, work: () => Promise<T>): Promise<T> =>
    work().catch((error: unknown) => {
      throw kafkaUnavailable(doing, brokers, error);
    });

  /** kafkajs sends InitProducerId for the first transaction object: that is what fences. */
  const shutOut = async (transactionalId: string): Promise<void> => {
    for (let opening = 1; ; opening++) {
      const producer = kafka.producer({
        transactionalId,
        transactionTimeout: 30_000,
        maxInFlightRequests: 1,
        retry: RETRY,
      });
      try {
        await producer.connect();
        await producer.transaction();
        return;
      } catch (error) {
        if (opening === OPENINGS) throw kafkaUnavailable('fencing a producer', brokers, error);
      } finally {
        await producer.disconnect().catch(() => undefined);
      }
    }
  };

  return {
    ends: async (topic) => {
      const listed = await ask('listing topics', () => admin.listTopics());
      return listed.includes(topic) ? reader.bounds(topic) : [];
    },
    holdsRecords: async (topic, partition, from, to) => {
      const low = (await reader.bounds(topic)).find((one) => one.partition === partition)?.low ?? 0;
      if (Math.max(from, low) >= to) return false;
      for await (const { records } of reader.read({ topic, partition, from: Math.max(from, low), to })) {
        if (records.length > 0) return true;
      }
      return false;
    },
    positions: (topic) =>
      ask(`reading the positions of group ${groupId}`, async () => {
        const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
        return (found?.partitions ?? []).map(({ partition, offset, metadata }) => {
          const committed = Number(offset) >= 0;
          return {
            partition,
            offset: committed ? Number(offset) : null,
            feed: committed ? options.feedIn(metadata ?? null) : null,
          };
        });
      }),
    absent: () =>
      ask(`describing group ${groupId}`, async () => {
        const { groups } = await admin.describeGroups([groupId]);
        const state = groups[0]?.state;
        return state === 'Empty' || state === 'Dead';
      }),
    fence: (topic, partition) => shutOut(`${groupId}.${topic}.${partition}`),
    fenceReplays: () => shutOut(TRANSACTIONAL_ID),
  };
}

/** What Kafka does with old records of a topic. */
export async function topicCleanup(admin: Admin, brokers: readonly string[], topic: string): Promise<TopicCleanup> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const partitions = topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
    if (partitions === 0) return ABSENT;
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [
        { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ['cleanup.policy', 'retention.ms'] },
      ],
    });
    const entries = new Map(
      resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]),
    );
    const policies = (entries.get('cleanup.policy') ?? 'delete').split(',');
    const retention = Number(entries.get('retention.ms') ?? -1);
    return {
      partitions,
      compacted: policies.includes('compact'),
      retentionMs: policies.includes('delete') && retention >= 0 ? retention : null,
    };
  } catch (error) {
    if (errorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return ABSENT;
    throw kafkaUnavailable(`reading the settings of topic ${topic}`, brokers, error);
  }
}

const ABSENT: TopicCleanup = { partitions: 0, compacted: false, retentionMs: null };
