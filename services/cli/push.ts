/** `lethe push`: topics, then output schemas, then the bundle. The order matters: a worker may use it at once. */
import type { Bundle, BundleStore } from '../core/ports.ts';
import { checkGuards } from './push-guards.ts';
import { checkedSchemas, type PushedSchemas } from './push-schemas.ts';

export type PushOptions = PushedSchemas & {
  readonly bundle: Bundle;
  readonly store: BundleStore;
  /** Creates topics that are missing; throws where one can be neither found nor created. */
  readonly ensureTopics: () => Promise<void>;
  /** Whether consent events were recorded of which the view in Redis shows none. */
  readonly consentsLost: () => Promise<boolean>;
};

const EMPTIED =
  'WARNING: lethe.consent-events holds events, and Redis none of them: it was emptied. Until they are imported again (lethe consent import), records of subjects who objected or opted out are published. Stop the workers until then.';

/**
 * Makes a bundle the active one. Schemas of all outputs are checked before the first is registered, and nothing is made
 * active before everything it needs is there.
 *
 * @throws LetheError `invalid_config` where an output's schema is incompatible with what its readers know, and where a
 * registered raw schema breaks a guard.
 */
export async function push(options: PushOptions): Promise<void> {
  const { bundle, store, say, compiled, registry, subjectOf } = options;
  if (registry !== null) await checkGuards(compiled, registry, subjectOf);
  await options.ensureTopics();
  const schemas = await checkedSchemas(options);
  if (registry !== null) {
    for (const { subject, schema } of schemas) {
      const id = await registry.register(subject, schema);
      say(`Schema ${id} registered for ${subject}`);
    }
  }
  // Nothing active, and nobody's consents: Redis is new, or was emptied. Then whoever objected looks like one who never did.
  if ((await store.activeDigest()) === null && (await options.consentsLost())) say(EMPTIED);
  const wasShadow = (await store.shadowDigest()) === bundle.digest;
  await store.activate(bundle);
  if (wasShadow) say('It is no longer in shadow');
  say(`Active for all workers from their next batch on: ${bundle.digest}`);
}
