/** `--record` of `lethe request create` and `run`: the corrected record through the stages of a batch. */
import { readFile } from 'node:fs/promises';
import { makeSegmentCodec } from '../adapters/avro-single-object/audit-segments.ts';
import { makeRequestEventCodec } from '../adapters/avro-single-object/requests.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { makeKeyring } from '../adapters/crypto/keyring.ts';
import type { Keys } from '../adapters/crypto/keys.ts';
import { openReplayLog } from '../adapters/kafka/replay-log.ts';
import { makeKafkaTopicReader } from '../adapters/kafka/topic-reader.ts';
import { makeTopicCatalog } from '../adapters/kafka/topics.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import type { RedisClient } from '../adapters/redis/client.ts';
import type { WiredRequests } from '../control/requests.main.ts';
import { GENESIS } from '../core/audit/segment.ts';
import { correctionChainTopic, type ReplayedBatch } from '../core/dead-letter-replay.ts';
import { LetheError } from '../core/errors.ts';
import { AUDIT_TOPIC, REQUESTS_TOPIC } from '../core/own-topics.ts';
import { readReplayHeads } from '../core/replay-heads.ts';
import { applyEvent, foldRequests, nextStep, type SubjectRequest } from '../core/requests/request.ts';
import { makeLetterPath } from '../gateway/replayed-letters.ts';
import { activeBundles } from './active-bundles.main.ts';
import { sizeOfFile } from './files.ts';
import { letterParts } from './letter-parts.main.ts';
import { correctedBatch, correction, type Place, placesOf, playedAs } from './request-correction.ts';
import { chooseRoute } from './routes.ts';

export type CorrectionParts = {
  readonly kafka: Parameters<typeof makeKafkaTopicReader>[0]['kafka'];
  /** Connected. */
  readonly admin: Parameters<typeof makeTopicCatalog>[0];
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly settings: Settings<'kafka' | 'redis' | 'keysFile'>;
  readonly wired: WiredRequests;
};

export type CorrectionOptions = { readonly record: string; readonly route?: string };

export type Correction = {
  /** Whether the record can be decided about, and is of the subject. Throws `usage`. Writes nothing. */
  readonly check: (tokens: readonly string[]) => Promise<void>;
  /** Publishes it, once for a request. */
  readonly carryOut: (request: SubjectRequest) => Promise<SubjectRequest>;
};

export async function openCorrection(options: CorrectionOptions, parts: CorrectionParts): Promise<Correction> {
  const { kafka, admin, redis, keys, settings, wired } = parts;
  const { brokers } = settings.kafka;
  sizeOfFile(options.record, '--record');
  const file = await readFile(options.record);
  const active = await wired.bundle();
  if (active === null) {
    throw new LetheError('unavailable', 'No bundle is active: nothing can be decided', {
      dependency: 'bundle',
      fix: 'Push one: lethe push DIR.',
    });
  }
  const chosen = chooseRoute(active.compiled, options.route);
  const rawTopic = chosen.topic;
  const keyring = makeKeyring(keys);
  const { facts } = makeTopicCatalog(admin, brokers, Date.now);
  const bundleStore = makeRedisBundleStore(redis, digestFiles);
  const bundles = activeBundles(settings, bundleStore, keyring);
  const segments = makeSegmentCodec();

  const play = async (
    tokens: readonly string[],
    places: readonly Place[],
    { coordinate, chain, dry }: { readonly coordinate: string; readonly chain: string; readonly dry: boolean },
  ): Promise<ReplayedBatch> => {
    const path = makeLetterPath(
      letterParts({
        settings,
        redis,
        keys,
        bundles,
        bundleStore,
        keyring,
        topic: facts,
        encodeSegment: segments.encode,
        dry,
      }),
      // The index of published keys is for outputs keyed by a path, which nothing is corrected in.
      { seal: () => new Uint8Array() },
      playedAs(tokens, keyring.subjectTokens, places),
    );
    const result = await path(correctedBatch(rawTopic, file, coordinate, Date.now()), { chain, watermark: null });
    const [decision] = result?.decisions ?? [];
    if (result === null || decision === undefined) {
      throw new LetheError('usage', 'The active bundle has no such route any more', { fix: 'Look at the routes.' });
    }
    if (decision.kind === 'dead_lettered') {
      const { code, path: at } = decision.poison;
      throw new LetheError('usage', `The record would be a dead letter: ${code}${at === null ? '' : ` at ${at}`}`, {
        fix: 'Correct the file; nothing was published.',
      });
    }
    return result;
  };

  const carryOut = async (asked: SubjectRequest): Promise<SubjectRequest> => {
    if (asked.received.type !== 'rectification' || asked.received.consents.length > 0) {
      throw new LetheError('usage', 'The request is no rectification of a record', { fix: 'Leave --record out.' });
    }
    const reader = makeKafkaTopicReader({ kafka, brokers });
    // First fence, then read: what another one commits after this cannot be.
    const log = await openReplayLog({ kafka, brokers, facts, reader });
    try {
      await log.settled(REQUESTS_TOPIC);
      const request = foldRequests(await wired.ports.log.read()).get(asked.id) ?? asked;
      if (nextStep(request) !== 'correct') return request;
      const places = await placesOf(request.received, chosen.plan.outputs, wired.ports.outputs);
      const links = (value: Uint8Array): ReturnType<Parameters<typeof readReplayHeads>[2]> => {
        const segment = segments.decode(value);
        return segment.ok ? segment.value : null;
      };
      const bounds = await log.settled(AUDIT_TOPIC);
      const heads = await readReplayHeads(reader, bounds, links, undefined, correctionChainTopic(''));
      const chain = heads.get(`${rawTopic}/0`) ?? GENESIS;
      const { tokens } = request.received;
      const played =
        places.length === 0
          ? []
          : (await play(tokens, places, { coordinate: request.coordinate, chain, dry: false })).publications;
      const { encode } = makeRequestEventCodec();
      const { publications, event } = correction(request, played, places, {
        encode,
        auditTopic: AUDIT_TOPIC,
        now: Date.now(),
      });
      await log.commit(publications);
      // Readers may see the commit a moment later only.
      return applyEvent(request, { coordinate: '', event }) ?? request;
    } finally {
      await Promise.all([log.close(), reader.close()]);
    }
  };

  return {
    check: async (tokens) => {
      await play(tokens, [], { coordinate: `${REQUESTS_TOPIC}/0/0`, chain: GENESIS, dry: true });
    },
    carryOut,
  };
}
