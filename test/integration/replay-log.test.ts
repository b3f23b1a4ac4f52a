/** The log of replays on a real broker: who may write, and from when on it is known what was written. */
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopics } from '../../deploy/demo/topics.ts';
import { makeKafka } from '../../services/adapters/kafka/client.ts';
import { isCompacted } from '../../services/adapters/kafka/compaction.ts';
import { openReplayLog } from '../../services/adapters/kafka/replay-log.ts';
import { makeKafkaTopicReader } from '../../services/adapters/kafka/topic-reader.ts';
import { makeTopicCatalog } from '../../services/adapters/kafka/topics.ts';
import type { Publication } from '../../services/core/transport.ts';
import { needKcat, topicHolds } from '../stack/kcat.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const brokers = sharedStack().kafka.split(',');
const RUN = `replay-log-${Date.now().toString(36)}`;
const TOPIC = `${RUN}.letters`;

let kafka: Kafka;
let admin: Admin;

beforeAll(async () => {
  await needKcat();
  kafka = makeKafka({ brokers, clientId: 'test', ssl: false, sasl: null }, () => () => undefined);
  admin = kafka.admin();
  await admin.connect();
  await createTopics(admin, [TOPIC], 2);
  await createTopics(admin, [`${RUN}.compacted`], 1, { 'cleanup.policy': 'compact' });
  await createTopics(admin, [`${RUN}.both`], 1, { 'cleanup.policy': 'compact,delete' });
});
afterAll(() => admin?.disconnect());

const open = (patienceMs = 20_000) =>
  openReplayLog({
    ...{ kafka, brokers, patienceMs },
    facts: makeTopicCatalog(admin, brokers, Date.now).facts,
    reader: makeKafkaTopicReader({ kafka, brokers }),
  });
const publication = (partition: number, text: string): Publication => ({
  ...{ topic: TOPIC, partition, key: null, headers: {}, timestamp: Date.now() },
  value: Buffer.from(text),
});
const held = async (): Promise<string[]> => (await topicHolds(brokers.join(), TOPIC)).map(({ value }) => String(value));

describe('the log of replays', () => {
  it('belongs to whoever opened it last: what the one before had in hand is gone', async () => {
    const first = await open();
    await first.commit([publication(0, 'one'), publication(1, 'two')]);
    const second = await open();
    await expect(first.commit([publication(0, 'never')])).rejects.toMatchObject({ code: 'fenced' });
    await expect(first.commit([publication(0, 'never')])).rejects.toMatchObject({ code: 'bug' });
    await second.commit([publication(0, 'three')]);
    await second.commit([publication(1, 'four')]);
    expect(await held()).toEqual(['one', 'three', 'two', 'four']);
    await Promise.all([first.close(), second.close()]);
  });

  it('waits for transactions of workers that would hide what is committed behind them', async () => {
    const worker = kafka.producer({ transactionalId: RUN, maxInFlightRequests: 1, idempotent: true });
    await worker.connect();
    const batch = await worker.transaction();
    await batch.send({ topic: TOPIC, messages: [{ partition: 0, value: 'a letter in flight' }] });
    const log = await open();
    await log.commit([publication(0, 'a mark behind it')]);
    // A reader of committed records does not see the mark yet.
    const reader = makeKafkaTopicReader({ kafka, brokers });
    const seen = (await reader.bounds(TOPIC))[0]?.end ?? 0;

    const impatient = await open(300);
    await expect(impatient.settled(TOPIC)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`Transactions stay open on ${TOPIC}, partition(s) 0`),
    });
    let settled = false;
    const settling = (await open()).settled(TOPIC).then((bounds) => {
      settled = true;
      return bounds;
    });
    await sleep(500);
    expect(settled).toBe(false);
    await batch.abort();
    const bounds = await settling;
    expect(bounds[0]?.end).toBeGreaterThan(seen);
    const texts: string[] = [];
    for await (const { records } of reader.read({ topic: TOPIC, partition: 0, from: seen, to: bounds[0]?.end ?? 0 })) {
      texts.push(...records.map(({ value }) => String(value)));
    }
    expect(texts).toEqual(['a mark behind it']);
    await Promise.all([worker.disconnect(), log.close(), impatient.close(), reader.close()]);
  });

  it('is not opened where no broker answers', async () => {
    const nobody = new kafkajs.Kafka({ brokers: ['127.0.0.1:1'], logLevel: 0, retry: { retries: 0 } });
    const facts = makeTopicCatalog(admin, brokers, Date.now).facts;
    const reader = makeKafkaTopicReader({ kafka, brokers });
    await expect(openReplayLog({ kafka: nobody, brokers: ['127.0.0.1:1'], facts, reader })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('127.0.0.1:1'),
    });
  });
});

describe('compacted topics', () => {
  it.each([
    ['compacted', true],
    ['both', true],
    ['letters', false],
  ])('%s: %s', async (name, compacted) => {
    expect(await isCompacted(admin, brokers, `${RUN}.${name}`)).toBe(compacted);
  });
});
