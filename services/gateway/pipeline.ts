/**
 * The data path of a batch: decode → look up → decide and apply → encode. What it returns the transport publishes and
 * commits in one transaction, after a last look at the consents it rests on. It holds nothing between batches; whatever
 * fails is done again from the raw records.
 */
import { type AuditSegment, GENESIS } from '../core/audit/segment.ts';
import type { BatchSpan } from '../core/batch-span.ts';
import type { Engine } from '../core/engine.ts';
import { LetheError } from '../core/errors.ts';
import type { Keyring } from '../core/keyring.ts';
import { AUDIT_TOPIC, DEAD_LETTER_TOPIC } from '../core/own-topics.ts';
import type { BundleStore, ConsentStore, Sealer, Watermark } from '../core/ports.ts';
import type { BatchContext, BatchHandler, BatchResult, RawBatch, TopicFacts } from '../core/transport.ts';
import { decodeBatch } from './1-decode.ts';
import { lookUp } from './2-look-up.ts';
import { decideBatch } from './3-decide.ts';
import { encodeBatch } from './4-encode.ts';
import { makeRecheck } from './5-recheck.ts';
import { auditBatch } from './audit-batch.ts';
import { type DataKeys, decideUnder, needsDataKeys } from './data-keys.ts';
import type { ActiveBundle, Bundles, RouteRuntime } from './bundles.ts';
import type { Measures, Stage } from './measures.ts';
import { openPublishedKeys } from './published-keys.ts';
import { openShadow, type ShadowBatch } from './shadow-batch.ts';
import type { Shadows } from './shadows.ts';
import { checkWatermark, decodePosition, encodePosition, furtherOf } from './position.ts';
import { countBatch, countedOf } from './tally.ts';

export type PipelineOptions = {
  readonly bundles: Bundles;
  readonly bundleStore: BundleStore;
  readonly shadows: Shadows;
  readonly consents: ConsentStore;
  readonly dataKeys: DataKeys;
  readonly keyring: Keyring;
  readonly sealer: Sealer;
  readonly engine: Engine;
  readonly topic: (name: string) => Promise<TopicFacts>;
  readonly encodeSegment: (segment: AuditSegment) => Uint8Array;
  readonly hashText: (text: string) => string;
  readonly measures: Measures;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** Seconds from any origin, for durations. */
  readonly seconds: () => number;
  /** LETHE_CONSENT_MAX_STALENESS in milliseconds. */
  readonly maxStalenessMs: number;
};

/** A push may land between decoding and looking up; more than this many in a row is no longer a coincidence. */
const MAX_BUNDLE_CHANGES = 5;
/** Room for headers of ours and for what Kafka writes around a record, in bytes. */
const RECORD_OVERHEAD_BYTES = 512;

/** Another bundle turned out to be active, or another candidate to be in shadow. */
type Again = { readonly again: 'active'; readonly digest: string } | { readonly again: 'candidate' };

export function makePipeline(options: PipelineOptions): BatchHandler {
  const { bundles, measures, shadows } = options;
  /** The furthest that this worker has seen the view. */
  let furthest: Watermark | null = null;

  const timedBy =
    (span: BatchSpan | undefined) =>
    async <T>(stage: Stage, work: () => T | Promise<T>): Promise<T> => {
      const started = options.seconds();
      const done = await work();
      const seconds = options.seconds() - started;
      measures.stage(stage, seconds);
      span?.stage(stage, seconds);
      return done;
    };

  const activeBundle = async (): Promise<ActiveBundle> => {
    const current = bundles.current();
    if (current !== null) return current;
    return bundles.use(named(await options.bundleStore.activeDigest()));
  };

  /**
   * To be called before the view is asked: what another partition learns meanwhile, the answer need not know. A view that
   * went back is noticed by all partitions, not only by those that were decided under what is lost.
   */
  const asking = (last: Watermark | null): ((watermark: Watermark | null, now: number) => void) => {
    const floor = furtherOf(last, furthest);
    return (watermark, now) => {
      checkWatermark(watermark, floor, now, options.maxStalenessMs);
      furthest = furtherOf(furthest, watermark);
    };
  };

  return async (batch, context) => {
    let bundle = await activeBundle();
    let candidates = 0;
    for (let change = 0; change < MAX_BUNDLE_CHANGES; change++) {
      const route = bundle.routes.get(batch.topic);
      if (route === undefined) {
        throw new LetheError('unavailable', `Bundle ${bundle.digest} has no route for ${batch.topic} any more`, {
          dependency: 'bundle',
          fix: 'Nothing to do: the worker leaves the topic within seconds.',
        });
      }
      const result = await attempt(batch, context, bundle, route, candidates === 0);
      if (!('again' in result)) return result;
      if (result.again === 'candidate') {
        candidates = 1;
        change--;
        await shadows.settled();
      } else {
        bundle = await bundles.use(result.digest);
      }
    }
    throw new LetheError('unavailable', 'Bundle changes faster than a batch can be decided about', {
      dependency: 'bundle',
    });
  };

  /**
   * One go under one bundle, with the candidate beside it; says where it is to be done again.
   *
   * @param mayRestart whether to begin anew for a candidate that was not known at the start; else it is put down as not
   * asked. Once a batch is enough: the stream waits for no candidate.
   */
  async function attempt(
    batch: RawBatch,
    context: BatchContext,
    bundle: ActiveBundle,
    { route, borrow, giveBack }: RouteRuntime,
    mayRestart: boolean,
  ): Promise<BatchResult | Again> {
    const { plan } = route;
    const { span } = context;
    const timed = timedBy(span);
    span?.judged(plan.name, bundle.digest);
    const last = decodePosition(context.metadata);
    const now = options.now();
    const destinations = {
      outputs: await Promise.all(plan.outputs.map(({ topic }) => options.topic(topic))),
      deadLetters: await options.topic(DEAD_LETTER_TOPIC),
      audit: await options.topic(AUDIT_TOPIC),
    };
    const publishedKeys = await openPublishedKeys(plan, destinations.outputs, options);
    const maxOutputBytes = destinations.outputs.map(({ maxMessageBytes }) => maxMessageBytes - RECORD_OVERHEAD_BYTES);
    const limits = new Map(plan.outputs.map(({ topic }, index) => [topic, maxOutputBytes[index]!]));
    const maxBytesOf = (topic: string): number => limits.get(topic) ?? Number.POSITIVE_INFINITY;
    const beside = { batch, plan, now, engine: options.engine, keyring: options.keyring, maxBytesOf, shadows };
    const codec = borrow();
    let shadow: ShadowBatch | null = null;
    try {
      const decoded = await timed('decode', () => decodeBatch(batch, codec, now));
      await context.heartbeat();
      const candidate = shadows.current();
      if (candidate !== null) {
        shadow = await openShadow(candidate, beside);
        await context.heartbeat();
      }
      const accept = asking(last.watermark);
      const encrypting = needsDataKeys(decoded);
      const found = await timed('lookup', () =>
        lookUp(decoded, options.keyring, options.consents, shadow?.subjects, encrypting),
      );
      const { activeDigest, shadowDigest, watermark } = found.snapshot;
      if (named(activeDigest) !== bundle.digest) return { again: 'active', digest: named(activeDigest) };
      shadows.notice(shadowDigest, bundle);
      const noticed = shadows.current();
      if (noticed !== candidate) {
        if (noticed !== null && mayRestart) return { again: 'candidate' };
        shadow?.close();
        shadow = noticed === null ? null : await openShadow({ digest: noticed.digest, route: null }, beside);
      }
      if (watermark !== null) measures.viewAge((now - watermark.at) / 1000);
      accept(watermark, now);
      await context.heartbeat();

      const keys = encrypting ? await options.dataKeys.open(found, shadow !== null) : null;
      const ciphers = keys === null ? {} : { ciphers: keys.ciphers };
      const states = await timed('decide', () =>
        decoded.map((one) => (one.kind === 'record' ? found.stateOf(one.record.subject) : null)),
      );
      const { engine, decisions } = await timed('apply', () =>
        decideUnder(keys, decoded, () => {
          const begun = options.engine.begin({ codec, now, maxOutputBytes, ...ciphers });
          return { engine: begun, decisions: decideBatch(batch, decoded, states, begun, plan) };
        }),
      );
      await context.heartbeat();
      if (shadow !== null) {
        shadow.judge(decisions, found.othersKnown ? found.stateOf : null, keys?.candidates ?? null);
        await context.heartbeat();
      }

      const { chain, publications } = await timed('encode', () => {
        const audit = auditBatch(batch, decisions, {
          head: {
            topic: batch.topic,
            partition: batch.partition,
            bundle: bundle.digest,
            watermark: watermark === null ? null : JSON.stringify(watermark),
            decidedAt: now,
            outputs: plan.outputs.map(({ topic }) => topic),
            previous: last.chain ?? GENESIS,
          },
          encode: options.encodeSegment,
          hash: options.hashText,
          ...(shadow === null ? {} : { shadow: shadow.verdict }),
          maxBytes: destinations.audit.maxMessageBytes - RECORD_OVERHEAD_BYTES,
        });
        const { segments } = audit;
        const { sealer } = options;
        return {
          chain: audit.chain,
          publications: [
            ...encodeBatch(batch, decisions, { plan, destinations, sealer, segments, now, span }),
            ...(publishedKeys?.(batch, decisions, decoded, now) ?? []),
          ],
        };
      });
      const divergence = shadow?.verdict(0, decisions.length).divergence ?? [];
      const recheck = makeRecheck({
        ...{ decoded, decisions, found, engine, decidedAt: now, store: options.consents, now: options.now },
        asking: () => asking(watermark),
      });
      return {
        publications,
        metadata: encodePosition({ chain, watermark }),
        ...(recheck === null ? {} : { stillGood: recheck.stillGood }),
        committed: () => {
          const counts = countBatch(batch, decoded, decisions, publications, engine, plan, now, divergence);
          measures.batch(counts);
          span?.counted(countedOf(counts));
          if (recheck !== null) measures.propagation(Math.max(0, options.now() - recheck.knownUntil()) / 1000);
        },
      };
    } finally {
      shadow?.close();
      giveBack(codec);
    }
  }
}

function named(digest: string | null): string {
  if (digest !== null) return digest;
  throw new LetheError('unavailable', 'Bundle: none is active in Redis', {
    dependency: 'bundle',
    // What an emptied Redis has forgotten first of all is who objected: a push alone would set the stream going again.
    fix: 'Push one: lethe push DIR. If one was active before, Redis lost its data: import the consents first.',
  });
}
