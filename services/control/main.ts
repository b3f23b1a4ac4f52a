/** The composition root of the consent plane: the projector, and what it shows of itself. Several may run. */
import type { Settings } from '../adapters/config/settings.ts';
import { serveHttp } from '../adapters/http/server.ts';
import { makeKafka } from '../adapters/kafka/client.ts';
import { connectAdmin, disconnectAdmin } from '../adapters/kafka/topics.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { silenceNegativeTimeoutWarning } from '../adapters/log/warnings.ts';
import { makeControlMetrics } from '../adapters/metrics/control-metrics.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { makeWrittenTopics } from '../gateway/written-topics.main.ts';
import { LetheError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { serveControlApi } from './api.main.ts';
import { wireProjector } from './projector.main.ts';
import { startRequests } from './requests-background.main.ts';
import { sleep } from './sleep.ts';

export type ControlSettings = Settings<'kafka' | 'redis' | 'keysFile'>;

/** A view that was not found whole for so long is not well. */
const STALE_MS = 10_000;

/**
 * Runs the consent plane until `stop` fires. Resolves after a clean stop; throws where it cannot start or must not go
 * on. Outages of Kafka and Redis are waited out.
 */
export async function runControl(settings: ControlSettings, version: string, stop: AbortSignal): Promise<void> {
  silenceNegativeTimeoutWarning();
  const log = makeLog(settings.logLevel);
  const metrics = makeControlMetrics(version);
  const kafka = makeKafka(settings.kafka, kafkajsLogCreator(log));
  const { brokers } = settings.kafka;
  const admin = kafka.admin({ retry: { retries: 2 } });
  const redis = connectRedis(settings.redis);
  const started = Date.now();
  let wholeAt: number | null = null;
  let failure: string | null = null;

  const { projector, close } = wireProjector({
    kafka,
    brokers,
    redis,
    log,
    observe: {
      projected: (appended) => {
        metrics.projected.inc(appended.length);
        const now = Date.now();
        // What lay in the feed before says nothing of how fast an event becomes effective.
        for (const at of appended) if (at >= started) metrics.projection.observe(Math.max(0, now - at) / 1000);
      },
      whole: (at) => {
        wholeAt = at;
        failure = null;
      },
      failed: (error) => {
        metrics.failures.inc();
        failure = error.dependency ?? error.code;
      },
      wentBack: () => metrics.viewGaps.inc(),
    },
  });

  const checks = (): readonly { name: string; ok: boolean; reason?: string }[] => {
    const ok = wholeAt !== null && Date.now() - wholeAt < STALE_MS;
    const reason = failure === null ? 'the view is not up to date yet' : `waiting for ${failure}`;
    return [{ name: 'consent_view', ok, ...(ok ? {} : { reason }) }];
  };
  const http = await serveHttp({
    ...settings.http,
    metrics: {
      contentType: metrics.registry.contentType,
      text: () => {
        if (wholeAt !== null) metrics.viewAge.set((Date.now() - wholeAt) / 1000);
        metrics.showReady(checks());
        return metrics.registry.metrics();
      },
    },
    ready: checks,
  });
  log.info({ port: http.port, brokers: brokers.join(','), redis: redis.endpoint }, 'Control up');

  let api: Awaited<ReturnType<typeof serveControlApi>> = null;
  let requests: ReturnType<typeof startRequests> = null;
  const requestsStop = new AbortController();
  try {
    await untilDone(stop, log, async () => {
      await connectAdmin(admin, brokers);
      const created = await makeWrittenTopics(admin, brokers).ensure([]);
      if (created.length > 0) log.info({ topics: created.join(',') }, 'Created topics');
    });
    requests = startRequests({
      settings,
      kafka,
      admin,
      redis,
      log,
      metrics,
      stop: AbortSignal.any([stop, requestsStop.signal]),
    });
    api = await serveControlApi({
      settings,
      version,
      kafka,
      admin,
      redis,
      log,
      metrics,
      requests: requests?.api ?? null,
    });
    await projector.run(stop);
    log.info({}, 'Stopped');
  } finally {
    requestsStop.abort();
    await requests?.close();
    await api?.close();
    await http.close();
    await close();
    await redis.close();
    await disconnectAdmin(admin);
  }
}

/** Repeats what may fail for an outage until it works or the signal fires. */
async function untilDone(stop: AbortSignal, log: Log, work: () => Promise<void>): Promise<void> {
  let told = '';
  for (let wait = 250; !stop.aborted; wait = Math.min(wait * 2, 5_000)) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof LetheError) || !error.retryable) throw error;
      if (told !== error.message) log.warn({ code: error.code }, `Waiting: ${error.message} ${error.fix ?? ''}`.trim());
      told = error.message;
    }
    await sleep(wait, stop);
  }
}
