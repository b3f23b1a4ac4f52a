import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { kafkaUnavailable } from '../../../../services/adapters/kafka/errors.ts';

const exceeded = (cause: Error) => new kafkajs.KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 3, retryTime: 9 });
const saying = (cause: unknown) => kafkaUnavailable('connecting', ['127.0.0.1:1'], cause).message;

describe('an error of Kafka says why in one word', () => {
  it("the system's, where nobody answers", () => {
    const refused = new kafkajs.KafkaJSConnectionError('Connection error: cust-1', {
      broker: '127.0.0.1:1',
      code: 'ECONNREFUSED',
    });
    expect(saying(exceeded(refused))).toBe('Kafka at 127.0.0.1:1 failed while connecting: ECONNREFUSED');
  });

  it("the protocol's, where the broker said it", () => {
    const denied = Object.assign(new Error('cust-1'), { type: 'TOPIC_AUTHORIZATION_FAILED', code: 29 });
    expect(saying(exceeded(denied))).toMatch(/: TOPIC_AUTHORIZATION_FAILED$/);
  });

  it.each<[unknown, string]>([
    [new RangeError('cust-1'), 'RangeError'],
    [Object.assign(new Error('x'), { code: 'cust-1' }), 'Error'],
    ['cust-1', 'unknown'],
  ])('else that of its class, and never a message', (cause, word) => {
    expect(saying(cause)).toBe(`Kafka at 127.0.0.1:1 failed while connecting: ${word}`);
  });
});
