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
    expect(saying(exceeded(denied))).toMatch(/: our user may not do that \(TOPIC_AUTHORIZATION_FAILED\)$/);
    const unknown = Object.assign(new Error('cust-1'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' });
    expect(saying(exceeded(unknown))).toMatch(/: UNKNOWN_TOPIC_OR_PARTITION$/);
  });

  it.each<[unknown, string]>([
    [new RangeError('cust-1'), 'RangeError'],
    [Object.assign(new Error('x'), { code: 'cust-1' }), 'Error'],
    ['cust-1', 'unknown'],
  ])('else that of its class, and never a message', (cause, word) => {
    expect(saying(cause)).toBe(`Kafka at 127.0.0.1:1 failed while connecting: ${word}`);
  });
});

describe('an error of security says what to do', () => {
  const failed = (code: string) => exceeded(new kafkajs.KafkaJSConnectionError('cust-1', { broker: 'b:1', code }));
  const protocol = (type: string) => Object.assign(new Error('cust-1'), { type });
  const login = Object.assign(new kafkajs.KafkaJSNonRetriableError('cust-1'), {
    name: 'KafkaJSSASLAuthenticationError',
  });
  it.each<[Error, string, RegExp]>([
    [failed('ERR_TLS_CERT_ALTNAME_INVALID'), 'its certificate does not hold for that name', /KAFKA_BROKERS/],
    [failed('CERT_HAS_EXPIRED'), 'its certificate has expired', /clock/],
    [failed('DEPTH_ZERO_SELF_SIGNED_CERT'), 'its certificate was issued by nobody that is trusted', /KAFKA_SSL_CA/],
    [failed('ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE'), 'it refuses our certificate', /KAFKA_SSL_CERT/],
    [failed('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), 'it refuses our certificate', /KAFKA_SSL_CERT/],
    [failed('ERR_TLS_HUNG_UP'), 'it hung up on the TLS handshake', /unset KAFKA_SSL/],
    [failed('ERR_TLS_WANTED'), 'it wants TLS', /Set KAFKA_SSL/],
    [failed('ERR_TLS_FILES_UNUSABLE'), 'our certificate or key cannot be used', /PEM/],
    [login, 'it refuses the log-in', /KAFKA_SASL_PASSWORD/],
    [protocol('UNSUPPORTED_SASL_MECHANISM'), 'it does not take that mechanism', /KAFKA_SASL_MECHANISM/],
    [protocol('ILLEGAL_SASL_STATE'), 'it takes no log-in on this port', /KAFKA_BROKERS/],
    [protocol('GROUP_AUTHORIZATION_FAILED'), 'our user may not do that', /lethe check/],
  ])('%s', (cause, reason, fix) => {
    const error = kafkaUnavailable('connecting', ['127.0.0.1:1'], cause);
    expect(error.message).toContain(`failed while connecting: ${reason}`);
    expect(error.fix).toMatch(fix);
    expect(error.message + error.fix).not.toContain('cust-1');
  });
});
