/** The worker's composition root: settings to adapters to a running worker, and its end. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeSegmentCodec } from '../adapters/avro-single-object/audit-segments.ts';
import { makeAvroCodec } from '../adapters/avro/codec.ts';
import { compileBundle } from '../adapters/config/load.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { sha256Hex } from '../adapters/crypto/digest.ts';
import { makeKeyring } from '../adapters/crypto/keyring.ts';
import { readKeys } from '../adapters/crypto/keys.ts';
import { makeSealer } from '../adapters/crypto/sealer.ts';
import { serveHttp } from '../adapters/http/server.ts';
import { makeKafka } from '../adapters/kafka/client.ts';
import { connectAdmin, disconnectAdmin } from '../adapters/kafka/topics.ts';
import { makeKafkaTransport } from '../adapters/kafka/transport.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { silenceNegativeTimeoutWarning } from '../adapters/log/warnings.ts';
import { makeMetrics } from '../adapters/metrics/metrics.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { makeRedisConsentStore } from '../adapters/redis/consent-store.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import { makeJsonCodec } from '../core/apply/json/json-codec.ts';
import type { RecordCodec } from '../core/apply/codec.ts';
import { makeEngine } from '../core/engine.ts';
import { LetheError } from '../core/errors.ts';
import { withoutRegistry } from '../core/no-registry.ts';
import type { CompiledBundle, CompiledRoute } from '../core/policy/plan.ts';
import type { Bundle, SchemaRegistry } from '../core/ports.ts';
import { makeBundles } from './bundles.ts';
import { wireDataKeys } from './data-keys.main.ts';
import { makeGuardAlarm } from './guarded-schemas.ts';
import { makeHealth } from './health.ts';
import { makeMeasures, transportObserver } from './measures.main.ts';
import { makePipeline } from './pipeline.ts';
import { makeSeenSchemas } from './seen-schemas.ts';
import { makeShadows } from './shadows.ts';
import { traced } from './traced.ts';
import { wireTracing } from './tracing.main.ts';
import { makeWorker } from './worker.ts';
import { makeWrittenTopics } from './written-topics.main.ts';
import { boundYoungGeneration } from './young-generation.main.ts';

export type GatewaySettings = Settings<'kafka' | 'redis' | 'keysFile'>;

/** After a stop was asked for, what is in hand gets so long; then the process goes, and Kafka aborts what was open. */
const STOP_DEADLINE_MS = 8_000;

/**
 * Runs a worker until `stop` fires. Resolves after a clean stop; throws where it cannot start (`unavailable` is waited
 * out, so this is configuration) or must not go on.
 */
export async function runGateway(settings: GatewaySettings, version: string, stop: AbortSignal): Promise<void> {
  silenceNegativeTimeoutWarning();
  boundYoungGeneration();
  const log = makeLog(settings.logLevel);
  const metrics = makeMetrics(version);
  const keys = readKeys(settings.keysFile);
  const keyring = makeKeyring(keys);
  const sealer = makeSealer(keys);
  const kafka = makeKafka(settings.kafka, kafkajsLogCreator(log));
  const { brokers } = settings.kafka;
  const admin = kafka.admin({ retry: { retries: 2 } });
  const redis = connectRedis({
    ...settings.redis,
    observe: (command, seconds) => metrics.redisDuration.observe({ command }, seconds),
  });
  const bundleStore = makeRedisBundleStore(redis, digestFiles);
  const consents = makeRedisConsentStore(redis);
  const registry: SchemaRegistry =
    settings.registry === null
      ? withoutRegistry('Set SCHEMA_REGISTRY_URL and start the worker again.')
      : makeRegistry({ ...settings.registry, observe: (result) => metrics.schemaRequests.inc({ result }) });
  const health = makeHealth();

  const onGuarded = makeGuardAlarm(log);
  const makeCodec = (route: CompiledRoute, from: SchemaRegistry): RecordCodec =>
    route.format === 'json'
      ? makeJsonCodec(route.plan, keyring, settings.limits)
      : makeAvroCodec({
          route,
          registry: from,
          keyring,
          limits: settings.limits,
          outputSchemaId: from.register,
          onGuarded,
        });
  const schemas = makeSeenSchemas(registry);
  const compile = (bundle: Bundle): CompiledBundle => {
    const result = compileBundle(bundle);
    if (result.ok) return result.compiled;
    throw new LetheError('invalid_config', result.problems.map(({ code }) => code).join(' '));
  };
  const sleepUntil = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
    await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  };

  const bundles = makeBundles({
    store: bundleStore,
    compile,
    makeCodec: (route) => makeCodec(route, schemas.watched),
    loaded: (result, digest) => {
      metrics.bundleReloads.inc({ result });
      if (result === 'loaded') metrics.useBundle(digest);
      log.info({ digest, result }, 'Bundle');
    },
  });
  const shadows = makeShadows({
    store: bundleStore,
    compile,
    makeCodec: (route) => makeCodec(route, schemas.seen),
    using: metrics.useShadow,
    log,
    now: Date.now,
    sleep: sleepUntil,
  });

  const transport = makeKafkaTransport({
    kafka,
    admin,
    brokers,
    groupId: settings.groupId,
    log,
    tuning: settings.consume,
    observer: transportObserver(metrics, health),
  });

  const tracer = await wireTracing({ settings, version, log });
  const segments = makeSegmentCodec();
  const handler = makePipeline({
    bundles,
    bundleStore,
    shadows,
    consents: health.watchingConsents(consents, (result) => metrics.lookups.inc({ result })),
    dataKeys: wireDataKeys({ vault: settings.vault, keys, redis }),
    keyring,
    sealer,
    engine: makeEngine({ keyring }),
    topic: transport.topic,
    encodeSegment: segments.encode,
    hashText: sha256Hex,
    measures: makeMeasures(metrics),
    now: Date.now,
    seconds: () => performance.now() / 1000,
    maxStalenessMs: settings.consentMaxStalenessMs,
  });

  const worker = makeWorker({
    bundles,
    shadows,
    store: health.watchingBundles(bundleStore),
    transport,
    handler: tracer === null ? handler : traced(handler, tracer),
    log,
    sleep: sleepUntil,
    ensureTopics: async (routes) => {
      await connectAdmin(admin, brokers);
      const created = await makeWrittenTopics(admin, brokers).ensure(routes);
      health.kafkaWell();
      if (created.length > 0) log.info({ topics: created.join(',') }, 'Created topics');
    },
  });

  metrics.consentMaxStaleness.set(settings.consentMaxStalenessMs / 1000);
  metrics.onScrape(() => metrics.showReady(health.checks(bundles.current() !== null)));
  const http = await serveHttp({
    ...settings.http,
    metrics: { contentType: metrics.registry.contentType, text: metrics.text },
    ready: () => health.checks(bundles.current() !== null),
  });
  log.info(
    { port: http.port, group: settings.groupId, brokers: brokers.join(','), redis: redis.endpoint },
    'Worker up',
  );

  const running = worker.run();
  try {
    await Promise.race([running, stopped(stop)]);
    if (stop.aborted) {
      log.info({}, 'Stopping: finishing what is in hand');
      const late = sleep(STOP_DEADLINE_MS, 'late' as const, { ref: false });
      const end = await Promise.race([worker.stop().then(() => running), late]);
      if (end === 'late') log.warn({}, 'Gave up waiting; Kafka aborts what was left open');
      else log.info({}, 'Stopped');
    }
  } finally {
    await Promise.all([http.close(), tracer?.close()]);
    await redis.close();
    await disconnectAdmin(admin);
  }
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
