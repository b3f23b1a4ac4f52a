/** `lethe report` on a real audit topic, with the bundle in force read from Redis. */
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopics } from '../../deploy/demo/topics.ts';
import { makeSegmentCodec } from '../../services/adapters/avro-single-object/audit-segments.ts';
import { lethe } from '../acceptance/command.ts';
import { chainOf, segment, sealed } from '../unit/core/audit/audit-fixture.ts';
import { GENESIS } from '../../services/core/audit/segment.ts';
import { sharedStack } from '../stack/shared-stack.ts';

const { env } = sharedStack();
const AUDIT = `audit-${process.pid}-${Date.now()}`;
const EMPTY = `${AUDIT}-empty`;
const kafka = new kafkajs.Kafka({
  brokers: (env['KAFKA_BROKERS'] ?? '').split(','),
  logLevel: kafkajs.logLevel.NOTHING,
});
const admin = kafka.admin();
const PERIOD = ['--from', '2025-06-01', '--to', '2025-06-02'];
const OUTPUTS = ['clean.analytics.customer-events', 'clean.fraud.customer-events'];
let digest = '';

beforeAll(async () => {
  const { KAFKA_BROKERS: _, ...withoutKafka } = env;
  const pushed = await lethe(['push', 'config'], { env: withoutKafka });
  expect(pushed.code).toBe(0);
  digest = pushed.stdout.trim();
  const treatments = [
    [{ path: 'customer.email', effect: 'mask' }],
    [{ path: 'customer.email', effect: 'pseudonymize' }],
  ] as const;
  const decided = { bundle: digest, outputs: OUTPUTS, treatments };
  const own = [0, 1]
    .flatMap((partition) => chainOf('raw.customer-events', partition, 3))
    .map((one) => sealed({ ...one, ...decided }));
  const replay = segment('lethe.dead-letters/raw.customer-events', 0, 0, GENESIS);
  const replayed = sealed({
    ...replay,
    ...decided,
    shapes: replay.shapes.slice(0, 1),
    records: [{ skip: 8, count: 1, shape: 0 }],
  });

  await admin.connect();
  await createTopics(admin, [AUDIT, EMPTY], 2);
  const producer = kafka.producer();
  await producer.connect();
  const { encode } = makeSegmentCodec();
  const messages = [...own, replayed].map((one) => ({
    ...{ partition: one.partition, key: `${one.topic}/${one.partition}`, value: Buffer.from(encode(one)) },
  }));
  await producer.send({ topic: AUDIT, messages });
  await producer.disconnect();
});

afterAll(async () => {
  await admin.disconnect();
});

describe('lethe report on Kafka', () => {
  it('counts the period, and tells it in the words of the bundle in force', async () => {
    const { code, stdout, stderr } = await lethe(['report', '--audit-topic', AUDIT, ...PERIOD, '--format', 'json'], {
      env,
    });
    expect([code, stderr]).toEqual([0, '']);
    const masked = 'masked: first letter and domain kept';
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ audit: AUDIT, segments: 7, records: 55, notes: [] },
      bundles: [{ digest, from: 'redis', records: 55 }],
      purposes: [
        {
          purpose: 'analytics',
          outputs: [
            {
              topic: OUTPUTS[0],
              records: 54,
              published: 36,
              deadLettered: { action_failed: 6 },
              replayed: { published: 1 },
            },
          ],
          released: [{ path: 'customer.email', category: 'user.contact.email', form: { plain: masked }, records: 37 }],
        },
        { purpose: 'fraud_prevention', outputs: [{ published: 48, replayed: { published: 1 } }] },
      ],
      rawTopics: [
        {
          topic: 'raw.customer-events',
          partitions: [{ lastOffset: 29 }, { lastOffset: 29 }],
          replayed: [{ records: 1 }],
        },
      ],
    });
  });

  it('tells an empty topic from one that is not there', async () => {
    const [empty, missing] = await Promise.all([
      lethe(['report', '--audit-topic', EMPTY, ...PERIOD], { env }),
      lethe(['report', '--audit-topic', `${AUDIT}-none`, ...PERIOD], { env }),
    ]);
    expect(empty).toMatchObject({ code: 0, stderr: '' });
    expect(empty.stdout).toContain('Nothing was decided in this period');
    expect(missing).toMatchObject({ code: 69, stdout: '' });
    expect(missing.stderr).toContain(`${AUDIT}-none`);
  });
});
