import { setTimeout as sleep } from 'node:timers/promises';
import { makeKafka } from '../adapters/kafka/client.ts';
import { makeTombstoneWriter } from '../adapters/kafka/tombstones.ts';
import { makeKafkaTopicReader } from '../adapters/kafka/topic-reader.ts';
import { brokerTimes, describeTopics } from '../adapters/kafka/topic-settings.ts';
import { connectAdmin, disconnectAdmin } from '../adapters/kafka/topics.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { silenceNegativeTimeoutWarning } from '../adapters/log/warnings.ts';
import type { ExpireOptions } from './commands/topics.ts';
import { usableConfiguration } from './configuration.main.ts';
import { everyOption } from './every-option.ts';
import { EXIT } from './exit.ts';
import { commandSettings } from './settings.main.ts';
import { expireTopics } from './topics-expire.ts';

/** `lethe topics expire DIR`: a line of JSON a compacted output; exit 1 where one could not be done. */
export async function topicsExpire(dir: string, options: ExpireOptions): Promise<number> {
  silenceNegativeTimeoutWarning();
  const every = everyOption(options.expiryEvery);
  const { compiled } = await usableConfiguration(dir);
  const { kafka: settings } = commandSettings(options, ['kafka']);
  const { brokers } = settings;
  const kafka = makeKafka(settings, kafkajsLogCreator(makeLog('silent')));
  const admin = kafka.admin({ retry: { retries: 2 } });
  const reader = makeKafkaTopicReader({ kafka, brokers });
  try {
    await connectAdmin(admin, brokers);
    const done = await expireTopics(
      compiled,
      {
        reader,
        writer: options.dryRun === true ? null : makeTombstoneWriter(kafka, brokers),
        describe: (names) => describeTopics(admin, brokers, names),
        brokerTimes: () => brokerTimes(admin, brokers),
        sleep: (ms) => sleep(ms),
      },
      every,
      Date.now(),
    );
    if (done.length === 0) process.stderr.write('lethe: no output of this configuration is compacted\n');
    for (const { upTo, ...one } of done) {
      const until = upTo === null ? null : new Date(upTo).toISOString();
      process.stdout.write(`${JSON.stringify({ ...one, publishedUntil: until })}\n`);
    }
    return done.every(({ problem }) => problem === null) ? EXIT.ok : EXIT.findings;
  } finally {
    await Promise.all([reader.close(), disconnectAdmin(admin)]);
  }
}
