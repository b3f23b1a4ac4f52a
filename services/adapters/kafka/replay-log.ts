/**
 * The log of replays of dead letters: one transactional id for the whole cluster, so that whoever opens it last is the
 * only one who can write. Opening it ends what the one before had open; only then is it read what was replayed already.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka, Producer, Transaction } from 'kafkajs';
import type { ReplayLog } from '../../core/dead-letter-replay.ts';
import { LetheError } from '../../core/errors.ts';
import type { PartitionBounds, TopicReader } from '../../core/topic-reader.ts';
import type { TopicFacts } from '../../core/transport.ts';
import { RETRY } from './client.ts';
import { makeDirectCluster, READ_UNCOMMITTED } from './direct-cluster.ts';
import { isFenced, kafkaUnavailable } from './errors.ts';
import { chunk, maxPublicationBytes } from './lane.ts';
import { installProduceRequest } from './produce-request.ts';
import { connectAdmin, disconnectAdmin } from './topics.ts';

export type ReplayLogOptions = {
  readonly kafka: Kafka;
  /** For messages. */
  readonly brokers: readonly string[];
  readonly facts: (topic: string) => Promise<TopicFacts>;
  readonly reader: Pick<TopicReader, 'bounds'>;
  /** How long to wait for transactions of others, milliseconds. */
  readonly patienceMs?: number;
};

export const TRANSACTIONAL_ID = 'lethe-dead-letters-replay';
/** A transaction that is open longer is ended by the broker. */
const TRANSACTION_TIMEOUT_MS = 30_000;
/** Workers' transactions end after 30 s at the latest; then the broker has to write so. */
const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 100;
/** On a brand-new broker the first InitProducerId can fail while the internal topics are made (TRAPS.md). */
const OPENINGS = 3;

/** Opens the log and fences whoever had it. Throws `unavailable`. */
export async function openReplayLog(
  options: ReplayLogOptions,
): Promise<ReplayLog & { readonly close: () => Promise<void> }> {
  installProduceRequest();
  const { brokers, facts } = options;
  const opened = await open(options);
  const { producer } = opened;
  let transaction: Transaction | null = opened.transaction;
  let failed = false;

  return {
    settled: (topic) => settled(options, topic),
    commit: async (publications) => {
      if (failed) throw new LetheError('bug', 'a replay goes on after its transaction failed');
      const limits = new Map<string, number>();
      for (const { topic } of publications) {
        if (!limits.has(topic)) limits.set(topic, maxPublicationBytes(await facts(topic)));
      }
      failed = true;
      try {
        const current = transaction ?? (await producer.transaction());
        transaction = null;
        // One send in flight per producer, as in lane.ts (kafkajs #598).
        for (const topicMessages of chunk(publications, (name) => limits.get(name) ?? 0)) {
          await current.sendBatch({ topicMessages });
        }
        await current.commit();
      } catch (error) {
        throw isFenced(error) ? fenced(error) : kafkaUnavailable('replaying dead letters', brokers, error);
      }
      failed = false;
    },
    close: () => producer.disconnect().catch(() => undefined),
  };
}

async function open({
  kafka,
  brokers,
}: ReplayLogOptions): Promise<{ readonly producer: Producer; readonly transaction: Transaction }> {
  for (let opening = 1; ; opening++) {
    const producer = kafka.producer({
      transactionalId: TRANSACTIONAL_ID,
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      maxInFlightRequests: 1,
      retry: RETRY,
      createPartitioner: () => (record) => record.message.partition ?? 0,
    });
    try {
      await producer.connect();
      // kafkajs sends InitProducerId for the first transaction object: that is what fences.
      return { producer, transaction: await producer.transaction() };
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      if (isFenced(error)) throw fenced(error);
      if (opening === OPENINGS) throw kafkaUnavailable('opening a replay', brokers, error);
    }
  }
}

/**
 * Readers of committed records stop at the first record of an open transaction, even where later ones are committed: a
 * worker's batch in flight would hide what was replayed behind it. So the end as it is without regard to transactions is
 * asked first, and then waited for.
 */
export async function settled(
  { kafka, brokers, reader, patienceMs = PATIENCE_MS }: ReplayLogOptions,
  topic: string,
): Promise<readonly PartitionBounds[]> {
  const known = await reader.bounds(topic);
  const cluster = makeDirectCluster(kafka, READ_UNCOMMITTED);
  const ends = new Map<number, number>();
  try {
    await connectAdmin(cluster, brokers);
    await cluster.addTargetTopic(topic);
    const partitions = known.map(({ partition }) => ({ partition }));
    const [found] = await cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: false }]);
    for (const { partition, offset } of found?.partitions ?? []) ends.set(partition, Number(offset));
  } catch (error) {
    throw error instanceof LetheError ? error : kafkaUnavailable(`reading the offsets of ${topic}`, brokers, error);
  } finally {
    await disconnectAdmin(cluster);
  }
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const bounds = await reader.bounds(topic);
    const open = bounds.filter(({ partition, end }) => end < (ends.get(partition) ?? 0));
    if (open.length === 0) return bounds;
    if (Date.now() > deadline) {
      throw new LetheError(
        'unavailable',
        `Transactions stay open on ${topic}, partition(s) ${open.map(({ partition }) => partition).join(', ')}: nobody can tell what was replayed`,
        {
          dependency: 'kafka',
          fix: 'Try again in a minute; kafka-transactions.sh find-hanging names what never ends.',
        },
      );
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

function fenced(cause: unknown): LetheError {
  return new LetheError('fenced', 'Another replay of dead letters, correction or request of a subject took over', {
    fix: 'Nothing is lost or doubled: what this one had committed stays. Start it again: it goes on with the rest.',
    cause,
  });
}
