/** Wires the control API to Kafka, Redis and the keys. */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { openApiTokens } from '../adapters/config/api-tokens.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import { compileBundle } from '../adapters/config/load.ts';
import { readFeeds } from '../adapters/config/feeds.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { makeConsentEventCodec } from '../adapters/avro-single-object/consent-events.ts';
import { checkDelivery } from '../adapters/crypto/feed-auth.ts';
import { makeKeyring } from '../adapters/crypto/keyring.ts';
import { readKeys } from '../adapters/crypto/keys.ts';
import { serveApi } from '../adapters/http/api-server.ts';
import { makeKafkaConsentLog } from '../adapters/kafka/consent-log.ts';
import { makeKafkaTopicReader } from '../adapters/kafka/topic-reader.ts';
import { makeTopicCatalog } from '../adapters/kafka/topics.ts';
import type { ControlMetrics } from '../adapters/metrics/control-metrics.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import type { RedisClient } from '../adapters/redis/client.ts';
import { makeRedisConsentProjection } from '../adapters/redis/consent-projection.ts';
import { makeRedisConsentStore } from '../adapters/redis/consent-store.ts';
import { makeRedisIdempotency } from '../adapters/redis/idempotency.ts';
import { decodeTcString } from '../adapters/tcf/tc-string.ts';
import { consentPartition } from '../core/consent-partition.ts';
import { LetheError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { CONSENT_EVENTS_TOPIC } from '../core/own-topics.ts';
import { makeEffectiveWatch } from './api/effective-watch.ts';
import { makeFeedLookUp } from './api/feed-look-up.ts';
import { makeGroupedLog } from './api/grouped-log.ts';
import { makeKnownPurposes } from './api/known-purposes.ts';
import type { RequestApi } from './api/request-routes.ts';
import { apiRoutes } from './api/routes.ts';

type Kafka = Parameters<typeof makeKafkaTopicReader>[0]['kafka'];
type Admin = Parameters<typeof makeTopicCatalog>[0];

/** Serves the API; null without LETHE_API_TOKENS_FILE, which the log says. Throws `invalid_config`. */
export async function serveControlApi(parts: {
  readonly settings: Settings<'kafka' | 'redis' | 'keysFile'>;
  readonly version: string;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly redis: RedisClient;
  readonly log: Log;
  readonly metrics: Pick<ControlMetrics, 'apiRequests' | 'apiDuration'>;
  /** Null where no request of a subject can be carried out. */
  readonly requests: RequestApi | null;
}): Promise<{ readonly port: number; readonly close: () => Promise<void> } | null> {
  const { settings, kafka, redis, log, metrics } = parts;
  if (settings.api === null) {
    log.info({}, 'No API: LETHE_API_TOKENS_FILE is not set');
    return null;
  }
  const { host, port, tokensFile, tls, requestsPerMinute, feedsFile } = settings.api;
  const { authenticate } = openApiTokens(tokensFile, log, Date.now);
  const feeds = feedsFile === null ? [] : readFeeds(feedsFile);
  const { brokers } = settings.kafka;
  const codec = makeConsentEventCodec();
  const { facts } = makeTopicCatalog(parts.admin, brokers, Date.now);
  const consentLog = makeKafkaConsentLog({ kafka, brokers, facts, encode: codec.encode });
  const reader = makeKafkaTopicReader({ kafka, brokers });
  const bundles = makeRedisBundleStore(redis, digestFiles);
  const routes = apiRoutes({
    version: parts.version,
    ...(parts.requests === null ? {} : { requests: parts.requests }),
    keyring: makeKeyring(readKeys(settings.keysFile)),
    log: makeGroupedLog(consentLog),
    partitionOf: async (token) => consentPartition(token, (await facts(CONSENT_EVENTS_TOPIC)).partitions),
    eventAt: makeFeedLookUp({
      reader,
      decode: (value) => {
        const decoded = codec.decode(value);
        return decoded.ok ? decoded.entry : null;
      },
    }),
    view: makeRedisConsentStore(redis),
    purposes: makeKnownPurposes({
      bundles,
      compile: (bundle) => {
        const result = compileBundle(bundle);
        if (result.ok) return result.compiled;
        throw new LetheError('invalid_config', 'the active bundle does not compile in this version of Lethe');
      },
      now: Date.now,
    }),
    effective: makeEffectiveWatch({
      view: makeRedisConsentProjection(redis),
      sleep: (milliseconds) => setTimeout(milliseconds),
    }),
    idempotency: makeRedisIdempotency(redis),
    now: Date.now,
    newId: randomUUID,
    feeds,
    check: checkDelivery,
    authenticate,
    decodeTc: decodeTcString,
  });
  const server = await serveApi({
    host,
    port,
    tls,
    routes,
    authenticate,
    perMinute: requestsPerMinute,
    log,
    observe: ({ route, method, status, seconds }) => {
      metrics.apiRequests.inc({ route, method, status });
      metrics.apiDuration.observe({ route }, seconds);
    },
  });
  log.info({ host, port: server.port, tls: tls !== null }, 'API up');
  return {
    port: server.port,
    close: async () => {
      await server.close();
      await Promise.all([consentLog.close(), reader.close()]);
    },
  };
}
