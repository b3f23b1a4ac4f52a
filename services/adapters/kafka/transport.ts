/** The transport port over kafkajs: sessions one after the other, through outages and rebalances. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import { LetheError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { BatchHandler, Transport, TransportObserver } from '../../core/transport.ts';
import { kafkaUnavailable } from './errors.ts';
import { installCommitGate } from './commit-gate.ts';
import { installProduceRequest } from './produce-request.ts';
import { type ConsumerTuning, type Session, startSession } from './session.ts';
import { makeTopicCatalog } from './topics.ts';

export type KafkaTransportOptions = {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly brokers: readonly string[];
  readonly groupId: string;
  readonly observer: TransportObserver;
  readonly log: Log;
  readonly tuning?: Partial<ConsumerTuning>;
};

export const DEFAULT_TUNING: ConsumerTuning = {
  // Twice as much is slower: what is decided about no longer fits a core's cache.
  maxBytesPerPartition: 1024 * 1024,
  concurrency: 4,
  sessionTimeoutMs: 10_000,
};

const FIRST_RESTART_MS = 250;
const MAX_RESTART_MS = 5_000;
/** A session that lived so long was well: the next failure starts with a short wait again. */
const HEALTHY_AFTER_MS = 30_000;

export function makeKafkaTransport(options: KafkaTransportOptions): Transport {
  installProduceRequest();
  installCommitGate();
  const { admin, brokers, log } = options;
  const catalog = makeTopicCatalog(admin, brokers, Date.now);
  const tuning = { ...DEFAULT_TUNING, ...options.tuning };
  let session: Session | null = null;
  let stopping = new AbortController();
  let running: Promise<void> | null = null;

  const loop = async (topics: readonly string[], handler: BatchHandler, signal: AbortSignal): Promise<void> => {
    let wait = FIRST_RESTART_MS;
    let told = '';
    const startingOver = (error: LetheError): void => {
      // Once for each reason, not with every attempt.
      const level = told === error.message ? 'debug' : 'warn';
      told = error.message;
      log[level]({ waitMs: wait, code: error.code }, `Starting over: ${error.message}`);
    };
    while (!signal.aborted) {
      const started = Date.now();
      try {
        session = await startSession({
          ...options,
          topics,
          handler,
          tuning,
          topicFacts: catalog.facts,
          forgetTopicFacts: catalog.forget,
        });
        if (signal.aborted) await session.stop();
        const end = await session.ended;
        await session.stop().catch(() => undefined);
        if (end.kind === 'stopped') return;
        if (end.kind === 'fatal') throw end.error;
        startingOver(end.error);
      } catch (error) {
        if (!(error instanceof LetheError) || !error.retryable) throw error;
        startingOver(error);
      } finally {
        session = null;
      }
      options.observer.down();
      if (Date.now() - started > HEALTHY_AFTER_MS) {
        wait = FIRST_RESTART_MS;
        told = '';
      }
      await sleep(wait, undefined, { signal }).catch(() => undefined);
      wait = Math.min(wait * 2, MAX_RESTART_MS);
    }
  };

  return {
    run: (topics, handler) => {
      if (running !== null) throw new LetheError('bug', 'The transport runs already');
      stopping = new AbortController();
      running = loop(topics, handler, stopping.signal).finally(() => {
        running = null;
      });
      return running;
    },
    stop: async () => {
      stopping.abort();
      await session?.stop().catch((error: unknown) => {
        log.warn({}, kafkaUnavailable('leaving the group', brokers, error).message);
      });
      await running?.catch(() => undefined);
    },
    topic: catalog.facts,
  };
}
