/** `lethe topics` on a real broker: what it makes, changes, keeps its hands off, and what expiry does to records. */
import kafkajs, { type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopics } from '../../deploy/demo/topics.ts';
import { makeKafka } from '../../services/adapters/kafka/client.ts';
import { makeTombstoneWriter } from '../../services/adapters/kafka/tombstones.ts';
import { makeKafkaTopicReader } from '../../services/adapters/kafka/topic-reader.ts';
import { alterTopic, brokerTimes, describeTopics } from '../../services/adapters/kafka/topic-settings.ts';
import { ASSUMED_TIMES } from '../../services/core/retention/stay.ts';
import { type Expired, expirePartition } from '../../services/core/retention/expiry.ts';
import { folderOf, lethe } from '../acceptance/command.ts';
import { until } from '../stack/commands.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const stack = sharedStack();
const brokers = stack.kafka.split(',');
const NAME = `topics-${process.pid}-${Date.now()}`;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const kafka = makeKafka({ brokers, clientId: 'topics-test', ssl: false, sasl: null }, () => () => undefined);
const admin = kafka.admin();
const reader = makeKafkaTopicReader({ kafka, brokers });

const config = (published: string): string =>
  folderOf({
    'taxonomy.yaml': 'categories: { system: {}, user: {}, user.unique_id: {} }\n',
    'purposes.yaml': `purposes:
  analytics: { basis: { default: consent }, retention: { default: P90D }, ${published} }
`,
    'regimes.yaml': 'regimes: { gdpr: [DE] }\ndefault: gdpr\n',
    'policies/a.yaml': `route: ${NAME}
from: { topic: raw.${NAME}, format: json }
subject: s
time: at
fields: { at: system, s: user.unique_id }
outputs:
  - { topic: clean.${NAME}.d, purpose: analytics, rules: [{ select: system, action: keep }] }
  - { topic: clean.${NAME}.c, purpose: analytics, cleanup: compact, rules: [{ select: system, action: keep }] }
`,
  });
const topics = (...args: string[]) => lethe(['topics', ...args], { env: stack.env });

const make = async (topic: string, settings: Readonly<Record<string, string>>, partitions = 1): Promise<void> => {
  await createTopics(admin, [topic], partitions, settings);
};

const settingsOf = async (topic: string) => (await describeTopics(admin, brokers, [topic])).get(topic)!.settings;

beforeAll(() => admin.connect());
afterAll(async () => {
  await Promise.all([reader.close(), admin.disconnect()]);
});

describe('lethe topics', () => {
  const dir = config('published: P30D');
  const [deleted, compacted] = [`clean.${NAME}.d`, `clean.${NAME}.c`];

  it('makes topics that keep the promise, with the partitions of the raw topic', async () => {
    await make(`raw.${NAME}`, {}, 3);
    const applied = await topics('apply', dir);
    expect(applied.stderr).toContain(`${deleted}: created`);
    const states = await describeTopics(admin, brokers, [deleted, compacted]);
    expect([...states.values()].map(({ partitions }) => partitions)).toEqual([3, 3]);
    expect(states.get(deleted)?.settings).toMatchObject({
      ...{ 'cleanup.policy': 'delete', 'segment.ms': String(3 * DAY), 'message.timestamp.type': 'LogAppendTime' },
    });
    expect(states.get(compacted)?.settings).toMatchObject({
      ...{ 'cleanup.policy': 'compact', 'max.compaction.lag.ms': String(3 * DAY) },
    });
    const times = await brokerTimes(admin, brokers);
    expect(times.assumed).toBe(false);
    const retention = Number(states.get(deleted)?.settings['retention.ms']);
    // Retention, segment, the broker's own interval, five minutes of publishing: thirty days, to the millisecond.
    expect(retention + 3 * DAY + times.checkIntervalMs + 300_000).toBe(30 * DAY);
  });

  it('tells what breaks a promise, changes it only with --yes, and keeps what else a topic was given', async () => {
    expect(await alterTopic(admin, deleted, { 'retention.ms': '-1', 'max.message.bytes': '54321' })).toBeNull();
    const planned = await topics('plan', '--format', 'json', dir);
    expect(planned.code).toBe(1);
    const found = JSON.parse(planned.stdout).topics.find(({ topic }: { topic: string }) => topic === deleted);
    expect(found).toMatchObject({ verdict: 'change', worst: { inTopicMs: null }, worstAfter: { oldestMs: 90 * DAY } });

    const refused = await topics('apply', dir);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`${deleted}: needs --yes (retention.ms -1 → `);
    expect((await settingsOf(deleted))['retention.ms']).toBe('-1');

    const applied = await topics('apply', '--yes', dir);
    expect(applied.stderr).toContain(`${deleted}: changed`);
    const settings = await settingsOf(deleted);
    expect(Number(settings['retention.ms'])).toBeLessThan(30 * DAY);
    expect(settings).toMatchObject({ 'max.message.bytes': '54321', 'segment.ms': String(3 * DAY) });
  });

  it('fails for a purpose that promises nothing, and names what to add', async () => {
    const planned = await topics('plan', config('recipient: acme'));
    expect(planned.code).toBe(1);
    expect(planned.stdout).toMatch(new RegExp(`^clean\\.${NAME}\\.d .*FAILS$`, 'm'));
    expect(planned.stdout).toContain('add `published`');
  });

  it('expires nothing that is young, and says so of every compacted output', async () => {
    const expired = await topics('expire', dir);
    expect(expired).toMatchObject({ code: 0, stderr: '' });
    expect(
      expired.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ topic: compacted, expired: 0, renewed: 0, postponed: 0, problem: null }]);
  });
});

describe('brokers that do not tell their settings', () => {
  it.each([
    [
      'refuse',
      () =>
        Promise.reject(
          new kafkajs.KafkaJSProtocolError({
            type: 'CLUSTER_AUTHORIZATION_FAILED',
            code: 31,
            retriable: false,
            message: 'no',
          } as never),
        ),
    ],
    ['leave it out', () => Promise.resolve({ resources: [{ configEntries: [] }], throttleTime: 0 })],
  ])('%s: Kafka’s defaults stand in, marked as such', async (_how, describeConfigs) => {
    const mute = { ...admin, describeConfigs } as unknown as typeof admin;
    expect(await brokerTimes(mute, brokers)).toEqual(ASSUMED_TIMES);
  });
});

describe('expiry', () => {
  const NOW = Date.now();
  const UP_TO = NOW - HOUR;
  let topic: string;
  let producer: Producer;
  let count = 0;

  const makeCompacted = async (settings: Readonly<Record<string, string>> = {}): Promise<void> => {
    topic = `clean.${NAME}.e${count++}`;
    await make(topic, { 'cleanup.policy': 'compact', ...settings });
  };
  const send = (key: string, value: string | null, timestamp: number) =>
    producer.send({ topic, messages: [{ key, value, timestamp: String(timestamp) }] });
  const expire = (over: Partial<Parameters<typeof expirePartition>[0]> = {}): Promise<Expired> =>
    expirePartition({
      ...{ reader, topic, partition: 0, upTo: UP_TO, writer: makeTombstoneWriter(kafka, brokers) },
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      ...over,
    });
  /** A commit is acknowledged before its marker lies in the partition: what it brings can be read a moment later. */
  const newest = async (): Promise<Record<string, string | null>> => {
    const found: Record<string, string | null> = {};
    const [bounds] = await reader.bounds(topic);
    for await (const { records } of reader.read({ topic, partition: 0, from: bounds!.low, to: bounds!.end })) {
      for (const { key, value } of records) found[String(Buffer.from(key!))] = value && String(Buffer.from(value));
    }
    return found;
  };

  beforeAll(async () => {
    producer = kafka.producer();
    await producer.connect();
  });
  afterAll(() => producer.disconnect());

  it('ends what is old, once, and leaves what was renewed', async () => {
    await makeCompacted();
    await send('old', 'v', UP_TO - 1);
    await send('renewed', 'v1', UP_TO - 1);
    await send('renewed', 'v2', NOW);
    expect(await expire()).toEqual({ expired: 1, renewed: 0, postponed: 0 });
    await expect.poll(newest, { timeout: 10_000 }).toEqual({ old: null, renewed: 'v2' });
    expect(await expire()).toEqual({ expired: 0, renewed: 0, postponed: 0 });
  });

  it('makes the value go from the log itself, once the partition is written to again and compacted', async () => {
    await makeCompacted({ 'max.compaction.lag.ms': '1000', 'message.timestamp.type': 'CreateTime' });
    await send('old', 'v-to-go', UP_TO - 1);
    await expire();
    const everything = async (): Promise<string[]> => {
      const values: string[] = [];
      const [bounds] = await reader.bounds(topic);
      for await (const { records } of reader.read({ topic, partition: 0, from: bounds!.low, to: bounds!.end })) {
        for (const { value } of records) if (value !== null) values.push(String(Buffer.from(value)));
      }
      return values;
    };
    await expect.poll(newest, { timeout: 10_000 }).toEqual({ old: null });
    expect(await everything()).toContain('v-to-go');
    await until('the value is gone', async () => {
      await send('other', 'x', Date.now());
      return (await everything()).includes('v-to-go') ? null : true;
    });
    expect(await everything()).toContain('x');
  });

  it('gives way to a value that a transaction brings which is open while it writes', async () => {
    await makeCompacted();
    await send('a', 'v1', UP_TO - 1);
    await send('b', 'v1', UP_TO - 1);
    const worker = kafka.producer({ transactionalId: `${NAME}-worker`, maxInFlightRequests: 1 });
    await worker.connect();
    const transaction = await worker.transaction();
    await transaction.send({ topic, messages: [{ key: 'a', value: 'v2', timestamp: String(NOW) }] });
    let looked = 0;
    const expired = await expire({
      sleep: async () => {
        // The tombstones lie behind the open record: nothing of it can be seen yet, and nothing is decided.
        if (++looked === 3) await transaction.commit();
        await new Promise((resolve) => setTimeout(resolve, 50));
      },
    });
    await worker.disconnect();
    expect(looked).toBeGreaterThanOrEqual(3);
    expect(expired).toEqual({ expired: 1, renewed: 1, postponed: 0 });
    await expect.poll(newest, { timeout: 10_000 }).toEqual({ a: 'v2', b: null });
  });

  it('ends what one before it left open, and whoever wakes up after that is fenced', async () => {
    await makeCompacted();
    await send('a', 'v1', UP_TO - 1);
    const dead = await makeTombstoneWriter(kafka, brokers).open(topic, 0);
    const left = await dead.write([Buffer.from('a')]);
    await send('a', 'v2', NOW);
    // The next run sees the topic only up to what was left open, and reads on once it has ended that.
    expect(await expire()).toEqual({ expired: 0, renewed: 1, postponed: 0 });
    await expect(left.commit()).rejects.toThrow();
    await dead.close();
    await expect.poll(newest, { timeout: 10_000 }).toEqual({ a: 'v2' });
  });
});
