import { outputSchemasOf, valueSubject } from '../adapters/avro/output-schemas.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import { makeKafka } from '../adapters/kafka/client.ts';
import { connectAdmin, disconnectAdmin, holdsRecords } from '../adapters/kafka/topics.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { silenceNegativeTimeoutWarning } from '../adapters/log/warnings.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { isViewEmpty } from '../adapters/redis/empty-view.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import { CONSENT_EVENTS_TOPIC } from '../core/own-topics.ts';
import { makeWrittenTopics } from '../gateway/written-topics.main.ts';
import { usableConfiguration } from './configuration.main.ts';
import { EXIT } from './exit.ts';
import { push as pushBundle } from './push.ts';
import { commandSettings } from './settings.main.ts';
import { keptTooLong } from './topics.ts';
import { topicsPortOf } from './topics-port.main.ts';

/** `lethe push DIR`: prints the digest on stdout. Without KAFKA_BROKERS the topics are left to the workers. */
export async function push(dir: string, options: { config?: string }): Promise<number> {
  silenceNegativeTimeoutWarning();
  const { bundle, compiled } = await usableConfiguration(dir, { warn: true });
  const settings = commandSettings(options, ['redis'], ['kafka', 'registry']);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const redis = connectRedis(settings.redis);
  const kafka = settings.kafka === null ? null : makeKafka(settings.kafka, kafkajsLogCreator(makeLog('silent')));
  const admin = kafka?.admin({ retry: { retries: 2 } }) ?? null;
  try {
    await pushBundle({
      bundle,
      compiled,
      store: makeRedisBundleStore(redis, digestFiles),
      registry: settings.registry === null ? null : makeRegistry(settings.registry),
      outputSchemas: outputSchemasOf,
      subjectOf: valueSubject,
      say,
      consentsLost: async () =>
        admin !== null &&
        settings.kafka !== null &&
        (await holdsRecords(admin, settings.kafka.brokers, CONSENT_EVENTS_TOPIC)) &&
        (await isViewEmpty(redis)),
      ensureTopics: async () => {
        if (admin === null || settings.kafka === null) {
          say('KAFKA_BROKERS is not set: topics are left to the workers');
          return;
        }
        await connectAdmin(admin, settings.kafka.brokers);
        const written = makeWrittenTopics(admin, settings.kafka.brokers);
        const created = await written.ensure(compiled.routes);
        if (created.length > 0) say(`Topics created: ${created.join(', ')}`);
        for (const line of await keptTooLong(compiled, topicsPortOf(admin, settings.kafka.brokers))) say(line);
      },
    });
  } finally {
    await Promise.all([redis.close(), admin === null ? null : disconnectAdmin(admin)]);
  }
  process.stdout.write(`${bundle.digest}\n`);
  return EXIT.ok;
}
