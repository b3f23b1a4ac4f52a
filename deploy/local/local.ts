import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from './cache.ts';
import { APICURIO_VERSION, KAFKA_VERSION } from './downloads.ts';
import type { Log } from './error.ts';
import { startKafka } from './kafka.ts';
import type { Part, PartName } from './part.ts';
import { startRedis } from './redis.ts';
import { startRegistry } from './registry.ts';
import type { RunDir } from './run-dir.ts';
import { ensureTools, toolsFor } from './tools.ts';

const DOWNLOADED: Partial<Record<PartName, string>> = {
  kafka: `kafka-${KAFKA_VERSION}`,
  registry: `apicurio-${APICURIO_VERSION}`,
};

const notCached = (part: PartName): boolean => {
  const entry = DOWNLOADED[part];
  return entry !== undefined && !existsSync(join(cacheDir(), entry));
};

const starters: Record<PartName, (runDir: RunDir, log: Log) => Promise<Part>> = {
  kafka: startKafka,
  registry: startRegistry,
  redis: startRedis,
};

/**
 * Starts parts as local processes, side by side.
 *
 * @throws StackError naming what to install where it cannot
 */
export const startLocal = async (parts: readonly PartName[], runDir: RunDir, log: Log): Promise<Part[]> => {
  await ensureTools(toolsFor(parts, parts.filter(notCached)), log);
  const outcomes = await Promise.allSettled(
    parts.map(async (name) => {
      const began = Date.now();
      const part = await starters[name](runDir, log);
      log(`${name} answers on ${part.endpoint} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
      return part;
    }),
  );
  return outcomes.map((outcome) => {
    // The caller removes the run directory, and with it the parts that did start.
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
};
