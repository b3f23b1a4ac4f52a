/**
 * The candidate bundle beside the active one (issue 4, shadow), compiled. It must never cost the stream more than its own
 * evaluation: it is loaded in the background, and nothing that goes wrong with it gets out of here.
 */
import type { RecordCodec } from '../core/apply/codec.ts';
import { LetheError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { CompiledBundle, CompiledRoute } from '../core/policy/plan.ts';
import type { Bundle, BundleStore } from '../core/ports.ts';
import { isSameRoute } from '../core/shadow/same-route.ts';
import { type ActiveBundle, makeRuntime, type RouteRuntime } from './bundles.ts';

/** What the candidate does with a raw topic: nothing (it has no route), the same as the active one, or this. */
export type ShadowRoute = 'none' | 'same' | RouteRuntime;

export type Shadow = {
  readonly digest: string;
  /** Null while the candidate is not there: it is being loaded, or cannot be used. */
  readonly route: ((topic: string) => ShadowRoute) | null;
};

export type ShadowsOptions = {
  readonly store: Pick<BundleStore, 'read'>;
  /** Throws where the bundle does not compile. */
  readonly compile: (bundle: Bundle) => CompiledBundle;
  /** Makes codecs that ask nothing on the network (seen-schemas.ts). */
  readonly makeCodec: (route: CompiledRoute) => RecordCodec;
  /** The candidate that is being evaluated from now on; null: none. */
  readonly using: (digest: string | null) => void;
  readonly log: Log;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** Resolves after `milliseconds`, or at once when the signal fires. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
};

export type Shadows = {
  /** The candidate as far as it is known; null: none. Costs nothing. */
  readonly current: () => Shadow | null;
  /** Told what Redis names as candidate; begins to load another one. Never throws. */
  readonly notice: (digest: string | null, active: ActiveBundle) => void;
  /** Resolves once what is being loaded is there or has failed, and within half a second. Never rejects. */
  readonly settled: () => Promise<void>;
  /** Tells once for each candidate and kind of error that it could not be evaluated. */
  readonly failed: (digest: string, error: unknown) => void;
};

/** Paid once for each candidate, so that what is produced after `push --shadow` returned is judged by it too. */
const LOAD_WAIT_MS = 500;
const RETRY_MS = 10_000;

type Held = {
  readonly digest: string;
  /** The active bundle it is compared with: what is the same, and which output schemas are known, depends on it. */
  readonly beside: string;
  shadow: Shadow;
  /** When to try again; infinite while it is being loaded and once it is there. */
  retryAt: number;
  loading: Promise<void>;
};

export function makeShadows(options: ShadowsOptions): Shadows {
  const { log } = options;
  let held: Held | null = null;
  const told = new Set<string>();

  const failed = (digest: string, error: unknown): void => {
    // Any other error's message may hold a value.
    const code = error instanceof LetheError ? error.code : error instanceof Error ? error.name : 'unknown';
    const reason = error instanceof LetheError ? error.message : 'it failed unexpectedly';
    const key = `${digest} ${code} ${reason}`;
    if (told.has(key)) return;
    if (told.size > 100) told.clear();
    told.add(key);
    log.warn({ digest, code }, `The candidate in shadow cannot be evaluated: ${reason}`);
  };

  const load = async (digest: string, active: ActiveBundle): Promise<Shadow> => {
    const bundle = await options.store.read(digest);
    if (bundle === null) throw new LetheError('unavailable', `Bundle ${digest} is not stored in Redis`);
    const { routes } = compiled(bundle);
    const known = new Map(
      routes.map((route): [string, ShadowRoute] => {
        const beside = active.routes.get(route.topic);
        if (beside !== undefined && isSameRoute(beside.route, route)) return [route.topic, 'same'];
        return [route.topic, makeRuntime(route, options.makeCodec)];
      }),
    );
    return { digest, route: (topic) => known.get(topic) ?? 'none' };
  };

  const compiled = (bundle: Bundle): CompiledBundle => {
    try {
      return options.compile(bundle);
    } catch (error) {
      throw new LetheError('invalid_config', `Bundle ${bundle.digest} does not compile in this version of Lethe`, {
        cause: error,
      });
    }
  };

  const begin = (digest: string, active: ActiveBundle, shadow: Shadow): void => {
    const fresh: Held = {
      digest,
      beside: active.digest,
      shadow,
      retryAt: Number.POSITIVE_INFINITY,
      loading: Promise.resolve(),
    };
    held = fresh;
    fresh.loading = load(digest, active).then(
      (loaded) => {
        fresh.shadow = loaded;
        if (held !== fresh) return;
        options.using(digest);
        log.info({ digest }, 'A candidate is evaluated in shadow; nothing of it is published');
      },
      (error: unknown) => {
        fresh.retryAt = options.now() + RETRY_MS;
        failed(digest, error);
      },
    );
  };

  return {
    current: () => held?.shadow ?? null,
    notice: (digest, active) => {
      // Made active meanwhile: there is nothing to compare.
      if (digest === null || digest === active.digest) {
        if (held === null) return;
        log.info({ digest: held.digest }, 'The shadow has ended');
        held = null;
        options.using(null);
        return;
      }
      if (held !== null && held.digest === digest && held.beside === active.digest) {
        // Tried again in the background: batches go on with what they have, which is nothing.
        if (options.now() >= held.retryAt) begin(digest, active, held.shadow);
        return;
      }
      if (held?.digest !== digest) options.using(null);
      begin(digest, active, { digest, route: null });
    },
    settled: async () => {
      if (held === null) return;
      const done = new AbortController();
      await Promise.race([held.loading, options.sleep(LOAD_WAIT_MS, done.signal)]);
      done.abort();
    },
    failed,
  };
}
