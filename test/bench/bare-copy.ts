/**
 * What the worker is held against: kafkajs copying a topic exactly once and doing nothing else. One transactional
 * producer per partition, the worker's fetch sizes, partitions side by side, requests cut the way the worker cuts its
 * own, offsets committed in the transaction. A process of its own, started by the bench:
 * `node bare-copy.ts BROKERS GROUP FROM TO`; it copies until it is told to stop.
 */
import type { Message, Producer } from 'kafkajs';
import { makeKafka, RETRY } from '../../services/adapters/kafka/client.ts';
import { MAX_RECORDS_PER_SEND } from '../../services/adapters/kafka/lane.ts';
import { DEFAULT_TUNING } from '../../services/adapters/kafka/transport.ts';
import { silenceNegativeTimeoutWarning } from '../../services/adapters/log/warnings.ts';

const [brokers = '', groupId = '', from = '', to = ''] = process.argv.slice(2);
/** Below the broker's default `max.message.bytes`. */
const MAX_BATCH_BYTES = 1_000_000;
const RECORD_OVERHEAD_BYTES = 40;

silenceNegativeTimeoutWarning();
const kafka = makeKafka(
  { brokers: brokers.split(','), clientId: 'bare-copy', ssl: false, sasl: null },
  // It retries what it meets; what it cannot go on with ends the process.
  () => () => undefined,
);
const consumer = kafka.consumer({
  groupId,
  maxBytesPerPartition: DEFAULT_TUNING.maxBytesPerPartition,
  maxBytes: 32 * 1024 * 1024,
  maxWaitTimeInMs: 1_000,
  retry: RETRY,
});
const producers = new Map<number, Promise<Producer>>();

async function connect(partition: number): Promise<Producer> {
  const producer = kafka.producer({
    transactionalId: `${groupId}.${partition}`,
    maxInFlightRequests: 1,
    retry: RETRY,
    createPartitioner: () => (record) => record.message.partition ?? 0,
  });
  await producer.connect();
  return producer;
}

/** Requests of at most so many records and bytes. */
function chunks(messages: readonly Message[]): Message[][] {
  const all: Message[][] = [];
  let chunk: Message[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = RECORD_OVERHEAD_BYTES + (message.key?.length ?? 0) + (message.value?.length ?? 0);
    if (chunk.length === 0 || bytes + size > MAX_BATCH_BYTES || chunk.length >= MAX_RECORDS_PER_SEND) {
      chunk = [];
      all.push(chunk);
      bytes = 0;
    }
    chunk.push(message);
    bytes += size;
  }
  return all;
}

await consumer.connect();
await consumer.subscribe({ topics: [from], fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: false,
  partitionsConsumedConcurrently: DEFAULT_TUNING.concurrency,
  eachBatch: async (payload) => {
    const { batch } = payload;
    const { topic, partition } = batch;
    let producer = producers.get(partition);
    if (producer === undefined) producers.set(partition, (producer = connect(partition)));
    const transaction = await (await producer).transaction();
    const messages = batch.messages.map(({ key, value }) => ({ key, value, partition }));
    for (const chunk of chunks(messages)) await transaction.send({ topic: to, messages: chunk });
    const next = Number(batch.lastOffset()) + 1;
    await transaction.sendOffsets({
      consumerGroupId: groupId,
      topics: [{ topic, partitions: [{ partition, offset: String(next) }] }],
    });
    await transaction.commit();
    payload.resolveOffset(batch.lastOffset());
    await payload.heartbeat();
  },
});

process.once('SIGTERM', () => {
  void consumer.disconnect().then(async () => {
    for (const producer of producers.values()) await (await producer).disconnect();
    process.exit(0);
  });
});
