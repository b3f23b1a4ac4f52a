/** Requests of subjects on Kafka and Redis, for `lethe control` and for `lethe request`. */
import { makeRequestEventCodec } from '../adapters/avro-single-object/requests.ts';
import { makeSegmentCodec } from '../adapters/avro-single-object/audit-segments.ts';
import { makeConsentEventCodec } from '../adapters/avro-single-object/consent-events.ts';
import type { Keys } from '../adapters/crypto/keys.ts';
import { open } from '../adapters/crypto/sealer.ts';
import { digestFiles } from '../adapters/config/digest.ts';
import { compileBundle } from '../adapters/config/load.ts';
import { makeKafkaConsentLog } from '../adapters/kafka/consent-log.ts';
import { makeRecordLog } from '../adapters/kafka/record-log.ts';
import { settled } from '../adapters/kafka/replay-log.ts';
import { makeRequestWorkers, topicCleanup } from '../adapters/kafka/request-workers.ts';
import { makeKafkaTopicReader } from '../adapters/kafka/topic-reader.ts';
import { makeTopicCatalog } from '../adapters/kafka/topics.ts';
import { makeRedisBundleStore } from '../adapters/redis/bundle-store.ts';
import type { RedisClient } from '../adapters/redis/client.ts';
import { makeRedisConsentProjection } from '../adapters/redis/consent-projection.ts';
import { makeRedisConsentStore } from '../adapters/redis/consent-store.ts';
import { makeRedisDataKeyStore } from '../adapters/redis/data-key-store.ts';
import { headerValues } from '../core/apply/header-values.ts';
import { consentPartition } from '../core/consent-partition.ts';
import { parseCoordinate } from '../core/coordinate.ts';
import { isCorrection, replayedTopic } from '../core/dead-letter-replay.ts';
import { consentStateOfTokens } from '../core/decide/consent-state.ts';
import { LetheError } from '../core/errors.ts';
import { AUDIT_TOPIC, CONSENT_EVENTS_TOPIC, PUBLISHED_KEYS_TOPIC, REQUESTS_TOPIC } from '../core/own-topics.ts';
import type { CompiledBundle } from '../core/policy/plan.ts';
import { type AccessReport, accessReport } from '../core/requests/access.ts';
import { outputsOf } from '../core/requests/erase.ts';
import { outputsIn } from '../core/requests/new-request.ts';
import type { OutputRecord, RequestConsents, RequestOutputs, RequestPorts, Tombstone } from '../core/requests/ports.ts';
import type { SubjectRequest } from '../core/requests/request.ts';
import type { RawBatch, RawRecord } from '../core/transport.ts';
import { decodePosition } from '../gateway/position.ts';
import { makeRequestLog } from './requests-log.ts';

type ReaderParts = Parameters<typeof makeKafkaTopicReader>[0];
type Admin = Parameters<typeof topicCleanup>[0];

export type RequestsParts = ReaderParts & {
  /** Connected. */
  readonly admin: Admin;
  readonly redis: RedisClient;
  readonly groupId: string;
  /** Brings the view up to date with the feed; null where somebody else in this process does. */
  readonly catchUp: (() => Promise<unknown>) | null;
  readonly sign: RequestPorts['sign'];
  /** Opens a sealed key of the index. Throws where it cannot. */
  readonly openKey: (sealed: Uint8Array, name: string) => string;
  readonly patienceMs: number;
};

type IndexEntry = Tombstone & { readonly name: string; readonly place: number };

export type WiredRequests = {
  readonly ports: RequestPorts;
  /** The bundle that is active now; null where none is. */
  readonly bundle: () => Promise<{ readonly digest: string; readonly compiled: CompiledBundle } | null>;
  /** What is known of the subject of an access request. */
  readonly report: (request: SubjectRequest) => Promise<AccessReport>;
  readonly close: () => Promise<void>;
};

function outputRecord({ key, value, headers, offset, timestamp }: RawRecord): OutputRecord {
  const [source] = headerValues(headers, 'lethe-source');
  return {
    key: key === null ? null : Buffer.from(key).toString('utf8'),
    tombstone: value === null,
    source: source === undefined ? null : Buffer.from(source).toString('latin1'),
    offset,
    timestamp,
  };
}

/** Opens sealed keys of the index with the keys that sealed them. */
export function keyOpener(keys: Keys): RequestsParts['openKey'] {
  return (sealed, name) => {
    const opened = open(keys, sealed, name);
    if (opened.ok) return Buffer.from(opened.plaintext).toString('utf8');
    throw new LetheError('invalid_config', `An entry of ${PUBLISHED_KEYS_TOPIC} cannot be opened: ${opened.problem}`, {
      fix: 'Use a keys file that holds every version of "dead_letter" that workers sealed with.',
    });
  };
}

export function wireRequests(parts: RequestsParts): WiredRequests {
  const { kafka, brokers, admin, redis, groupId } = parts;
  const reader = makeKafkaTopicReader({ kafka, brokers });
  const { facts } = makeTopicCatalog(admin, brokers, Date.now);
  const records = makeRecordLog({ kafka, brokers });
  const feed = makeKafkaConsentLog({ kafka, brokers, facts, encode: makeConsentEventCodec().encode });
  const view = makeRedisConsentStore(redis);
  const projection = makeRedisConsentProjection(redis);
  const bundles = makeRedisBundleStore(redis, digestFiles);
  const dataKeys = makeRedisDataKeyStore(redis);

  let compiled: { readonly digest: string; readonly compiled: CompiledBundle } | null = null;
  const bundle: WiredRequests['bundle'] = async () => {
    const digest = await bundles.activeDigest();
    if (digest === null) return null;
    if (compiled?.digest === digest) return compiled;
    const stored = await bundles.read(digest);
    const result = stored === null ? null : compileBundle(stored);
    if (result === null || !result.ok) {
      throw new LetheError('unavailable', `Bundle ${digest} is active, but is not stored or does not compile`, {
        dependency: 'bundle',
        fix: 'Push the configuration again: lethe push DIR.',
      });
    }
    compiled = { digest, compiled: result.compiled };
    return compiled;
  };

  const consents: RequestConsents = {
    append: async (entries) => {
      const versions = await feed.append(entries);
      await view.add(
        entries.map(({ token, event }, index) => ({ token, event: { ...event, version: versions[index] ?? -1 } })),
      );
      const { partitions } = await facts(CONSENT_EVENTS_TOPIC);
      return entries.map(
        ({ token }, index) => `${CONSENT_EVENTS_TOPIC}/${consentPartition(token, partitions)}/${versions[index]}`,
      );
    },
    reached: async (coordinates, tokens) => {
      const places = coordinates.map(parseCoordinate);
      let mark = await projection.watermark();
      const passed = (): boolean =>
        places.every((at) => at !== null && Number(mark?.offsets[at.partition] ?? 0) > at.offset);
      if (mark !== null) {
        if (passed() || parts.catchUp === null) return passed();
        await parts.catchUp();
        mark = await projection.watermark();
        return passed();
      }
      const { events } = await view.load(tokens);
      const versions = new Set([...events.values()].flat().map(({ version }) => version));
      return places.every((at) => at !== null && versions.has(at.offset));
    },
    erased: async (tokens, before) => {
      const { events } = await view.load(tokens);
      return consentStateOfTokens(tokens, events).erased(before - 1, Date.now());
    },
  };

  /** Throws where an entry cannot be opened: its key could not be buried. */
  const indexEntries = async (tokens: readonly string[]): Promise<readonly IndexEntry[]> => {
    const entries = new Map<string, IndexEntry>();
    const bounds = await settled({ kafka, brokers, facts, reader }, PUBLISHED_KEYS_TOPIC);
    for (const place of new Set(tokens.map((token) => consentPartition(token, bounds.length)))) {
      const held = bounds.find(({ partition }) => partition === place);
      if (held === undefined || held.low >= held.end) continue;
      const range = { topic: PUBLISHED_KEYS_TOPIC, partition: place, from: held.low, to: held.end };
      for await (const batch of reader.read(range)) {
        for (const { key, value } of batch.records) {
          const name = key === null ? '' : Buffer.from(key).toString('latin1');
          const [token = '', topic = '', partition = ''] = name.split('/');
          if (!tokens.includes(token)) continue;
          if (value === null) entries.delete(name);
          else entries.set(name, { name, place, topic, partition: Number(partition), key: parts.openKey(value, name) });
        }
      }
    }
    return [...entries.values()];
  };

  const outputs: RequestOutputs = {
    active: async () => {
      const now = await bundle();
      if (now === null) return null;
      return { sources: now.compiled.routes.map(({ topic }) => topic), outputs: outputsIn(now.compiled) };
    },
    cleanup: (topic) => topicCleanup(admin, brokers, topic),
    indexed: async (tokens) =>
      (await indexEntries(tokens)).map(({ topic, partition, key }) => ({ topic, partition, key })),
    forget: async (tokens) => {
      await records.append(
        (await indexEntries(tokens)).map(({ name, place }) => ({
          topic: PUBLISHED_KEYS_TOPIC,
          partition: place,
          key: name,
          value: null,
          headers: {},
        })),
      );
    },
    bury: (tombstones, source) =>
      records.append(tombstones.map((one) => ({ ...one, value: null, headers: { 'lethe-source': source } }))),
    async *recordsFrom(topic, partition, from) {
      // Open transactions of workers, for other subjects, hide what was written behind their beginning.
      const bounds = await settled({ kafka, brokers, facts, reader }, topic);
      const held = bounds.find((one) => one.partition === partition);
      if (held === undefined) return;
      const start = Math.max(from, held.low);
      if (start >= held.end) return;
      for await (const batch of reader.read({ topic, partition, from: start, to: held.end })) {
        for (const record of batch.records) yield outputRecord(record);
      }
    },
  };

  const segments = makeSegmentCodec();
  const wholeTopic = async function* (topic: string): AsyncGenerator<RawBatch> {
    for (const { partition, low, end } of await reader.bounds(topic)) {
      if (low < end) yield* reader.read({ topic, partition, from: low, to: end });
    }
  };
  const report = (request: SubjectRequest): Promise<AccessReport> =>
    accessReport(request, {
      events: async (tokens) => (await view.load(tokens)).events,
      outputs: (one) => outputsOf(one.received, { outputs }),
      indexed: outputs.indexed,
      records: async function* (topic) {
        if ((await outputs.cleanup(topic)).partitions === 0) return;
        for await (const { partition, records: held } of wholeTopic(topic)) {
          for (const record of held) yield { ...outputRecord(record), partition };
        }
      },
      segments: async function* () {
        for await (const { records: held } of wholeTopic(AUDIT_TOPIC)) {
          for (const { value } of held) {
            const read = value === null ? null : segments.decode(value);
            if (read?.ok === true) yield read.value;
          }
        }
      },
      rawTopicOf: ({ topic }) => (isCorrection(topic) ? REQUESTS_TOPIC : (replayedTopic(topic) ?? topic)),
      now: Date.now,
    });

  const ports: RequestPorts = {
    log: makeRequestLog({ reader, records, codec: makeRequestEventCodec(), topic: REQUESTS_TOPIC }),
    consents,
    workers: makeRequestWorkers({
      kafka,
      admin,
      brokers,
      reader,
      groupId,
      feedIn: (metadata) => decodePosition(metadata).watermark?.offsets ?? null,
    }),
    outputs,
    dataKeys: {
      shred: async (tokens, at) => {
        await dataKeys.shred(tokens, at);
        return 'shredded';
      },
      shredded: async (tokens) => {
        const states = await dataKeys.load(tokens);
        return tokens.every((token) => states.get(token)?.state === 'shredded');
      },
    },
    gather: async (request) => {
      const { history, published } = await report(request);
      const records = published.reduce((sum, one) => sum + one.records.length, 0);
      return `${history.length} consent events, ${records} published records`;
    },
    sign: parts.sign,
    now: Date.now,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    patienceMs: parts.patienceMs,
  };
  return {
    ports,
    bundle,
    report,
    close: async () => {
      await Promise.all([reader.close(), records.close(), feed.close()]);
    },
  };
}
