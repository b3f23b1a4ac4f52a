/**
 * The worker: waits for an active bundle, consumes every route's raw topic, and starts the consumer anew when a push
 * adds or removes routes. Batches find out about other changes by themselves (pipeline.ts).
 */
import { LetheError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { CompiledRoute } from '../core/policy/plan.ts';
import type { BundleStore } from '../core/ports.ts';
import type { BatchHandler, Transport } from '../core/transport.ts';
import type { Bundles } from './bundles.ts';
import type { Shadows } from './shadows.ts';

export type WorkerOptions = {
  readonly bundles: Bundles;
  readonly shadows: Pick<Shadows, 'notice'>;
  readonly store: BundleStore;
  readonly transport: Transport;
  readonly handler: BatchHandler;
  /** Makes the topics that a worker writes, before it consumes. Throws a retryable error where some are missing. */
  readonly ensureTopics: (routes: readonly CompiledRoute[]) => Promise<void>;
  readonly log: Log;
  /** Resolves after `milliseconds`, or at once when the worker is told to stop. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
};

export type Worker = {
  /** Resolves after `stop`; rejects where going on would be unsafe. */
  readonly run: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** How often an idle worker looks for another active bundle, and for raw topics that did not exist. */
const POLL_MS = 2_000;
const MAX_WAIT_MS = 5_000;

export function makeWorker(options: WorkerOptions): Worker {
  const { bundles, shadows, store, transport, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;

  /** Repeats what may fail for an outage until it works; null once the worker is told to stop. */
  const untilDone = async <T>(attempt: () => Promise<T | null>): Promise<T | null> => {
    let wait = 250;
    let told = '';
    while (!signal.aborted) {
      try {
        const done = await attempt();
        if (done !== null) return done;
      } catch (error) {
        if (!(error instanceof LetheError) || !error.retryable) throw error;
        if (told !== error.message)
          log.warn({ code: error.code }, `Waiting: ${error.message} ${error.fix ?? ''}`.trim());
        told = error.message;
      }
      await options.sleep(wait, signal);
      wait = Math.min(wait * 2, MAX_WAIT_MS);
    }
    return null;
  };

  const activeBundle = async (): Promise<true | null> => {
    const digest = await store.activeDigest();
    if (digest === null) {
      throw new LetheError('unavailable', 'No bundle is active yet.', {
        dependency: 'bundle',
        fix: 'Push one: lethe push DIR.',
      });
    }
    const bundle = await bundles.use(digest);
    // So that a candidate is loaded before a batch comes, and ended where none does. Batches look for themselves.
    const candidate = await store.shadowDigest().catch(() => undefined);
    if (candidate !== undefined) shadows.notice(candidate, bundle);
    return true;
  };

  const rawTopics = (): string[] => [...(bundles.current()?.routes.keys() ?? [])].sort();

  /** The raw topics that exist; the others are looked for again while the worker runs. */
  const existing = async (topics: readonly string[]): Promise<string[]> => {
    const found: string[] = [];
    for (const topic of topics) {
      try {
        await transport.topic(topic);
        found.push(topic);
      } catch (error) {
        if (!(error instanceof LetheError) || !error.message.endsWith('does not exist')) throw error;
      }
    }
    return found;
  };

  /** It is asked every two seconds; a log says it once. */
  let toldAbsent = '';

  const consume = async (): Promise<void> => {
    const wanted = rawTopics();
    await options.ensureTopics([...(bundles.current()?.routes.values() ?? [])].map(({ route }) => route));
    const topics = await existing(wanted);
    const absent = wanted.filter((topic) => !topics.includes(topic));
    if (absent.length > 0 && absent.join() !== toldAbsent) {
      log.warn({ topics: absent.join(',') }, 'Raw topics do not exist yet; waiting for them');
    }
    toldAbsent = absent.join();
    if (topics.length === 0) {
      await options.sleep(POLL_MS, signal);
      return;
    }
    log.info({ topics: topics.join(','), bundle: bundles.current()?.digest }, 'Consuming');
    const done = new AbortController();
    const running = transport.run(topics, options.handler).finally(() => done.abort());
    const watching = watch(wanted, absent, AbortSignal.any([done.signal, signal])).then(() => transport.stop());
    await running;
    await watching;
  };

  /** Resolves once the set of raw topics to consume is another one, or the signal says so. */
  const watch = async (wanted: readonly string[], absent: readonly string[], end: AbortSignal): Promise<void> => {
    while (!end.aborted) {
      await options.sleep(POLL_MS, end);
      if (end.aborted) return;
      try {
        await activeBundle();
        if (rawTopics().join('\n') !== wanted.join('\n')) return;
        if (absent.length > 0 && (await existing(absent)).length > 0) return;
      } catch (error) {
        // Batches say what is wrong; here it only means that nothing is known to have changed.
        log.debug({ code: error instanceof LetheError ? error.code : 'bug' }, 'Could not look for a new bundle');
      }
    }
  };

  return {
    run: async () => {
      while (!signal.aborted) {
        if ((await untilDone(activeBundle)) === null) return;
        await untilDone(async () => {
          await consume();
          return true;
        });
      }
    },
    stop: async () => {
      stopping.abort();
      await transport.stop();
    },
  };
}
