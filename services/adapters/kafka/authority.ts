/** Asks what a user may do at Kafka. Changes nothing and leaves no trace. */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Kafka } from 'kafkajs';
import {
  CHECK_SUFFIX,
  FOREIGN_TRANSACTIONAL_ID,
  type KafkaAuthority,
  type TopicAuthority,
} from '../../core/check/judge-kafka-rights.ts';
import type { CheckedTopic } from '../../core/check/judge-topics.ts';
import type { KafkaOperation, KafkaRight } from '../../core/check/kafka-rights.ts';
import { groupRequest, metadataRequest, type RawRequest } from './authority-requests.ts';
import { type DirectBroker, makeDirectCluster } from './direct-cluster.ts';
import { errorType, kafkaUnavailable } from './errors.ts';
import { connectAdmin, disconnectAdmin } from './topics.ts';

export type KafkaFacts = {
  readonly clusterId: string | null;
  readonly brokers: number;
  readonly authority: KafkaAuthority;
  /** Those of the topics asked for that the user may know of. */
  readonly topics: ReadonlyMap<string, CheckedTopic>;
  /** `auto.create.topics.enable`; null: not for this user. */
  readonly autoCreate: boolean | null;
};

/** A broker of kafkajs, beneath what its types show. */
type AskedBroker = DirectBroker & {
  readonly connectionPool: { readonly send: <T>(request: RawRequest<T>) => Promise<T> };
  readonly findGroupCoordinator: (request: {
    readonly groupId: string;
    readonly coordinatorType: number;
  }) => Promise<{ readonly coordinator: { readonly nodeId: number } }>;
  readonly endTxn: (request: {
    readonly transactionalId: string;
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly transactionResult: boolean;
  }) => Promise<unknown>;
};
type AskedCluster = {
  readonly findControllerBroker: () => Promise<AskedBroker>;
  readonly findBroker: (node: { readonly nodeId: string }) => Promise<AskedBroker>;
};

/** Error codes of the protocol. */
const NONE = 0;
const UNKNOWN_TOPIC = 3;
/** kafkajs' names of them. */
const GROUP_ERRORS: ReadonlyMap<number, string> = new Map([
  [14, 'GROUP_LOAD_IN_PROGRESS'],
  [15, 'GROUP_COORDINATOR_NOT_AVAILABLE'],
  [16, 'NOT_COORDINATOR_FOR_GROUP'],
  [30, 'GROUP_AUTHORIZATION_FAILED'],
]);
const COORDINATOR_MOVES: ReadonlySet<string> = new Set([...GROUP_ERRORS.values()].slice(0, 3));
/** Coordinators of groups, not of transactions. */
const GROUP = 0;

const ATTEMPTS = 20;
const AGAIN_MS = 100;
const NOTHING: ReadonlySet<KafkaOperation> = new Set();

/** @throws LetheError `unavailable` */
export async function askKafka(
  kafka: Kafka,
  brokers: readonly string[],
  rights: readonly KafkaRight[],
): Promise<KafkaFacts> {
  const direct = makeDirectCluster(kafka);
  const cluster = direct as unknown as AskedCluster;
  const admin = kafka.admin({ retry: { retries: 2 } });
  const namesOf = (resource: KafkaRight['resource']) => rights.filter((right) => right.resource === resource);
  try {
    await connectAdmin(direct, brokers);
    await connectAdmin(admin, brokers);
    await direct.refreshMetadata();
    const broker = await cluster.findControllerBroker();
    const wanted = namesOf('topic').map(({ name }) => name);
    const named = await broker.connectionPool.send(metadataRequest(wanted));
    const all = await broker.connectionPool.send(metadataRequest(null));

    const settingsOf = async (type: number, name: string): Promise<Record<string, string> | null> => {
      try {
        const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type, name }] });
        const entries = resources[0]?.configEntries ?? [];
        return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue ?? '']));
      } catch (error) {
        const type = errorType(error);
        if (type.endsWith('AUTHORIZATION_FAILED')) return null;
        // Who is asked about what is not there is told so only where it might know.
        if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return {};
        throw error;
      }
    };

    const authorities = new Map<string, TopicAuthority>();
    const topics = new Map<string, CheckedTopic>();
    for (const { error, name, partitions, replication, operations } of named.topics) {
      const visible = error === NONE || error === UNKNOWN_TOPIC || partitions > 0;
      const exists = visible && partitions > 0;
      const { TOPIC } = kafkajs.ConfigResourceTypes;
      if (!visible) {
        // Describe is what is missing first; only this one of the others can be asked for by itself.
        const alone = (await settingsOf(TOPIC, name)) === null ? NOTHING : new Set(['DescribeConfigs'] as const);
        authorities.set(name, { visible, exists, operations: alone });
        continue;
      }
      authorities.set(name, { visible, exists, operations });
      const mayCreate = operations.has('Create') || all.cluster.has('Create');
      const state = exists ? { partitions, replication, settings: await settingsOf(TOPIC, name) } : null;
      topics.set(name, { state, mayCreate });
    }

    const groups = new Map<string, ReadonlySet<KafkaOperation>>();
    for (const { name } of namesOf('group')) {
      const brokerOf = (nodeId: number) => cluster.findBroker({ nodeId: String(nodeId) });
      groups.set(name, await groupOperations(broker, brokerOf, name));
    }

    const ids = namesOf('transactional-id').map(({ name, pattern }) =>
      pattern === 'prefixed' ? `${name}${CHECK_SUFFIX}` : name,
    );
    const transactionalIds = new Map<string, boolean>();
    for (const id of [...ids, FOREIGN_TRANSACTIONAL_ID]) transactionalIds.set(id, await mayWriteWith(broker, id));

    const { BROKER } = kafkajs.ConfigResourceTypes;
    const [first] = (await admin.describeCluster()).brokers;
    const broadcast = first === undefined ? null : await settingsOf(BROKER, String(first.nodeId));
    const others = all.topics.filter(({ name }) => !authorities.has(name));
    return {
      clusterId: named.clusterId,
      brokers: named.brokers,
      authority: {
        cluster: all.cluster,
        topics: authorities,
        others: new Map(others.map(({ name, operations }) => [name, operations])),
        groups,
        transactionalIds,
      },
      topics,
      autoCreate: broadcast === null ? null : broadcast['auto.create.topics.enable'] === 'true',
    };
  } catch (error) {
    throw kafkaUnavailable('being asked what this user may do', brokers, error);
  } finally {
    await Promise.all([disconnectAdmin(direct), disconnectAdmin(admin)]);
  }
}

/** By way of a broker: kafkajs' cluster takes a refusal for a coordinator that is not there. */
async function groupOperations(
  broker: AskedBroker,
  brokerOf: (nodeId: number) => Promise<AskedBroker>,
  groupId: string,
): Promise<ReadonlySet<KafkaOperation>> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { coordinator } = await broker.findGroupCoordinator({ groupId, coordinatorType: GROUP });
      const { connectionPool } = await brokerOf(coordinator.nodeId);
      const { error, operations } = await connectionPool.send(groupRequest(groupId));
      if (error === NONE) return operations;
      throw Object.assign(new Error(), { type: GROUP_ERRORS.get(error) ?? `group error ${error}` });
    } catch (error) {
      const type = errorType(error);
      if (type === 'GROUP_AUTHORIZATION_FAILED') return NOTHING;
      // On a brand-new cluster the topic of offsets is only made now.
      if (!COORDINATOR_MOVES.has(type) || attempt === ATTEMPTS) throw error;
    }
    await sleep(AGAIN_MS);
  }
}

/**
 * Kafka tells nobody what may be done with a transactional id; but the end of a transaction that does not exist is refused
 * for another reason where the id may be written with. Unlike InitProducerId it neither fences anybody nor is remembered.
 */
async function mayWriteWith(broker: AskedBroker, transactionalId: string): Promise<boolean> {
  try {
    await broker.endTxn({ transactionalId, producerId: -1, producerEpoch: 0, transactionResult: false });
    return true;
  } catch (error) {
    const type = errorType(error);
    if (type === 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED') return false;
    if (REFUSED_OTHERWISE.has(type)) return true;
    throw error;
  }
}

const REFUSED_OTHERWISE = new Set([
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_TXN_STATE',
  'CONCURRENT_TRANSACTIONS',
  // Said after the right was looked at.
  ...COORDINATOR_MOVES,
]);
