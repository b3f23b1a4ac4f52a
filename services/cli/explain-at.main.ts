import { makeSegmentCodec } from '../adapters/avro-single-object/audit-segments.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import { compileBundle } from '../adapters/config/load.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { makeKafka } from '../adapters/kafka/client.ts';
import { connectAdmin, disconnectAdmin, makeTopicCatalog } from '../adapters/kafka/topics.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { makeRedisConsentStore } from '../adapters/redis/consent-store.ts';
import { sourceOf } from '../core/dead-letter.ts';
import { makeEngine } from '../core/engine.ts';
import { standInCiphers } from '../core/apply/encrypt.ts';
import { LetheError } from '../core/errors.ts';
import { compareWithAudit } from '../core/explain/compare-audit.ts';
import { explainRecord } from '../core/explain/explain.ts';
import type { CompiledBundle, CompiledRoute, RoutePlan } from '../core/policy/plan.ts';
import type { Bundle, BundleStore } from '../core/ports.ts';
import type { RawRecord } from '../core/transport.ts';
import { auditOfRecord } from './audit-of-record.ts';
import type { ExplainOptions } from './commands/explain.ts';
import { usableConfiguration } from './configuration.main.ts';
import { consentsOfView } from './consent-source.ts';
import { parseCoordinate } from './coordinate.ts';
import { EXIT } from './exit.ts';
import { codecOf } from './explain-codecs.main.ts';
import { authoredIn, consentsFrom, keyringOf, print } from './explain-shared.main.ts';
import { sizeOfFile } from './files.ts';
import { makeProgress } from './progress.ts';
import { recordAt } from './record-at.ts';
import { commandSettings } from './settings.main.ts';
import { timeOption } from './time-option.ts';
import { topicReaderOf } from './topic-reader.main.ts';

type Chosen = {
  readonly bundle: Bundle;
  readonly compiled: CompiledBundle;
  readonly from: 'folder' | 'audit' | 'active';
};

/** `lethe explain --at topic/partition/offset`: a raw record of Kafka, by default as it was decided about. */
export async function explainAt(dir: string | undefined, text: string, options: ExplainOptions): Promise<number> {
  const at = parseCoordinate(text, '--at');
  const given = options.now === undefined ? null : timeOption(options.now, '--now');
  if (options.consents !== undefined) sizeOfFile(options.consents, '--consents');
  const folder = dir === undefined ? null : await usableConfiguration(dir);
  // Redis is asked for what was not given.
  const asksRedis = folder === null || options.consents === undefined;
  const settings = commandSettings(options, asksRedis ? ['kafka', 'redis'] : ['kafka'], ['keysFile', 'registry']);
  const keyring = keyringOf(options, settings);
  const reader = topicReaderOf(settings);
  const redis = asksRedis && settings.redis !== null ? connectRedis(settings.redis) : null;
  const progress = makeProgress(process.stderr, 'Searching lethe.audit', null, (count) => String(Math.round(count)));
  try {
    const found = await recordAt(reader, at);
    if (!found.found) {
      process.stderr.write(`lethe: ${found.message}\n`);
      return EXIT.findings;
    }
    const { record } = found;
    const audit = await auditOfRecord(at, {
      ...{ reader, decode: decodeSegment(), timestamp: record.timestamp, progress: progress.at },
    });
    progress.end();
    const { segment } = audit;
    const chosen: Chosen =
      folder !== null || redis === null
        ? { ...folder!, from: 'folder' }
        : await storedBundle(makeRedisBundleStore(redis, digestFiles), segment?.bundle ?? null);
    const route = routeOf(chosen, at.topic, options.route);
    const view = redis === null ? null : consentsOfView(makeRedisConsentStore(redis), keyring, () => redis.close());
    const consents = await consentsFrom(options.consents, view);
    if (consents === null) return EXIT.findings;

    const now = given ?? segment?.decidedAt ?? Date.now();
    const { explanation, decision } = await explainRecord(route.plan, record, now, {
      ...codecOf(route, keyring, settings),
      ...{
        engine: makeEngine({ keyring, ciphers: standInCiphers(keyring) }),
        load: consents.load,
        authored: authoredIn(chosen.bundle),
      },
      maxOutputBytes: await outputLimits(route.plan, record, settings),
    });
    await print(options, false, {
      ...{ source: sourceOf(at.topic, at.partition, at.offset), line: null, explanation },
      bundle: { digest: chosen.bundle.digest, from: chosen.from },
      consentsFrom: options.consents === undefined ? 'view' : 'file',
      nowFrom: given !== null ? 'option' : segment !== null ? 'audit' : 'present',
      audited: {
        segment,
        decisions: audit.decisions,
        comparison: segment === null ? null : compareWithAudit(decision, segment, at.offset),
      },
    });
    return EXIT.ok;
  } finally {
    progress.end();
    await Promise.all([reader.close(), redis?.close()]);
  }
}

function decodeSegment(): Parameters<typeof auditOfRecord>[1]['decode'] {
  const segments = makeSegmentCodec();
  return (bytes) => {
    const read = segments.decode(bytes);
    return read.ok ? read.value : null;
  };
}

/** The bundle that decided about the record; where nobody knows or it is gone, the active one. */
async function storedBundle(store: BundleStore, decided: string | null): Promise<Chosen> {
  const wanted = decided === null ? null : await store.read(decided);
  if (wanted !== null) return { ...compiledBundle(wanted), from: 'audit' };
  if (decided !== null) {
    process.stderr.write(
      `lethe: the bundle ${decided}, which decided about it, is not in Redis; taking the active one\n`,
    );
  }
  const active = await store.activeDigest();
  const bundle = active === null ? null : await store.read(active);
  if (bundle !== null) return { ...compiledBundle(bundle), from: 'active' };
  throw new LetheError('invalid_config', 'no bundle: none is active in Redis', {
    fix: 'Name the configuration folder (lethe explain config --at …), or push one: lethe push DIR.',
  });
}

function compiledBundle(bundle: Bundle): Omit<Chosen, 'from'> {
  const result = compileBundle(bundle);
  if (result.ok) return result;
  const codes = [...new Set(result.problems.map(({ code }) => code))].join(', ');
  throw new LetheError('invalid_config', `the bundle ${bundle.digest} of Redis does not compile here: ${codes}`, {
    fix: 'Name the configuration folder, or push it again with this version of Lethe.',
  });
}

/** A raw topic has one route. */
function routeOf({ compiled, bundle }: Chosen, topic: string, name: string | undefined): CompiledRoute {
  const route = compiled.routes.find((one) => one.topic === topic);
  const topics = compiled.routes.map((one) => one.topic).join(', ');
  if (route === undefined) {
    throw new LetheError('usage', `no route of the bundle ${bundle.digest} reads ${topic}`, {
      fix: `Its routes read: ${topics}.`,
    });
  }
  if (name === undefined || name === route.name) return route;
  throw new LetheError('usage', `${topic} is read by the route ${route.name}, not by ${name}`, {
    fix: 'Leave --route out: the coordinate says which one it is.',
  });
}

/** What the worker leaves room for around a record (gateway/pipeline.ts), bytes. */
const RECORD_OVERHEAD_BYTES = 512;
/** A record this small comes out larger than a topic takes nowhere. */
const SMALL_BYTES = 1024;

/** By output: the most bytes that its topic takes. A topic that is not there yet takes everything. */
async function outputLimits(
  plan: RoutePlan,
  { value }: RawRecord,
  { kafka }: Pick<Settings<'kafka'>, 'kafka'>,
): Promise<readonly number[]> {
  const unlimited = plan.outputs.map(() => Number.POSITIVE_INFINITY);
  if ((value?.length ?? 0) < SMALL_BYTES) return unlimited;
  const admin = makeKafka(kafka, kafkajsLogCreator(makeLog('silent'))).admin({ retry: { retries: 2 } });
  try {
    await connectAdmin(admin, kafka.brokers);
    const { facts } = makeTopicCatalog(admin, kafka.brokers, Date.now);
    return await Promise.all(
      plan.outputs.map(({ topic }) =>
        facts(topic).then(
          ({ maxMessageBytes }) => maxMessageBytes - RECORD_OVERHEAD_BYTES,
          () => Number.POSITIVE_INFINITY,
        ),
      ),
    );
  } finally {
    await disconnectAdmin(admin);
  }
}
