import { relative } from 'node:path';
import { digestFiles } from '../adapters/config/digest.ts';
import { formatProblems } from '../adapters/config/format.ts';
import { compileBundle } from '../adapters/config/load.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { LetheError } from '../core/errors.ts';
import type { CompiledBundle } from '../core/policy/plan.ts';
import type { BundleStore } from '../core/ports.ts';
import { usableConfiguration } from './configuration.main.ts';
import { commandSettings } from './settings.main.ts';

export type LoadedSide = {
  /** As a person knows it: the folder, or `active`, or `bundle`. */
  readonly name: string;
  readonly digest: string;
  readonly bundle: CompiledBundle;
};

const ACTIVE = 'active';
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * Both configurations of a diff: folders, `active`, or digests of bundles in Redis.
 *
 * @throws LetheError `invalid_config` where one does not compile or no bundle is active, `usage` where a digest is not
 * stored, `unavailable` where Redis is needed and out of reach.
 */
export async function loadSides(
  operands: readonly [string, string],
  config: { readonly config?: string },
): Promise<readonly [LoadedSide, LoadedSide]> {
  if (!operands.some(isStored)) return [await loadFolder(operands[0]), await loadFolder(operands[1])];
  const { redis } = commandSettings(config, ['redis']);
  const client = connectRedis(redis);
  try {
    const store = makeRedisBundleStore(client, digestFiles);
    const load = (operand: string): Promise<LoadedSide> =>
      isStored(operand) ? loadStored(operand, store, client.endpoint) : loadFolder(operand);
    return [await load(operands[0]), await load(operands[1])];
  } finally {
    await client.close();
  }
}

function isStored(operand: string): boolean {
  return operand === ACTIVE || DIGEST.test(operand);
}

async function loadFolder(folder: string): Promise<LoadedSide> {
  const { bundle, compiled } = await usableConfiguration(folder);
  return { name: relative('.', folder) || '.', digest: bundle.digest, bundle: compiled };
}

async function loadStored(operand: string, store: BundleStore, endpoint: string): Promise<LoadedSide> {
  const digest = operand === ACTIVE ? await store.activeDigest() : operand;
  if (digest === null) {
    throw new LetheError('invalid_config', `active: no bundle is active in Redis at ${endpoint}`, {
      fix: 'Push one with "lethe push DIR", or name a configuration folder (./active, if it is called that).',
    });
  }
  const bundle = await store.read(digest);
  if (bundle === null) {
    throw new LetheError('usage', `there is no bundle ${digest} in Redis at ${endpoint}`, {
      fix: 'Name one that was pushed there, "active", or a configuration folder.',
    });
  }
  const result = compileBundle(bundle);
  if (result.ok) return { name: operand === ACTIVE ? ACTIVE : 'bundle', digest, bundle: result.compiled };
  process.stderr.write(formatProblems(result.problems, 'text', digest));
  throw new LetheError('invalid_config', `the bundle ${digest} cannot be used by this version of Lethe`, {
    fix: 'Use the version that pushed it, or push the configuration again with this one.',
  });
}
