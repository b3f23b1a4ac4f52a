/** Makes the kafkajs client from settings. One client, many producers and one consumer. */
import kafkajs, { type Kafka, type KafkaConfig, type logCreator, type RetryOptions } from 'kafkajs';
import { registerCodecs } from './compression.ts';
import { installConnections } from './connections.ts';
import { installFetchResponse } from './fetch-response.ts';
import { installRequestQueue } from './request-queue.ts';
import { type KafkaSasl, saslOptions } from './sasl.ts';
import { type KafkaTls, socketFactory } from './socket.ts';

export type KafkaSettings = {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** false: plain text; true: TLS with the machine's authorities. */
  readonly ssl: boolean | KafkaTls;
  readonly sasl: KafkaSasl | null;
};

/**
 * Short first waits: kafkajs answers CONCURRENT_TRANSACTIONS with its retry, and its default of 300 ms would be spent
 * on every batch (kafkajs #304).
 */
export const RETRY: RetryOptions = { initialRetryTime: 20, multiplier: 2, factor: 0.2, maxRetryTime: 1000, retries: 8 };

/**
 * Half-open sockets hang (kafkajs #1163, #659): every request has an end, early enough for a stream to go on within 15 s
 * of a network that came back.
 */
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTION_TIMEOUT_MS = 3_000;

export function makeKafka(settings: KafkaSettings, logging: logCreator): Kafka {
  registerCodecs();
  installConnections();
  installFetchResponse();
  installRequestQueue();
  const config: KafkaConfig = {
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    ssl: settings.ssl !== false,
    socketFactory: socketFactory(settings.ssl),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    retry: RETRY,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: logging,
  };
  if (settings.sasl !== null) config.sasl = saslOptions(settings.sasl);
  return new kafkajs.Kafka(config);
}
