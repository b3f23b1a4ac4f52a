import kafkajs, { type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopics } from '../../deploy/demo/topics.ts';
import { makeKafka } from '../../services/adapters/kafka/client.ts';
import { makeKafkaTopicReader } from '../../services/adapters/kafka/topic-reader.ts';
import { kafkajsLogCreator } from '../../services/adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../../services/adapters/log/logger.ts';
import { topicReaderContract } from '../contract/topic-reader.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const brokers = sharedStack().kafka.split(',');
const plain = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
const admin = plain.admin();
const settings = { brokers, clientId: 'lethe-test', ssl: false, sasl: null };
const quiet = kafkajsLogCreator(makeLog('silent'));
const reader = makeKafkaTopicReader({ kafka: makeKafka(settings, quiet), brokers });
const producers: Producer[] = [];

beforeAll(() => admin.connect());
afterAll(async () => {
  await Promise.all([...producers.map((producer) => producer.disconnect()), reader.close(), admin.disconnect()]);
});

const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

const createTopic = async (name: string, numPartitions: number): Promise<string> => {
  const topic = `raw.${name}-${process.pid}-${Date.now()}`;
  await createTopics(admin, [topic], numPartitions, { 'retention.ms': '-1' });
  return topic;
};

const transactional = async (id: string): Promise<Producer> => {
  const producer = plain.producer({ transactionalId: `${id}-${process.pid}-${Date.now()}`, idempotent: true });
  producers.push(producer);
  await producer.connect();
  return producer;
};

const message = (offset: number) => ({
  partition: 0,
  key: `k${offset}`,
  value: `r${offset}`,
  timestamp: String(offset * 1000),
});

topicReaderContract('topic reader on Kafka', async () => {
  const topic = await createTopic('read', 2);
  const producer = await transactional('read');
  // 0, 1 and a marker; aborted 3, 4 and a marker; 6 and a marker; open from 8 on.
  const first = await producer.transaction();
  await first.send({ topic, messages: [message(0), message(1)] });
  await first.commit();
  const second = await producer.transaction();
  await second.send({ topic, messages: [message(3), message(4)] });
  await second.abort();
  const third = await producer.transaction();
  await third.send({ topic, messages: [message(6)] });
  await third.commit();
  const open = await (await transactional('open')).transaction();
  await open.send({ topic, messages: [message(8)] });
  return { reader, topic, committed: [0, 1, 6], end: 8 };
});

describe('topic reader on Kafka', () => {
  it('tells what the topic still holds where it was asked for what retention deleted', async () => {
    const topic = await createTopic('trimmed', 1);
    const producer = plain.producer();
    producers.push(producer);
    await producer.connect();
    await producer.send({ topic, messages: [0, 1, 2, 3].map(message) });
    // kafkajs deletes nothing of a topic that its admin client has not heard of.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
    const all = async (from: number): Promise<number[]> => {
      const offsets: number[] = [];
      for await (const { records } of reader.read({ topic, partition: 0, from, to: 10 })) {
        offsets.push(...records.map(({ offset }) => offset));
      }
      return offsets;
    };
    expect(await all(2)).toEqual([2, 3]);
    await expect(all(0)).rejects.toThrow(/does not hold offset 0: it holds 2 to 3/);
  });

  it('ends with its connections closed, however many partitions were read side by side', async () => {
    const topic = await createTopic('wide', 8);
    const producer = plain.producer();
    producers.push(producer);
    await producer.connect();
    const partitions = Array.from({ length: 8 }, (_, partition) => partition);
    await producer.send({ topic, messages: partitions.map((partition) => ({ ...message(0), partition })) });
    const before = sockets();
    const wide = makeKafkaTopicReader({ kafka: makeKafka(settings, quiet), brokers });
    const count = async (partition: number): Promise<number> => {
      let records = 0;
      for await (const batch of wide.read({ topic, partition, from: 0, to: 1 })) records += batch.records.length;
      return records;
    };
    expect(await Promise.all(partitions.map(count))).toEqual(partitions.map(() => 1));
    await wide.close();
    await expect.poll(sockets, { timeout: 3_000 }).toBeLessThanOrEqual(before);
  });

  it('leaves no group behind', async () => {
    const { groups } = await admin.listGroups();
    expect(groups.filter(({ groupId }) => groupId.includes('lethe-test'))).toEqual([]);
  });

  it('gives up within seconds where no broker answers', async () => {
    const gone = ['127.0.0.1:1'];
    const lost = makeKafkaTopicReader({ kafka: makeKafka({ ...settings, brokers: gone }, quiet), brokers: gone });
    await expect(lost.bounds('raw.any')).rejects.toMatchObject({ code: 'unavailable' });
    await lost.close();
  });
});
