import { outputSchemasOf, valueSubject } from '../adapters/avro/output-schemas.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import { compileBundle } from '../adapters/config/load.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { makeRegistry } from '../adapters/registry/registry.ts';
import type { BundleStore } from '../core/ports.ts';
import { usableConfiguration } from './configuration.main.ts';
import { EXIT } from './exit.ts';
import { endShadow, pushShadow } from './push-shadow.ts';
import { commandSettings } from './settings.main.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** `lethe push --shadow DIR`: prints the candidate's digest on stdout. */
export async function begin(dir: string, options: { config?: string }): Promise<number> {
  const { bundle, compiled } = await usableConfiguration(dir, { warn: true });
  const settings = commandSettings(options, ['redis'], ['registry']);
  await withStore(settings.redis, (store) =>
    pushShadow({
      ...{ bundle, compiled, store, outputSchemas: outputSchemasOf, subjectOf: valueSubject, say },
      registry: settings.registry === null ? null : makeRegistry(settings.registry),
      compile: (stored) => {
        const result = compileBundle(stored);
        return result.ok ? result.compiled : null;
      },
    }),
  );
  process.stdout.write(`${bundle.digest}\n`);
  return EXIT.ok;
}

/** `lethe push --end-shadow`: prints the digest of the candidate that was in shadow, if any. */
export async function end(options: { config?: string }): Promise<number> {
  const settings = commandSettings(options, ['redis'], []);
  const digest = await withStore(settings.redis, (store) => endShadow(store, say));
  if (digest !== null) process.stdout.write(`${digest}\n`);
  return EXIT.ok;
}

async function withStore<T>(
  settings: Parameters<typeof connectRedis>[0],
  work: (store: BundleStore) => Promise<T>,
): Promise<T> {
  const redis = connectRedis(settings);
  try {
    return await work(makeRedisBundleStore(redis, digestFiles));
  } finally {
    await redis.close();
  }
}
