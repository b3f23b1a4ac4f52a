/** Makes the kafkajs client from settings. One client, many producers and one consumer. */
import kafkajs, { type Kafka, type KafkaConfig, type logCreator, type RetryOptions, type SASLOptions } from 'kafkajs';
import { registerCodecs } from './compression.ts';
import { installFetchResponse } from './fetch-response.ts';
import { installRequestQueue } from './request-queue.ts';

export type KafkaSettings = {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** TLS as Node's `tls.connect` takes it; false: plain text. */
  readonly ssl: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  } | null;
};

/**
 * Short first waits: kafkajs answers CONCURRENT_TRANSACTIONS with its retry, and its default of 300 ms would be spent
 * on every batch (kafkajs #304).
 */
export const RETRY: RetryOptions = { initialRetryTime: 20, multiplier: 2, factor: 0.2, maxRetryTime: 1000, retries: 8 };

/** Half-open sockets hang (kafkajs #1163, #659): every request has an end. */
const REQUEST_TIMEOUT_MS = 15_000;
const CONNECTION_TIMEOUT_MS = 3_000;

export function makeKafka(settings: KafkaSettings, logging: logCreator): Kafka {
  registerCodecs();
  installFetchResponse();
  installRequestQueue();
  const config: KafkaConfig = {
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    ssl: typeof settings.ssl === 'boolean' ? settings.ssl : { ...settings.ssl },
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    retry: RETRY,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: logging,
  };
  if (settings.sasl !== null) config.sasl = settings.sasl as SASLOptions;
  return new kafkajs.Kafka(config);
}
