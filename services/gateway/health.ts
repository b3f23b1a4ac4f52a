/** What `/readyz` tells: assignment, bundle, Redis, Kafka. It is told of what happens; it never asks a dependency. */
import type { BundleStore, ConsentStore } from '../core/ports.ts';

export type Check = { readonly name: string; readonly ok: boolean; readonly reason?: string };

export type Health = {
  readonly assigned: (partitions: number) => void;
  readonly kafkaWell: () => void;
  readonly kafkaFailed: () => void;
  readonly watchingConsents: (store: ConsentStore, looked: (result: 'ok' | 'error') => void) => ConsentStore;
  readonly watchingBundles: (store: BundleStore) => BundleStore;
  readonly checks: (bundle: boolean) => readonly Check[];
};

export function makeHealth(): Health {
  let partitions = -1;
  let redis = false;
  let kafka = false;

  const watching = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const done = await work;
      redis = true;
      return done;
    } catch (error) {
      redis = false;
      throw error;
    }
  };

  return {
    assigned: (count) => {
      partitions = count;
      kafka = true;
    },
    kafkaWell: () => {
      kafka = true;
    },
    kafkaFailed: () => {
      kafka = false;
    },
    watchingConsents: (store, looked) => ({
      ...store,
      load: async (tokens, options) => {
        try {
          const snapshot = await watching(store.load(tokens, options));
          looked('ok');
          return snapshot;
        } catch (error) {
          looked('error');
          throw error;
        }
      },
    }),
    watchingBundles: (store) => ({ ...store, activeDigest: () => watching(store.activeDigest()) }),
    checks: (bundle) => [
      // None of the partitions is an assignment too: there are more workers than partitions.
      {
        name: 'assignment',
        ok: partitions >= 0,
        ...(partitions >= 0 ? {} : { reason: 'not in the group yet, or there is no raw topic yet' }),
      },
      { name: 'bundle', ok: bundle, ...(bundle ? {} : { reason: 'no bundle is active: lethe push DIR' }) },
      { name: 'redis', ok: redis, ...(redis ? {} : { reason: 'the last command failed' }) },
      { name: 'kafka', ok: kafka, ...(kafka ? {} : { reason: 'not connected' }) },
    ],
  };
}
