import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { kafkajsLogCreator } from '../../../../services/adapters/log/kafkajs-bridge.ts';
import type { Log, LogFields } from '../../../../services/core/log.ts';

const recorder = () => {
  const said: { level: string; fields: LogFields; message: string }[] = [];
  const at = (level: string) => (fields: LogFields, message: string) => void said.push({ level, fields, message });
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { said, write: kafkajsLogCreator(log)() };
};

const pass = (log: Record<string, unknown>, level = 1, namespace = 'Runner') => {
  const { said, write } = recorder();
  write({ namespace, level, log });
  return said[0];
};

describe('kafkajsLogCreator', () => {
  it('passes coordinates, the fixed part of the message and the type of the error', () => {
    expect(
      pass({
        message: 'Error when calling eachBatch',
        timestamp: 'now',
        topic: 'raw.customer-events',
        partition: 3,
        offset: '17',
        groupId: 'lethe',
        memberId: 'lethe-1-ab',
        broker: '127.0.0.1:9092',
        retryCount: 2,
        error: Object.assign(new Error('value user1@example.com'), { type: 'NOT_LEADER_FOR_PARTITION' }),
        stack: 'Error: value user1@example.com',
      }),
    ).toEqual({
      level: 'error',
      fields: {
        namespace: 'kafkajs.Runner',
        topic: 'raw.customer-events',
        partition: 3,
        groupId: 'lethe',
        memberId: 'lethe-1-ab',
        broker: '127.0.0.1:9092',
        retryCount: 2,
        errorType: 'NOT_LEADER_FOR_PARTITION',
      },
      message: 'Error when calling eachBatch',
    });
  });

  it.each([
    [1, 'error'],
    [2, 'warn'],
    [4, 'info'],
    [5, 'debug'],
    [0, 'debug'],
  ])('maps level %d to %s', (level, name) => {
    expect(pass({ message: 'said' }, level)?.level).toBe(name);
  });

  it.each([
    ['Producer', 'Failed to send messages: CONCURRENT_TRANSACTIONS'],
    ['Consumer', 'Crash: KafkaJSProtocolError: GROUP_LOAD_IN_PROGRESS'],
    ['Connection', 'Response Metadata(key: 3, version: 6)'],
  ])('whispers what %s tries again: %s', (namespace, message) => {
    expect(pass({ message }, 1, namespace)?.level).toBe('debug');
    expect(pass({ message }, 1, 'Elsewhere')?.level).toBe('error');
  });

  it.each([
    ['Crash: KafkaJSNumberOfRetriesExceeded: cust-1', 'Crash', 'KafkaJSNumberOfRetriesExceeded'],
    ['Failed to send messages: connect ECONNREFUSED 127.0.0.1:9092', 'Failed to send messages', 'ECONNREFUSED'],
    ['Restarting the consumer in 300ms', 'Restarting the consumer in #ms', undefined],
    ['Cannot convert "cust-1" to a BigInt', 'kafkajs', undefined],
    ['user1@example.com', 'kafkajs', undefined],
    [undefined, 'kafkajs', undefined],
  ])('of %j keeps %j', (message, kept, type) => {
    const said = pass({ message });
    expect(said?.message).toBe(kept);
    expect(said?.fields['errorType']).toBe(type);
  });

  it('lets no value through, wherever kafkajs may put one', () => {
    const canary = 'Zoë <canary@example.com> 4111';
    const anywhere = fc.dictionary(
      fc.string(),
      fc.constantFrom<unknown>(canary, { v: canary }, [canary], Buffer.from(canary)),
    );
    const known = fc.record(
      Object.fromEntries(
        ['message', 'error', 'stack', 'payload', 'topic', 'groupId', 'memberId', 'broker', 'partition', 'value'].map(
          (name) => [
            name,
            fc.constantFrom<unknown>(canary, `Crash: ${canary}`, new TypeError(canary), { canary }, [canary]),
          ],
        ),
      ),
    );
    fc.assert(
      fc.property(anywhere, known, fc.string(), (any, fields, namespace) => {
        const shown = JSON.stringify(pass({ ...any, ...fields }, 1, `${namespace}${canary}`));
        for (const part of ['Zoë', 'canary', '4111']) expect(shown).not.toContain(part);
      }),
    );
  });

  it('serves kafkajs itself, whose failed connections are whispered: whoever asked tells of them', async () => {
    const { said, write } = recorder();
    const kafka = new kafkajs.Kafka({
      brokers: ['127.0.0.1:1'],
      logCreator: () => write,
      logLevel: kafkajs.logLevel.WARN,
      retry: { retries: 0 },
    });
    await expect(kafka.admin().connect()).rejects.toThrow();
    expect(said[0]).toMatchObject({
      level: 'debug',
      fields: { namespace: 'kafkajs.Connection', broker: '127.0.0.1:1' },
      message: 'Connection error',
    });
    expect(said.filter(({ level }) => level !== 'debug')).toEqual([]);
  });
});
