import { makeAvroCodec } from '../adapters/avro/codec.ts';
import { compileBundle } from '../adapters/config/load.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import { makeJsonCodec } from '../core/apply/json/json-codec.ts';
import { LetheError } from '../core/errors.ts';
import type { Keyring } from '../core/keyring.ts';
import { withoutRegistry } from '../core/no-registry.ts';
import type { BundleStore } from '../core/ports.ts';
import { type Bundles, makeBundles } from '../gateway/bundles.ts';

/** The workers' bundles, for a command that decides about records as they do. */
export function activeBundles(
  { registry: given, limits }: Pick<Settings, 'registry' | 'limits'>,
  store: BundleStore,
  keyring: Keyring,
): Bundles {
  const registry = given === null ? withoutRegistry('Set SCHEMA_REGISTRY_URL.') : makeRegistry(given);
  return makeBundles({
    store,
    compile: (bundle) => {
      const result = compileBundle(bundle);
      if (result.ok) return result.compiled;
      throw new LetheError('invalid_config', result.problems.map(({ code }) => code).join(' '));
    },
    makeCodec: (route) =>
      route.format === 'json'
        ? makeJsonCodec(route.plan, keyring, limits)
        : makeAvroCodec({ route, registry, keyring, limits, outputSchemaId: registry.register }),
    loaded: () => undefined,
  });
}
