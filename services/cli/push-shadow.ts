/** `lethe push --shadow`: the same checks as a push, and then workers judge by the candidate too, publishing nothing. */
import type { CompiledBundle } from '../core/policy/plan.ts';
import type { Bundle, BundleStore } from '../core/ports.ts';
import { checkGuards } from './push-guards.ts';
import { checkedSchemas, type PushedSchemas } from './push-schemas.ts';

export type ShadowOptions = PushedSchemas & {
  readonly bundle: Bundle;
  readonly store: BundleStore;
  /** Null where a stored bundle does not compile in this version. */
  readonly compile: (bundle: Bundle) => CompiledBundle | null;
};

/**
 * Makes a bundle the candidate. Creates no topic and registers no schema: nothing is going to need them.
 *
 * @throws LetheError `invalid_config` where the bundle could not be pushed for real either.
 */
export async function pushShadow(options: ShadowOptions): Promise<void> {
  const { bundle, compiled, store, registry, subjectOf, say } = options;
  if (registry !== null) await checkGuards(compiled, registry, subjectOf);
  await checkedSchemas(options);
  const digest = await store.activeDigest();
  const before = await store.shadowDigest();
  await store.shadow(bundle);
  if (before !== null && before !== bundle.digest) say(`In place of the candidate ${before}`);
  if (digest === null) {
    say(`In shadow as soon as a bundle is active: ${bundle.digest}`);
  } else if (digest === bundle.digest) {
    say('It is the active bundle: there is nothing to compare, and workers take no notice of it');
    return;
  } else {
    say(`In shadow beside ${digest}, from the workers' next batch on: ${bundle.digest}`);
    const active = await store.read(digest);
    for (const line of comparedTopics(active === null ? null : options.compile(active), compiled)) say(line);
  }
  say('Nothing of it is published. Where it would differ, by route, output and kind:');
  say('  lethe_shadow_divergence_total on the workers\' /metrics, and "shadow" in each segment of lethe.audit');
  say('End it with: lethe push --end-shadow   Make it real with: lethe push DIR');
}

/** Ends the shadow. Gives the candidate's digest, or null where there was none. */
export async function endShadow(store: BundleStore, say: (line: string) => void): Promise<string | null> {
  const digest = await store.endShadow();
  say(digest === null ? 'No bundle is in shadow' : `No longer in shadow, from the workers' next batch on: ${digest}`);
  return digest;
}

/** Raw topics that only one of the two consumes: neither can be compared record by record. */
function comparedTopics(active: CompiledBundle | null, candidate: CompiledBundle): string[] {
  if (active === null) return [];
  const [now, then] = [active, candidate].map(({ routes }) => new Set(routes.map(({ topic }) => topic)));
  const lines: string[] = [];
  for (const topic of then ?? []) {
    if (now?.has(topic) === false) lines.push(`${topic} is not evaluated: the active bundle does not consume it`);
  }
  for (const topic of now ?? []) {
    if (then?.has(topic) === false)
      lines.push(`${topic} has no route in the candidate: all of it counts as output_removed`);
  }
  return lines;
}
