/**
 * The data path of dead letters that are played again: the stages of a batch (pipeline.ts), with other ends. What fails
 * again is left out of everything, since its letter lies there still, and the audit is a chain of its own: the worker's
 * chain answers for every raw offset once, and has done so for these.
 */
import { replayChainTopic, type ReplayRecords, type ReplayedBatch } from '../core/dead-letter-replay.ts';
import { standInCiphers } from '../core/apply/encrypt.ts';
import type { Decided, OutputDecision, RecordDecision } from '../core/engine.ts';
import { LetheError } from '../core/errors.ts';
import { AUDIT_TOPIC, DEAD_LETTER_TOPIC } from '../core/own-topics.ts';
import type { OutputPlan } from '../core/policy/plan.ts';
import type { Sealer } from '../core/ports.ts';
import type { Publication, RawBatch, TopicFacts } from '../core/transport.ts';
import { type DecodedRecord, decodeBatch } from './1-decode.ts';
import { lookUp } from './2-look-up.ts';
import { decideBatch } from './3-decide.ts';
import { encodeBatch } from './4-encode.ts';
import { auditBatch } from './audit-batch.ts';
import type { ActiveBundle, RouteRuntime } from './bundles.ts';
import type { PipelineOptions } from './pipeline.ts';
import { openPublishedKeys } from './published-keys.ts';
import { decideUnder, needsDataKeys } from './data-keys.ts';
import { checkWatermark } from './position.ts';

export type LetterPathOptions = Pick<
  PipelineOptions,
  | 'bundles'
  | 'bundleStore'
  | 'consents'
  | 'keyring'
  | 'engine'
  | 'topic'
  | 'encodeSegment'
  | 'hashText'
  | 'now'
  | 'maxStalenessMs'
> & {
  /** Null where nothing is published: then no data key is asked for or made. */
  readonly dataKeys: PipelineOptions['dataKeys'] | null;
};

/** As in pipeline.ts. */
const MAX_BUNDLE_CHANGES = 5;
const RECORD_OVERHEAD_BYTES = 512;

/** Only what was decided is encoded: nothing is sealed here. */
const NO_SEALER = {
  seal: (): never => {
    throw new LetheError('bug', 'a replay seals nothing');
  },
};

/** Records that are no dead letters, but go the same way: corrections. */
export type PlayedAs = {
  readonly chainTopic: (rawTopic: string) => string;
  /** Throws where records are not to be played. */
  readonly admit: (decoded: readonly DecodedRecord[]) => void;
  /** Whether an output is meant at all: of others the audit does not speak, and their publications are to be left out. */
  readonly takes: (output: OutputPlan, outcome: OutputDecision) => boolean;
};

const LETTERS: PlayedAs = { chainTopic: replayChainTopic, admit: () => undefined, takes: () => true };

/** @param sealer of the index of published keys; without it, records for outputs that need one cannot be replayed. */
export function makeLetterPath(
  options: LetterPathOptions,
  sealer: Sealer = NO_SEALER,
  as: PlayedAs = LETTERS,
): ReplayRecords {
  const { bundles } = options;

  return async (batch, last) => {
    let bundle = bundles.current() ?? (await bundles.use(named(await options.bundleStore.activeDigest())));
    for (let change = 0; change < MAX_BUNDLE_CHANGES; change++) {
      const route = bundle.routes.get(batch.topic);
      if (route === undefined) return null;
      const result = await attempt(batch, last, bundle, route);
      if (typeof result !== 'string') return result;
      bundle = await bundles.use(result);
    }
    throw new LetheError('unavailable', 'Bundle changes faster than a batch can be decided about', {
      dependency: 'bundle',
    });
  };

  /** One go under one bundle; gives the digest to use instead where another one is active. */
  async function attempt(
    batch: RawBatch,
    last: Parameters<ReplayRecords>[1],
    bundle: ActiveBundle,
    { route, borrow, giveBack }: RouteRuntime,
  ): Promise<ReplayedBatch | string> {
    const { plan } = route;
    const now = options.now();
    const destinations = {
      outputs: await Promise.all(plan.outputs.map(({ topic }) => options.topic(topic))),
      deadLetters: await options.topic(DEAD_LETTER_TOPIC),
      audit: await options.topic(AUDIT_TOPIC),
    };
    const publishedKeys = await openPublishedKeys(plan, destinations.outputs, { ...options, sealer });
    const codec = borrow();
    try {
      const decoded = await decodeBatch(batch, codec, now);
      as.admit(decoded);
      const encrypting = options.dataKeys !== null && needsDataKeys(decoded);
      const found = await lookUp(decoded, options.keyring, options.consents, [], encrypting);
      const { snapshot, stateOf } = found;
      const { activeDigest, watermark } = snapshot;
      if (named(activeDigest) !== bundle.digest) return named(activeDigest);
      checkWatermark(watermark, last.watermark, now, options.maxStalenessMs);

      const keys = encrypting ? await (options.dataKeys?.open(found, false) ?? null) : null;
      const begin = {
        codec,
        now,
        ciphers: keys?.ciphers ?? standInCiphers(options.keyring),
        maxOutputBytes: destinations.outputs.map(({ maxMessageBytes }) => maxMessageBytes - RECORD_OVERHEAD_BYTES),
      };
      const states = decoded.map((one) => (one.kind === 'record' ? stateOf(one.record.subject) : null));
      const { decisions } = await decideUnder(keys, decoded, () => ({
        decisions: decideBatch(batch, decoded, states, options.engine.begin(begin), plan),
      }));
      const outputs = plan.outputs.map(({ topic }) => topic);

      const places = decisions.flatMap(({ kind }, index) => (kind === 'decided' ? [index] : []));
      if (places.length === 0) return { decisions, outputs, publications: [], chain: last.chain, watermark };
      const records = places.map((index) => batch.records[index]!);
      const done: RawBatch = {
        ...batch,
        records,
        startOffset: records[0]!.offset,
        nextOffset: records.at(-1)!.offset + 1,
      };
      const decided = places.map((index) => decisions[index]!);
      const meant = meantOutputs(decided, plan.outputs, as);
      const { segments, chain } = auditBatch(done, meant.decisions, {
        head: {
          topic: as.chainTopic(batch.topic),
          partition: batch.partition,
          bundle: bundle.digest,
          watermark: watermark === null ? null : JSON.stringify(watermark),
          decidedAt: now,
          outputs: meant.topics,
          previous: last.chain,
        },
        encode: options.encodeSegment,
        hash: options.hashText,
        // A candidate in shadow is judged by what comes in, not by what comes again.
        shadow: null,
        maxBytes: destinations.audit.maxMessageBytes - RECORD_OVERHEAD_BYTES,
      });
      const published = encodeBatch(done, decided, { plan, destinations, sealer: NO_SEALER, segments: [], now });
      const evidence = segments.map((segment) =>
        audited(`${as.chainTopic(batch.topic)}/${batch.partition}`, batch, segment, destinations.audit, now),
      );
      const keyed =
        publishedKeys?.(
          done,
          decided,
          places.map((index) => decoded[index]!),
          now,
        ) ?? [];
      return { decisions, outputs, publications: [...published, ...evidence, ...keyed], chain, watermark };
    } finally {
      giveBack(codec);
    }
  }
}

/** Decisions about the outputs that are meant for every one of them. */
function meantOutputs(
  decisions: readonly RecordDecision[],
  outputs: readonly OutputPlan[],
  as: PlayedAs,
): { readonly decisions: readonly RecordDecision[]; readonly topics: readonly string[] } {
  if (as === LETTERS) return { decisions, topics: outputs.map(({ topic }) => topic) };
  const decided = decisions.filter((one): one is Decided => one.kind === 'decided');
  const meant = outputs.filter((output, index) => decided.every((one) => as.takes(output, one.outputs[index]!)));
  return {
    topics: meant.map(({ topic }) => topic),
    decisions: decided.map((one) => ({
      ...one,
      plan: { ...one.plan, outputs: meant },
      outputs: meant.map((output) => one.outputs[outputs.indexOf(output)]!),
    })),
  };
}

function audited(key: string, batch: RawBatch, value: Uint8Array, audit: TopicFacts, timestamp: number): Publication {
  return {
    topic: AUDIT_TOPIC,
    partition: batch.partition % audit.partitions,
    key,
    value,
    headers: {},
    timestamp,
  };
}

function named(digest: string | null): string {
  if (digest !== null) return digest;
  throw new LetheError('unavailable', 'Bundle: none is active in Redis', {
    dependency: 'bundle',
    fix: 'Push one: lethe push DIR. If one was active before, Redis lost its data: import the consents first.',
  });
}
