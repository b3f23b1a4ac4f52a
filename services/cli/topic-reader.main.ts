import { makeKafka } from '../adapters/kafka/client.ts';
import { makeKafkaTopicReader } from '../adapters/kafka/topic-reader.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { silenceNegativeTimeoutWarning } from '../adapters/log/warnings.ts';
import type { TopicReader } from '../core/topic-reader.ts';

/** A reader of topics for a command: it joins no group and writes nothing. To be closed. */
export function topicReaderOf({ kafka }: Pick<Settings<'kafka'>, 'kafka'>): TopicReader {
  silenceNegativeTimeoutWarning();
  return makeKafkaTopicReader({
    kafka: makeKafka(kafka, kafkajsLogCreator(makeLog('silent'))),
    brokers: kafka.brokers,
  });
}
