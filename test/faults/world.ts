/** The real parts that faults are put to: a broker, Redis and a registry, each behind a proxy; all of it local processes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { lethe, type RunningWorker, startWorker } from '../../deploy/demo/processes.ts';
import type { Log } from '../../deploy/local/error.ts';
import type { Part } from '../../deploy/local/part.ts';
import { freePorts } from '../../deploy/local/ports.ts';
import { startRedis } from '../../deploy/local/redis.ts';
import { CONFLUENT_API, startRegistry } from '../../deploy/local/registry.ts';
import { createRunDir, type RunDir } from '../../deploy/local/run-dir.ts';
import { ensureTools, toolsFor } from '../../deploy/local/tools.ts';
import { silenceNegativeTimeoutWarning } from '../../services/adapters/log/warnings.ts';
import { isReady } from '../stack/workbench.ts';
import { startProxiedKafka } from './proxied-kafka.ts';
import { type Proxy, startToxiproxy } from './toxiproxy.ts';

/** What stands between Lethe and its parts. */
export type Proxies = { readonly kafka: Proxy; readonly redis: Proxy; readonly registry: Proxy };

export type World = {
  readonly dir: string;
  readonly runDir: RunDir;
  readonly kafka: Part;
  readonly redis: Part;
  readonly registry: () => Promise<Part>;
  /** HOST:PORT of each part behind its proxy. */
  readonly behind: { readonly kafka: string; readonly redis: string };
  readonly proxies: Proxies;
  /** Where Kafka's jars are. */
  readonly kafkaHome: string;
  /** Settings of Lethe's processes, which find everything through the proxies. */
  readonly env: Readonly<Record<string, string>>;
  /** The same, but straight to the broker, for what prepares a fault. */
  readonly direct: Readonly<Record<string, string>>;
  readonly client: Kafka;
  readonly admin: Admin;
  /** The consent plane, which lives through all faults of a world; started again where it ended. */
  readonly control: () => Promise<RunningWorker>;
  readonly controlLog: string;
  readonly end: () => Promise<void>;
};

/** How long the consent view may be without a beat, ISO 8601. */
const STALENESS = 'PT10S';

export async function startWorld(log: Log): Promise<World> {
  silenceNegativeTimeoutWarning();
  await ensureTools([...toolsFor(['kafka', 'redis'], []), 'kcat'], log);
  const runDir = createRunDir();
  const dir = mkdtempSync(join(tmpdir(), 'lethe-faults-'));
  try {
    const [kafkaPort = 0, redisPort = 0, registryPort = 0] = await freePorts(3);
    const [{ part: kafka, behind: kafkaBehind, home }, redis, toxiproxy] = await Promise.all([
      startProxiedKafka(runDir, kafkaPort, log),
      startRedis(runDir, log),
      startToxiproxy(runDir, log),
    ]);
    const redisBehind = new URL(redis.endpoint).host;
    const proxies: Proxies = {
      kafka: await toxiproxy.proxy('kafka', kafkaPort, kafkaBehind),
      redis: await toxiproxy.proxy('redis', redisPort, redisBehind),
      registry: await toxiproxy.proxy('registry', registryPort, '127.0.0.1:1'),
    };
    let registry: Promise<Part> | null = null;
    const keysFile = join(dir, 'keys.json');
    const common = {
      LETHE_KEYS_FILE: keysFile,
      LETHE_CONSENT_MAX_STALENESS: STALENESS,
      LETHE_SESSION_TIMEOUT: 'PT6S',
      LETHE_LOG_LEVEL: 'debug',
    };
    const env = {
      ...common,
      KAFKA_BROKERS: proxies.kafka.address,
      REDIS_URL: `redis://${proxies.redis.address}`,
      SCHEMA_REGISTRY_URL: `http://${proxies.registry.address}${CONFLUENT_API}`,
    };
    // Redis through its proxy: whichever is the primary is behind that.
    const direct = { ...env, KAFKA_BROKERS: kafka.endpoint };
    await lethe(['keys', 'generate', '--out', keysFile], direct);
    const client = new kafkajs.Kafka({
      brokers: [kafka.endpoint],
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 15 },
    });
    const admin = client.admin();
    await admin.connect();

    const controlLog = join(dir, 'control.log');
    let control: RunningWorker | null = null;
    const startControl = async (): Promise<RunningWorker> => {
      if (control !== null) return control;
      const [port = 0] = await freePorts(1);
      const started = startWorker(port, env, controlLog, 'control');
      control = started;
      void started.ended.then(() => {
        if (control === started) control = null;
      });
      await isReady(started);
      return started;
    };

    return {
      ...{ dir, runDir, kafka, redis, proxies, env, direct, client, admin, controlLog, kafkaHome: home },
      behind: { kafka: kafkaBehind, redis: redisBehind },
      registry: () =>
        (registry ??= startRegistry(runDir, log).then(async (part) => {
          await proxies.registry.to(new URL(part.endpoint).host);
          return part;
        })),
      control: startControl,
      end: async () => {
        await control?.kill();
        await admin.disconnect().catch(() => undefined);
        const parts = [kafka, redis, toxiproxy.part, ...(registry === null ? [] : [await registry])];
        await Promise.all(parts.map((part) => part.kill()));
        runDir.remove();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    runDir.remove();
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}
