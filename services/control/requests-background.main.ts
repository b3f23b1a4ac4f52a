/** The part of `lethe control` that carries requests of subjects out. */
import { randomUUID } from 'node:crypto';
import { parseCallbackHosts } from '../adapters/callbacks/allowed.ts';
import { makeCallbackSender } from '../adapters/callbacks/sender.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { makeKeyring } from '../adapters/crypto/keyring.ts';
import { readKeys } from '../adapters/crypto/keys.ts';
import { makeSigner } from '../adapters/crypto/signer.ts';
import type { ControlMetrics } from '../adapters/metrics/control-metrics.ts';
import { makeRedisLease } from '../adapters/redis/lease.ts';
import type { Log } from '../core/log.ts';
import { REQUEST_TYPES } from '../core/requests/request.ts';
import { NONE_OPEN, openRequests } from '../core/requests/show.ts';
import { tellCallbacks } from './callbacks.ts';
import type { RequestApi } from './api/request-routes.ts';
import { makeRequestApi } from './requests-api.main.ts';
import { driveRequests } from './requests-driver.ts';
import { keyOpener, type RequestsParts, wireRequests } from './requests.main.ts';
import { sleep } from './sleep.ts';

/** How long a step may hold up other requests. */
const PATIENCE_MS = 2_000;
/** After so long another process calls callbacks, where the one that did is silent. */
const LEASE_MS = 10_000;

export type RequestsBackground = {
  /** Settles when the driver has ended: rejects for what must not happen. */
  readonly ended: Promise<void>;
  readonly api: RequestApi;
  readonly close: () => Promise<void>;
};

/** Starts it. Null, which the log says, where the keys file has nothing to sign receipts with. */
export function startRequests(
  parts: Pick<RequestsParts, 'kafka' | 'admin' | 'redis'> & {
    readonly settings: Settings<'kafka' | 'redis' | 'keysFile'>;
    readonly log: Log;
    readonly metrics: Pick<
      ControlMetrics,
      'requestsOpen' | 'requestAge' | 'requestsOverdue' | 'requestTimeLeft' | 'requestCallbacks'
    >;
    readonly stop: AbortSignal;
  },
): RequestsBackground | null {
  const { kafka, admin, redis, settings, log, metrics, stop } = parts;
  const keys = readKeys(settings.keysFile);
  if (keys.versions.checkpoint.length === 0) {
    log.warn(
      {},
      'Requests of subjects are not carried out: the keys file has no key "checkpoint" to sign receipts with',
    );
    return null;
  }
  const callbackHosts = parseCallbackHosts(settings.callbackHosts);
  const signer = makeSigner(keys);
  const wired = wireRequests({
    kafka,
    brokers: settings.kafka.brokers,
    admin,
    redis,
    groupId: settings.groupId,
    // The projector of this process does.
    catchUp: null,
    sign: signer,
    openKey: keyOpener(keys),
    patienceMs: PATIENCE_MS,
  });
  const { ports, close } = wired;
  const ended = driveRequests(
    {
      ports,
      sleep,
      log,
      seen: (requests, now) => {
        const byType = openRequests(requests, now);
        for (const type of REQUEST_TYPES) {
          const { open, oldestSeconds, overdue, leftSeconds } = byType.get(type) ?? NONE_OPEN;
          metrics.requestsOpen.set({ type }, open);
          metrics.requestAge.set({ type }, oldestSeconds);
          metrics.requestsOverdue.set({ type }, overdue);
          if (leftSeconds === null) metrics.requestTimeLeft.remove({ type });
          else metrics.requestTimeLeft.set({ type }, leftSeconds);
        }
      },
    },
    stop,
  );
  const told = tellCallbacks(
    {
      log,
      requests: ports.log,
      lease: makeRedisLease(redis, 'request-callbacks', randomUUID(), LEASE_MS),
      send: makeCallbackSender({ hosts: callbackHosts }),
      sign: signer.sign,
      count: (result) => {
        metrics.requestCallbacks.inc({ result });
      },
      now: Date.now,
      random: Math.random,
      sleep,
    },
    stop,
  );
  const failed = (what: string) => (error: unknown) => {
    // The message may hold anything.
    const kind = error instanceof Error ? error.name : typeof error;
    log.error({ kind }, `${what}: a bug in Lethe`);
  };
  ended.catch(failed('Requests of subjects are not carried out any more'));
  told.catch(failed('Callbacks of requests are not called any more'));
  return {
    ended,
    api: makeRequestApi(wired, makeKeyring(keys), settings.requestDeadlines, callbackHosts),
    close: async () => {
      await Promise.allSettled([ended, told]);
      await close();
    },
  };
}
