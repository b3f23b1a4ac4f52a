/** Makes the raw topics, fills them, and reads whole topics back, for the demo and the tests. */
import { setTimeout as sleep } from 'node:timers/promises';
import avro from 'avsc';
import type { Admin, IHeaders, Kafka } from 'kafkajs';

const CREATED_MS = 15_000;

/**
 * Creates topics, and returns once they can be read and written.
 *
 * @throws whatever the brokers still answer after 15 s
 */
export async function createTopics(
  admin: Admin,
  topics: readonly string[],
  partitions: number,
  config: Readonly<Record<string, string>> = {},
): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await admin.createTopics({
    // kafkajs takes a broker that has not heard of the topic yet for a failure: we wait ourselves.
    waitForLeaders: false,
    topics: topics.map((topic) => ({ topic, numPartitions: partitions, replicationFactor: -1, configEntries })),
  });
  const end = Date.now() + CREATED_MS;
  for (const topic of topics) {
    while (
      !(await admin.fetchTopicOffsets(topic).then(
        () => true,
        (error: unknown) => {
          if (Date.now() > end) throw error;
          return false;
        },
      ))
    )
      await sleep(20);
  }
}

export type RawMessage = {
  readonly partition: number;
  readonly key: string | null;
  readonly value: Buffer | string | null;
  readonly headers?: IHeaders;
};

/** Produces in the order given, without transactions, as an upstream service would. */
export async function produce(kafka: Kafka, topic: string, messages: readonly RawMessage[]): Promise<void> {
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  try {
    // kafkajs copies a partition's list once per message: small requests.
    for (let at = 0; at < messages.length; at += 1_000) {
      await producer.send({ topic, messages: messages.slice(at, at + 1_000) });
    }
  } finally {
    await producer.disconnect();
  }
}

export type ReadMessage = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** The `lethe-source` header, or an empty text. */
  readonly source: string;
};

/** Reads topics from their beginning to their present end, committed transactions only. */
export async function readAll(
  kafka: Kafka,
  topics: readonly string[],
  each: (message: ReadMessage) => void,
): Promise<void> {
  const admin = kafka.admin();
  const consumer = kafka.consumer({ groupId: `lethe-reader-${process.pid}-${Date.now()}`, maxWaitTimeInMs: 200 });
  await admin.connect();
  try {
    const left = new Map<string, number>();
    for (const topic of topics) {
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
        if (Number(high) > Number(low)) left.set(`${topic}/${partition}`, Number(high));
      }
    }
    if (left.size === 0) return;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    // A batch of nothing but transaction markers reaches no handler.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      const key = `${payload.topic}/${payload.partition}`;
      if (Number(payload.lastOffset) + 1 >= (left.get(key) ?? 0)) left.delete(key);
      if (left.size === 0) resolve();
    });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 8,
      eachBatch: async ({ batch }) => {
        for (const { offset, key, value, headers } of batch.messages) {
          const source = headers?.['lethe-source'];
          each({
            topic: batch.topic,
            partition: batch.partition,
            offset: Number(offset),
            key,
            value,
            source: source === undefined ? '' : String(source),
          });
        }
      },
    });
    await done;
  } finally {
    await consumer.disconnect();
    await admin.deleteGroups([]).catch(() => undefined);
    await admin.disconnect();
  }
}

/** Reads and writes Confluent's wire format for one schema. */
export function avroWire(schemaText: string, id: number): { encode: (value: unknown) => Buffer } {
  const type = avro.Type.forSchema(JSON.parse(schemaText) as avro.Schema, { wrapUnions: false });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return { encode: (value) => Buffer.concat([head, type.toBuffer(value)]) };
}

/** The Avro body of a value in Confluent's wire format, decoded with the schema given. */
export function decodeAvro(schemaText: string, value: Buffer): unknown {
  return avro.Type.forSchema(JSON.parse(schemaText) as avro.Schema, { wrapUnions: false }).fromBuffer(
    value.subarray(5),
  );
}
