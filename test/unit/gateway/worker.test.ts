import { describe, expect, it } from 'vitest';
import { LetheError } from '../../../services/core/errors.ts';
import type { Log } from '../../../services/core/log.ts';
import type { CompiledBundle } from '../../../services/core/policy/plan.ts';
import type { Bundle, BundleStore } from '../../../services/core/ports.ts';
import type { Transport } from '../../../services/core/transport.ts';
import { type ActiveBundle, type Bundles, makeBundles } from '../../../services/gateway/bundles.ts';
import { makeWorker } from '../../../services/gateway/worker.ts';

/** Lets everything that is ready happen. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

function setUp(topicsOf: Readonly<Record<string, readonly string[]>>) {
  let active: string | null = null;
  let candidate: string | null = null;
  let storeError: LetheError | null = null;
  const existing = new Set<string>();
  const runs: string[][] = [];
  const told: string[] = [];
  const ensured: number[] = [];
  let end: ((error?: Error) => void) | null = null;
  const sleepers: (() => void)[] = [];

  const noticed: (string | null)[] = [];
  const store: Pick<BundleStore, 'activeDigest' | 'shadowDigest'> = {
    shadowDigest: async () => candidate,
    activeDigest: async () => {
      if (storeError !== null) throw storeError;
      return active;
    },
  };
  let current: ActiveBundle | null = null;
  const bundles: Bundles = {
    current: () => current,
    use: async (digest) => {
      const routes = new Map((topicsOf[digest] ?? []).map((topic) => [topic, { route: { name: topic } } as never]));
      current = { digest, routes };
      return current;
    },
  };
  const transport: Transport = {
    run: (topics) =>
      new Promise((resolve, reject) => {
        runs.push([...topics]);
        end = (error) => (error === undefined ? resolve() : reject(error));
      }),
    stop: async () => end?.(),
    topic: async (name) => {
      if (existing.has(name)) return { partitions: 1, maxMessageBytes: 1 };
      throw new LetheError('unavailable', `Kafka topic ${name} does not exist`);
    },
  };
  const say = (_fields: unknown, message: string): void => void told.push(message);
  const log: Log = { debug: () => undefined, info: say, warn: say, error: say };
  const worker = makeWorker({
    bundles,
    shadows: { notice: (digest) => void noticed.push(digest) },
    store: store as BundleStore,
    transport,
    handler: () => Promise.reject(new Error('no batch comes here')),
    ensureTopics: async (routes) => void ensured.push(routes.length),
    log,
    sleep: (_milliseconds, signal) =>
      new Promise((resolve) => {
        sleepers.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
  });
  return {
    worker,
    runs,
    told,
    ensured,
    existing,
    activate: (digest: string) => {
      active = digest;
    },
    noticed,
    propose: (digest: string | null) => {
      candidate = digest;
    },
    failStore: (error: LetheError | null) => {
      storeError = error;
    },
    crash: (error: Error) => end?.(error),
    /** Ends every wait and lets what follows happen. */
    tick: async () => {
      await settle();
      for (const wake of sleepers.splice(0)) wake();
      await settle();
    },
  };
}

describe('the worker', () => {
  it('looks for absent raw topics again and again, and says so once', async () => {
    const set = setUp({ one: ['raw.a', 'raw.b'] });
    set.activate('one');
    const running = set.worker.run();
    for (let round = 0; round < 5; round++) await set.tick();
    expect(set.ensured.length).toBeGreaterThan(2);
    expect(set.told.filter((line) => line.includes('do not exist'))).toHaveLength(1);
    set.existing.add('raw.b');
    await set.tick();
    expect(set.told.filter((line) => line.includes('do not exist'))).toHaveLength(2);
    expect(set.runs).toEqual([['raw.b']]);
    await set.worker.stop();
    await running;
  });

  it('waits for a bundle, saying so once, and then consumes its topics', async () => {
    const set = setUp({ one: ['raw.a', 'raw.b'] });
    set.existing.add('raw.a').add('raw.b');
    const running = set.worker.run();
    for (let turn = 0; turn < 4; turn++) await set.tick();
    expect(set.told.filter((line) => line.includes('No bundle is active'))).toHaveLength(1);
    expect(set.runs).toEqual([]);
    set.activate('one');
    await set.tick();
    expect(set.runs).toEqual([['raw.a', 'raw.b']]);
    expect(set.ensured).toEqual([2]);
    await set.worker.stop();
    await running;
  });

  it('starts the consumer anew when a push adds or removes a route, and not when it changes rules alone', async () => {
    const set = setUp({ one: ['raw.a'], same: ['raw.a'], more: ['raw.a', 'raw.b'] });
    set.existing.add('raw.a').add('raw.b');
    set.activate('one');
    const running = set.worker.run();
    await set.tick();
    set.activate('same');
    await set.tick();
    await set.tick();
    expect(set.runs).toEqual([['raw.a']]);
    set.activate('more');
    await set.tick();
    await set.tick();
    expect(set.runs).toEqual([['raw.a'], ['raw.a', 'raw.b']]);
    await set.worker.stop();
    await running;
  });

  it('consumes the raw topics that exist and takes the others up when they appear', async () => {
    const set = setUp({ one: ['raw.a', 'raw.b'] });
    set.existing.add('raw.a');
    set.activate('one');
    const running = set.worker.run();
    await set.tick();
    expect(set.runs).toEqual([['raw.a']]);
    set.existing.add('raw.b');
    await set.tick();
    await set.tick();
    expect(set.runs).toEqual([['raw.a'], ['raw.a', 'raw.b']]);
    await set.worker.stop();
    await running;
  });

  it('looks for a candidate in shadow where no batch comes', async () => {
    const set = setUp({ one: ['raw.a'] });
    set.existing.add('raw.a');
    set.activate('one');
    const running = set.worker.run();
    await set.tick();
    expect(set.noticed.at(-1)).toBeNull();
    set.propose('two');
    await set.tick();
    expect(set.noticed.at(-1)).toBe('two');
    set.propose(null);
    await set.tick();
    expect(set.noticed.at(-1)).toBeNull();
    await set.worker.stop();
    await running;
  });

  it('goes on consuming while the store is away', async () => {
    const set = setUp({ one: ['raw.a'] });
    set.existing.add('raw.a');
    set.activate('one');
    const running = set.worker.run();
    await set.tick();
    set.failStore(new LetheError('unavailable', 'Redis is away'));
    await set.tick();
    await set.tick();
    expect(set.runs).toHaveLength(1);
    await set.worker.stop();
    await running;
  });

  it('ends with what makes going on unsafe', async () => {
    const set = setUp({ one: ['raw.a'] });
    set.existing.add('raw.a');
    set.activate('one');
    const running = set.worker.run();
    await set.tick();
    set.crash(new LetheError('data_lost', 'gone', { retryable: false }));
    await expect(running).rejects.toMatchObject({ code: 'data_lost' });
  });
});

describe('bundles', () => {
  const bundle: Bundle = { digest: 'd', files: {} };
  const regimes = { names: [], byRegion: new Map(), fallback: 'gdpr' };
  const EMPTY: CompiledBundle = { routes: [], purposes: [], categories: [], regimes, guards: [] };
  const make = (read: BundleStore['read'], compile: () => CompiledBundle) => {
    const results: string[] = [];
    const bundles = makeBundles({
      store: { read } as BundleStore,
      compile,
      makeCodec: () => ({}) as never,
      loaded: (result) => results.push(result),
    });
    return { bundles, results };
  };

  it('fetches and compiles a digest once, however many ask at a time', async () => {
    let reads = 0;
    const { bundles, results } = make(
      async () => {
        reads++;
        return bundle;
      },
      () => EMPTY,
    );
    await Promise.all([bundles.use('d'), bundles.use('d'), bundles.use('d')]);
    await bundles.use('d');
    expect(reads).toBe(1);
    expect(results).toEqual(['loaded']);
    expect(bundles.current()?.digest).toBe('d');
  });

  it('waits, and keeps what it had, where the bundle is not stored or does not compile', async () => {
    const missing = make(
      async () => null,
      () => EMPTY,
    );
    await expect(missing.bundles.use('d')).rejects.toMatchObject({ retryable: true, dependency: 'bundle' });
    const broken = make(
      async () => bundle,
      () => {
        throw new Error('other version');
      },
    );
    await expect(broken.bundles.use('d')).rejects.toMatchObject({ retryable: true, dependency: 'bundle' });
    expect(broken.bundles.current()).toBeNull();
    expect(broken.results).toEqual(['failed']);
  });
});
