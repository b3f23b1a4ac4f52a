import { makeConsentEventCodec } from '../adapters/avro-single-object/consent-events.ts';
import { makeSubjectTokens } from '../adapters/crypto/keyring.ts';
import { readKeys } from '../adapters/crypto/keys.ts';
import { makeKafka } from '../adapters/kafka/client.ts';
import { makeKafkaConsentLog } from '../adapters/kafka/consent-log.ts';
import { connectAdmin, disconnectAdmin, makeTopicCatalog } from '../adapters/kafka/topics.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { silenceNegativeTimeoutWarning } from '../adapters/log/warnings.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { makeRedisConsentStore } from '../adapters/redis/consent-store.ts';
import { makeWrittenTopics } from '../gateway/written-topics.main.ts';
import { readConsentHistory } from '../core/consent-history.ts';
import { readConsents } from '../core/consent-report.ts';
import { importConsents } from './consent-import.ts';
import { EXIT } from './exit.ts';
import { bytesOf, sizeOfFile } from './files.ts';
import { makeProgress } from './progress.ts';
import { commandSettings } from './settings.main.ts';
import { timeOption } from './time-option.ts';

/** `lethe consent import FILE`: returns once the view holds the events. */
export async function consentImport(file: string, options: { config?: string }): Promise<number> {
  silenceNegativeTimeoutWarning();
  sizeOfFile(file, 'file');
  const settings = commandSettings(options, ['kafka', 'redis', 'keysFile']);
  const subjectTokens = makeSubjectTokens(readKeys(settings.keysFile));
  const kafka = makeKafka(settings.kafka, kafkajsLogCreator(makeLog('silent')));
  const { brokers } = settings.kafka;
  const admin = kafka.admin({ retry: { retries: 2 } });
  const redis = connectRedis(settings.redis);
  const log = makeKafkaConsentLog({
    kafka,
    brokers,
    facts: makeTopicCatalog(admin, brokers, Date.now).facts,
    encode: makeConsentEventCodec().encode,
  });
  const progress = makeProgress(process.stderr, 'Consent events', null, (count) => String(Math.round(count)));
  try {
    await connectAdmin(admin, brokers);
    await makeWrittenTopics(admin, brokers).ensure([]);
    const result = await importConsents({
      file,
      open: () => bytesOf(file),
      keyring: { subjectTokens },
      log,
      view: makeRedisConsentStore(redis),
      report: (problem) => void process.stderr.write(`${problem}\n`),
      progress: (_pass, lines) => progress.at(lines),
    });
    progress.end();
    if (!result.ok) {
      process.stderr.write(`lethe: nothing was imported: ${result.problems} bad line(s), listed above\n`);
      return EXIT.findings;
    }
    process.stdout.write(`${JSON.stringify({ imported: result.events })}\n`);
    return EXIT.ok;
  } finally {
    progress.end();
    await Promise.all([log.close(), redis.close(), disconnectAdmin(admin)]);
  }
}

/** `lethe consent get SUBJECT`: what the view knows, as JSON; the subject id is not repeated. */
export async function consentGet(subject: string, options: { config?: string }): Promise<number> {
  const settings = commandSettings(options, ['redis', 'keysFile']);
  const redis = connectRedis(settings.redis);
  try {
    const subjectTokens = makeSubjectTokens(readKeys(settings.keysFile));
    const report = await readConsents(subject, { subjectTokens }, makeRedisConsentStore(redis), Date.now());
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return EXIT.ok;
  } finally {
    await redis.close();
  }
}

/** `lethe consent history SUBJECT`: what was in force when, as JSON; the subject id is not repeated. */
export async function consentHistory(
  subject: string,
  options: { config?: string; purpose?: string; at?: string },
): Promise<number> {
  const asked = {
    ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
    ...(options.at === undefined ? {} : { at: timeOption(options.at, '--at') }),
  };
  const settings = commandSettings(options, ['redis', 'keysFile']);
  const redis = connectRedis(settings.redis);
  try {
    const subjectTokens = makeSubjectTokens(readKeys(settings.keysFile));
    const history = await readConsentHistory(subject, { subjectTokens }, makeRedisConsentStore(redis), asked);
    process.stdout.write(`${JSON.stringify(history, null, 2)}\n`);
    return EXIT.ok;
  } finally {
    await redis.close();
  }
}
