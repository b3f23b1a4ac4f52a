/**
 * The part of kafkajs 2.2.4 beneath its consumer: brokers, and who leads which partition. Its consumer can only join a
 * group, which leaves traces in the cluster, waits for other members and asks for rights that somebody who only looks
 * should not need (kafkajs #1237 asks for assignment by hand). kafkajs hides the class behind a symbol; the version is
 * pinned, and test/contract-real/kafka-topic-reader.test.ts notices when it moves.
 */
import type { Kafka } from 'kafkajs';
import { LetheError } from '../../core/errors.ts';
import type { ReadRecord } from './record-reader.ts';

export type FetchedPartition = {
  readonly partition: number;
  readonly highWatermark: string;
  /** Control records stand for what was passed. */
  readonly messages: readonly ReadRecord[];
};

export type DirectBroker = {
  readonly fetch: (request: {
    readonly isolationLevel: number;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly fetchOffset: string;
        readonly maxBytes: number;
      }[];
    }[];
  }) => Promise<{ readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>;
};

type TopicOffsets = {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
};

export type DirectCluster = {
  readonly connect: () => Promise<void>;
  readonly disconnect: () => Promise<void>;
  readonly addTargetTopic: (topic: string) => Promise<void>;
  readonly refreshMetadata: () => Promise<void>;
  readonly refreshMetadataIfNecessary: () => Promise<void>;
  readonly findTopicPartitionMetadata: (topic: string) => readonly { readonly partitionId: number }[];
  readonly findLeaderForPartitions: (
    topic: string,
    partitions: readonly number[],
  ) => Readonly<Record<string, readonly number[]>>;
  readonly findBroker: (node: { readonly nodeId: string }) => Promise<DirectBroker>;
  readonly fetchTopicsOffset: (
    topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
      readonly fromBeginning?: boolean;
      readonly fromTimestamp?: number;
    }[],
  ) => Promise<readonly TopicOffsets[]>;
};

/** For offsets: the end of a partition, whatever transactions are open. */
export const READ_UNCOMMITTED = 0;
/** Readers of committed records see no transaction that is open or was aborted. */
export const READ_COMMITTED = 1;

/** A cluster of its own for this client: connections are not shared with its producers. */
export function makeDirectCluster(kafka: Kafka, isolationLevel: number = READ_COMMITTED): DirectCluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  if (symbol === undefined) throw new LetheError('bug', 'kafkajs is not the version that this was written for');
  const create = (kafka as unknown as Record<symbol, (options: object) => DirectCluster>)[symbol]!;
  return create({
    metadataMaxAge: 300_000,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    isolationLevel,
  });
}
