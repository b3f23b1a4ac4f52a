import { randomUUID } from 'node:crypto';
import type kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { createTopics } from '../../deploy/demo/topics.ts';
import { makeConsentEventCodec } from '../../services/adapters/avro-single-object/consent-events.ts';
import { makeKafka } from '../../services/adapters/kafka/client.ts';
import { makeKafkaConsentLog } from '../../services/adapters/kafka/consent-log.ts';
import { makeTopicCatalog } from '../../services/adapters/kafka/topics.ts';
import { consentPartition } from '../../services/core/consent-partition.ts';
import type { ConsentLogEntry } from '../../services/core/ports.ts';
import { consentLogContract, type OpenedLog } from '../contract/consent-log.ts';
import { event } from '../contract/consent-store.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const PARTITIONS = 4;
const codec = makeConsentEventCodec();
const quiet: kafkajs.logCreator = () => () => {};

type Found = ConsentLogEntry & { readonly version: number; readonly partition: number };

/** A topic whose record batches must stay small, so that appends have to be cut. */
async function open(): Promise<OpenedLog & { readonly topic: string }> {
  const brokers = sharedStack().kafka.split(',');
  const kafka = makeKafka({ brokers, clientId: 'contract', ssl: false, sasl: null }, quiet);
  const topic = `consent-events-${randomUUID()}`;
  const admin = kafka.admin();
  await admin.connect();
  await createTopics(admin, [topic], PARTITIONS, { 'max.message.bytes': '20000' });
  const { facts } = makeTopicCatalog(admin, brokers, Date.now);
  const log = makeKafkaConsentLog({ kafka, brokers, facts, encode: codec.encode, topic });
  return {
    topic,
    log,
    readAll: async () => readAll(kafka, topic),
    close: async () => {
      await log.close();
      await admin.disconnect();
    },
  };
}

async function readAll(kafka: kafkajs.Kafka, topic: string): Promise<Found[]> {
  const admin = kafka.admin();
  await admin.connect();
  const wanted = (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
  await admin.disconnect();
  const consumer = kafka.consumer({ groupId: randomUUID() });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const found: Found[] = [];
  await new Promise<void>((resolve, reject) => {
    if (wanted === 0) resolve();
    consumer
      .run({
        eachMessage: async ({ partition, message }) => {
          const decoded = codec.decode(message.value ?? Buffer.alloc(0));
          if (!decoded.ok || decoded.entry.token !== message.key?.toString()) reject(new Error('not a consent event'));
          else found.push({ ...decoded.entry, version: Number(message.offset), partition });
          if (found.length === wanted) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return found;
}

consentLogContract('Kafka', open);

describe('the consent feed of Kafka', () => {
  it('keeps a token in the partition that all who append agree on', async () => {
    const opened = await open();
    const tokens = Array.from({ length: 40 }, (_, n) => `token-${n}`);
    const { version: _, ...rest } = event(0);
    await opened.log.append([...tokens, ...tokens].map((token) => ({ token, event: rest })));
    for (const { token, partition } of (await opened.readAll()) as Found[]) {
      expect(partition).toBe(consentPartition(token, PARTITIONS));
    }
    await opened.close();
  });

  it('fails with one clear error where no broker is, and does not hang on it', async () => {
    const brokers = ['127.0.0.1:1'];
    const kafka = makeKafka({ brokers, clientId: 'contract', ssl: false, sasl: null }, quiet);
    const facts = async (): Promise<{ partitions: number; maxMessageBytes: number }> => ({
      partitions: 1,
      maxMessageBytes: 1_000_000,
    });
    const log = makeKafkaConsentLog({ kafka, brokers, facts, encode: codec.encode });
    const { version: _, ...rest } = event(0);
    const failed = await log.append([{ token: 'secret-token', event: rest }]).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'unavailable', message: expect.stringContaining('127.0.0.1:1') });
    expect(String(failed)).not.toContain('secret-token');
    await log.close();
  });
});
