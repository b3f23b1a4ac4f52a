/**
 * The bundle in force, compiled. A worker asks for a digest (the active one, as read with a batch's consents) and gets
 * the routes it names; each digest is fetched and compiled once.
 */
import type { RecordCodec } from '../core/apply/codec.ts';
import { LetheError } from '../core/errors.ts';
import type { CompiledBundle, CompiledRoute } from '../core/policy/plan.ts';
import type { Bundle, BundleStore } from '../core/ports.ts';

export type RouteRuntime = {
  readonly route: CompiledRoute;
  /**
   * Lends a codec. A codec holds the records of one batch at a time, and partitions are worked on side by side, so each
   * batch borrows one and gives it back.
   */
  readonly borrow: () => RecordCodec;
  readonly giveBack: (codec: RecordCodec) => void;
};

export type ActiveBundle = {
  readonly digest: string;
  /** By raw topic. */
  readonly routes: ReadonlyMap<string, RouteRuntime>;
};

export type BundlesOptions = {
  readonly store: BundleStore;
  /** Throws where the bundle does not compile. */
  readonly compile: (bundle: Bundle) => CompiledBundle;
  readonly makeCodec: (route: CompiledRoute) => RecordCodec;
  readonly loaded: (result: 'loaded' | 'failed', digest: string) => void;
};

export type Bundles = {
  /** The bundle used last, or null before the first. */
  readonly current: () => ActiveBundle | null;
  /** The bundle of a digest, made current. Throws a retryable error where it cannot be had: the stream then waits. */
  readonly use: (digest: string) => Promise<ActiveBundle>;
};

export function makeBundles(options: BundlesOptions): Bundles {
  let current: ActiveBundle | null = null;
  const loading = new Map<string, Promise<ActiveBundle>>();

  const load = async (digest: string): Promise<ActiveBundle> => {
    const bundle = await options.store.read(digest);
    if (bundle === null) {
      throw new LetheError('unavailable', `Bundle ${digest} is named active in Redis but not stored there`, {
        dependency: 'bundle',
        fix: 'Push the configuration again: lethe push DIR.',
      });
    }
    let compiled: CompiledBundle;
    try {
      compiled = options.compile(bundle);
    } catch (error) {
      // It compiled where it was pushed: this worker is of another version. Releasing nothing is the safe way to wait.
      throw new LetheError('unavailable', `Bundle ${digest} does not compile in this version of Lethe`, {
        dependency: 'bundle',
        fix: 'Run workers of the version that pushed it, or push again with this one.',
        cause: error,
      });
    }
    return {
      digest,
      routes: new Map(compiled.routes.map((route) => [route.topic, makeRuntime(route, options.makeCodec)])),
    };
  };

  return {
    current: () => current,
    use: async (digest) => {
      if (current?.digest === digest) return current;
      let promise = loading.get(digest);
      if (promise === undefined) {
        promise = load(digest).then(
          (bundle) => {
            options.loaded('loaded', digest);
            return bundle;
          },
          (error: unknown) => {
            options.loaded('failed', digest);
            throw error;
          },
        );
        loading.set(digest, promise);
      }
      try {
        current = await promise;
        return current;
      } finally {
        loading.delete(digest);
      }
    },
  };
}

/** Lends codecs of a route, made as they are needed. */
export function makeRuntime(route: CompiledRoute, makeCodec: (route: CompiledRoute) => RecordCodec): RouteRuntime {
  const idle: RecordCodec[] = [];
  return {
    route,
    borrow: () => idle.pop() ?? makeCodec(route),
    giveBack: (codec) => {
      idle.push(codec);
    },
  };
}
