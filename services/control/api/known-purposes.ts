import type { CompiledBundle } from '../../core/policy/plan.ts';
import type { Bundle, BundleStore } from '../../core/ports.ts';
import type { ConsentParts } from './parts.ts';

/** A name pushed moments ago may still be refused for so long. */
const FRESH_MS = 1_000;

/**
 * Purposes of the active bundle, each bundle compiled once. Where the bundle cannot be had, those known last, or null: a
 * withdrawal must be taken while Redis is away.
 */
export function makeKnownPurposes(options: {
  readonly bundles: Pick<BundleStore, 'activeDigest' | 'read'>;
  /** Throws where the bundle does not compile. */
  readonly compile: (bundle: Bundle) => CompiledBundle;
  readonly now: () => number;
}): ConsentParts['purposes'] {
  let digest: string | null = null;
  let known: ReadonlySet<string> | null = null;
  let looked = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | null = null;

  const look = async (): Promise<void> => {
    const active = await options.bundles.activeDigest();
    if (active !== digest) {
      const bundle = active === null ? null : await options.bundles.read(active);
      known = bundle === null ? null : new Set(options.compile(bundle).purposes);
      digest = active;
    }
  };

  return async () => {
    if (options.now() - looked >= FRESH_MS) {
      looking ??= look()
        .catch(() => undefined)
        .finally(() => {
          looked = options.now();
          looking = null;
        });
      await looking;
    }
    return known;
  };
}
