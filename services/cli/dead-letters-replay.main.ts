import { makeSegmentCodec } from '../adapters/avro-single-object/audit-segments.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import { makeKeyring } from '../adapters/crypto/keyring.ts';
import { makeSealer, open } from '../adapters/crypto/sealer.ts';
import { makeKafka } from '../adapters/kafka/client.ts';
import { isCompacted } from '../adapters/kafka/compaction.ts';
import { kafkaUnavailable } from '../adapters/kafka/errors.ts';
import { openReplayLog } from '../adapters/kafka/replay-log.ts';
import { makeKafkaTopicReader } from '../adapters/kafka/topic-reader.ts';
import { connectAdmin, disconnectAdmin, makeTopicCatalog } from '../adapters/kafka/topics.ts';
import { kafkajsLogCreator } from '../adapters/log/kafkajs-bridge.ts';
import { makeLog } from '../adapters/log/logger.ts';
import { silenceNegativeTimeoutWarning } from '../adapters/log/warnings.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import { connectRedis } from '../adapters/redis/client.ts';
import { GENESIS } from '../core/audit/segment.ts';
import { readMarks } from '../core/dead-letter-marks.ts';
import { makeSelection, readCoordinates } from '../core/dead-letter-selection.ts';
import { LetheError } from '../core/errors.ts';
import { AUDIT_TOPIC, DEAD_LETTER_TOPIC } from '../core/own-topics.ts';
import { readReplayHeads } from '../core/replay-heads.ts';
import { decodePosition } from '../gateway/position.ts';
import { makeLetterPath } from '../gateway/replayed-letters.ts';
import { boundYoungGeneration } from '../gateway/young-generation.main.ts';
import type { ReplayLettersOptions } from './commands/dead-letters.ts';
import { makeOpenLetter } from './dead-letters-open.ts';
import { replayLetters } from './dead-letters-replay.ts';
import { makeReplayTally, replayFindings, replaySummary, replayText } from './dead-letters-tally.ts';
import { rawTopicOf, timesOf } from './dead-letters.main.ts';
import { activeBundles } from './active-bundles.main.ts';
import { EXIT } from './exit.ts';
import { letterParts } from './letter-parts.main.ts';
import { keysOf } from './keys-option.main.ts';
import { makeProgress } from './progress.ts';
import { commandSettings } from './settings.main.ts';

/** `lethe dead-letters replay`: the summary on stdout; exit 1 where something is left that replaying alone will not mend. */
export async function deadLettersReplay(texts: readonly string[], options: ReplayLettersOptions): Promise<number> {
  boundYoungGeneration();
  silenceNegativeTimeoutWarning();
  const times = timesOf(options);
  const { coordinates, wrong } = readCoordinates(texts);
  if (wrong.length > 0) {
    throw new LetheError('usage', `${wrong.length} of the arguments are no coordinates`, {
      fix: 'Write them like raw.customer-events/3/1042: topic, partition, offset.',
    });
  }
  const settings = commandSettings(options, ['kafka', 'redis'], ['keysFile', 'registry']);
  const keys = keysOf(options.keys, settings.keysFile, 'a replay needs the keys of the workers');
  const keyring = makeKeyring(keys);
  const { brokers } = settings.kafka;
  const kafka = makeKafka(settings.kafka, kafkajsLogCreator(makeLog('silent')));
  const admin = kafka.admin({ retry: { retries: 2 } });
  const reader = makeKafkaTopicReader({ kafka, brokers });
  const { facts } = makeTopicCatalog(admin, brokers, Date.now);
  const redis = connectRedis(settings.redis);
  const bundleStore = makeRedisBundleStore(redis, digestFiles);
  const bundles = activeBundles(settings, bundleStore, keyring);
  const segments = makeSegmentCodec();
  const stop = new AbortController();
  const onSignal = (): void => {
    process.stderr.write('lethe: stopping after the batch in hand; the rest stays open\n');
    stop.abort();
  };
  const progress = makeProgress(process.stderr, 'Replaying', null, (count) => String(Math.round(count)));
  const tally = makeReplayTally();
  const dryRun = options.dryRun === true;
  let log: Awaited<ReturnType<typeof openReplayLog>> | null = null;
  try {
    await connectAdmin(admin, brokers);
    const digest = await bundleStore.activeDigest();
    if (digest === null) {
      throw new LetheError('invalid_config', 'No bundle is active: nothing can be decided', {
        fix: 'Push one: lethe push DIR.',
      });
    }
    const { routes } = await bundles.use(digest);
    const topic = rawTopicOf(
      options,
      [...routes.values()].map(({ route }) => route),
    );

    // First fence, then read: what another replay commits after this cannot be.
    log = dryRun ? null : await openReplayLog({ kafka, brokers, facts, reader });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
    const bounds = await (log?.settled ?? reader.bounds)(DEAD_LETTER_TOPIC);
    let read = 0;
    const passed = (offsets: number): void => progress.at((read += offsets));
    const marks = await readMarks(reader, bounds, passed);
    const from = times.since === null ? null : await reader.offsetsAt(DEAD_LETTER_TOPIC, times.since);
    await replayLetters(
      {
        reader,
        bounds: bounds.map((one) => ({
          ...one,
          low: Math.min(Math.max(one.low, from?.get(one.partition) ?? one.low), one.end),
        })),
        marks,
        selection: makeSelection({ code: options.code ?? null, topic, ...times, coordinates }),
        openLetter: makeOpenLetter((envelope, data) => open(keys, envelope, data)),
        replay: makeLetterPath(
          letterParts({
            settings,
            redis,
            keys,
            bundles,
            bundleStore,
            keyring,
            topic: facts,
            encodeSegment: segments.encode,
            dry: dryRun,
          }),
          makeSealer(keys),
        ),
        refusalOf: refusals(),
        headOf: auditHeads(log, passed),
        watermarkOf: workersWatermarks(),
        commit: log?.commit ?? null,
        now: Date.now,
        passed,
        signal: stop.signal,
      },
      tally,
    );
    progress.end();
  } catch (error) {
    progress.end();
    if (tally.replayed > 0) process.stderr.write(`lethe: ${tally.replayed} letter(s) were replayed before this\n`);
    throw error;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, onSignal);
    await Promise.all([log?.close(), reader.close(), redis.close(), disconnectAdmin(admin)]);
  }
  const summary = options.format === 'json' ? JSON.stringify(replaySummary(tally, dryRun)) : replayText(tally, dryRun);
  process.stdout.write(`${summary}\n`);
  if (tally.unreadable.count > 0) {
    process.stderr.write(
      `lethe: passed over ${tally.unreadable.count} record(s) on ${DEAD_LETTER_TOPIC} that are no dead letters of Lethe, or not whole ones: ${tally.unreadable.text}\n`,
    );
  }
  const findings = replayFindings(tally, keys.file);
  for (const finding of findings) process.stderr.write(`lethe: ${finding}\n`);
  return findings.length > 0 || stop.signal.aborted ? EXIT.findings : EXIT.ok;

  /** Asked for each letter: remembered per bundle, since another one may come into force meanwhile. */
  function refusals(): (rawTopic: string) => Promise<'no_route' | 'compacted_output' | null> {
    const known = new Map<string, 'no_route' | 'compacted_output' | null>();
    return async (rawTopic) => {
      const current = bundles.current();
      const key = `${current?.digest} ${rawTopic}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const outputs = current?.routes.get(rawTopic)?.route.plan.outputs;
      let refusal: 'no_route' | 'compacted_output' | null = outputs === undefined ? 'no_route' : null;
      for (const output of options.force === true ? [] : (outputs ?? [])) {
        if (output.key.kind !== 'none' && (await isCompacted(admin, brokers, output.topic)))
          refusal = 'compacted_output';
      }
      known.set(key, refusal);
      return refusal;
    };
  }

  /** The audit is read once, and only where marks do not tell the head of a chain. */
  function auditHeads(
    writer: typeof log,
    passed: (offsets: number) => void,
  ): (rawTopic: string, partition: number) => Promise<string> {
    let heads: Promise<ReadonlyMap<string, string>> | null = null;
    const load = async (): Promise<ReadonlyMap<string, string>> =>
      readReplayHeads(
        reader,
        await (writer?.settled ?? reader.bounds)(AUDIT_TOPIC),
        (value) => {
          const segment = segments.decode(value);
          return segment.ok ? segment.value : null;
        },
        passed,
      );
    return async (rawTopic, partition) => (await (heads ??= load())).get(`${rawTopic}/${partition}`) ?? GENESIS;
  }

  /** What travels in the positions that the workers' group has committed. */
  function workersWatermarks(): Parameters<typeof replayLetters>[0]['watermarkOf'] {
    const byTopic = new Map<string, ReadonlyMap<number, ReturnType<typeof decodePosition>['watermark']>>();
    return async (rawTopic, partition) => {
      let known = byTopic.get(rawTopic);
      if (known === undefined) {
        try {
          const [offsets] = await admin.fetchOffsets({ groupId: settings.groupId, topics: [rawTopic] });
          known = new Map(
            offsets?.partitions.map((one) => [one.partition, decodePosition(one.metadata ?? null).watermark]),
          );
        } catch (error) {
          throw kafkaUnavailable(`reading the positions of group ${settings.groupId}`, brokers, error);
        }
        byTopic.set(rawTopic, known);
      }
      return known.get(partition) ?? null;
    };
  }
}
