/**
 * What an audit comes to over a period, for `lethe report` (issue 4; GDPR Art. 30). Counts alone: memory grows with the
 * number of bundles, outputs, declared paths and raw partitions, not with the audit.
 */
import { replayedTopic } from '../dead-letter-replay.ts';
import type { AuditSegment } from '../audit/segment.ts';
import { releases } from '../decide/variants.ts';
import type { Effect } from '../decide/variant.ts';
import type { DeadLetterCode, WithheldReason } from '../outcome.ts';
import { compareText } from '../policy/report.ts';

/** Records of one output. `published` counts all that was: whole, in part, tombstones. */
export type OutputCounts = {
  published: number;
  /** Of these, tombstones: keys alone, that have something erased downstream. */
  tombstones: number;
  /** Of these, published with what is not personal alone, by what was in the way of the rest. */
  readonly inPart: Map<WithheldReason, number>;
  readonly withheld: Map<WithheldReason, number>;
  /** Records of the raw topic that could not be decided about, so that the output got nothing of them. */
  readonly deadLettered: Map<DeadLetterCode, number>;
};

/** What one output came to under one bundle. */
export type OutputTally = {
  readonly bundle: string;
  readonly rawTopic: string;
  readonly topic: string;
  readonly decided: OutputCounts;
  /** Dead letters that were replayed in the period, each counted here and not under `decided`. */
  readonly replayed: OutputCounts;
  /** By declared path (`headers.NAME`), then effect: published records in which that was done to it, replays included. */
  readonly fields: Map<string, Map<Effect, number>>;
};

export type BundleTally = {
  readonly digest: string;
  /** Epoch milliseconds of its first and last decisions in the period. */
  first: number;
  last: number;
  segments: number;
  records: number;
};

export type ChainTally = {
  readonly rawTopic: string;
  readonly partition: number;
  /** Of replayed dead letters; their offsets stand for themselves. */
  readonly replays: boolean;
  firstOffset: number;
  lastOffset: number;
  records: number;
  /** Offsets between that no segment of the period answers for. */
  missing: number;
  /** Offsets that more than one segment answers for: a position was reset, and records were decided about again. */
  repeated: number;
  readonly deadLettered: Map<DeadLetterCode, number>;
};

export type ReportTally = {
  readonly segments: number;
  readonly records: number;
  /** By topic, raw topic, then bundle. */
  readonly outputs: readonly OutputTally[];
  /** By first decision. */
  readonly bundles: readonly BundleTally[];
  /** By raw topic, then partition; replays after decisions. */
  readonly chains: readonly ChainTally[];
};

export type Tallying = {
  /** Counts a segment; it must be unaltered, make sense, and lie in the period. */
  readonly take: (segment: AuditSegment) => void;
  readonly finish: () => ReportTally;
};

export function makeReportTally(): Tallying {
  const outputs = new Map<string, OutputTally>();
  const bundles = new Map<string, BundleTally>();
  const chains = new Map<string, ChainTally>();
  let segments = 0;
  let records = 0;

  const outputOf = (bundle: string, rawTopic: string, topic: string): OutputTally => {
    const key = `${bundle}/${rawTopic}/${topic}`;
    const known = outputs.get(key);
    if (known !== undefined) return known;
    const made = { bundle, rawTopic, topic, decided: noCounts(), replayed: noCounts(), fields: new Map() };
    outputs.set(key, made);
    return made;
  };

  const take = (segment: AuditSegment): void => {
    const replayed = replayedTopic(segment.topic);
    const replays = replayed !== null;
    const rawTopic = replayed ?? segment.topic;
    const byShape = countsByShape(segment);
    const total = byShape.reduce((sum, count) => sum + count, 0);
    segments++;
    records += total;
    takeBundle(bundles, segment, total);
    const chain = takeChain(chains, segment, { rawTopic, replays, total });

    const tallies = segment.outputs.map((topic) => outputOf(segment.bundle, rawTopic, topic));
    const published = segment.outputs.map(() => new Map<number, number>());
    for (const [index, { deadLetter, outputs: outcomes }] of segment.shapes.entries()) {
      const count = byShape[index] ?? 0;
      if (count === 0) continue;
      if (deadLetter !== null) {
        add(chain.deadLettered, deadLetter.code, count);
        for (const { decided, replayed } of tallies) {
          add((replays ? replayed : decided).deadLettered, deadLetter.code, count);
        }
        continue;
      }
      for (const [at, { outcome, reason, treatment }] of outcomes.entries()) {
        const tally = tallies[at];
        if (tally === undefined) continue;
        const counts = replays ? tally.replayed : tally.decided;
        if (outcome === 'withheld') {
          if (reason !== null) add(counts.withheld, reason, count);
          continue;
        }
        counts.published += count;
        if (treatment === null) counts.tombstones += count;
        else if (reason !== null) add(counts.inPart, reason, count);
        const treated = published[at];
        if (treatment !== null && treated !== undefined) add(treated, treatment, count);
      }
    }
    for (const [at, treated] of published.entries()) {
      for (const [treatment, count] of treated) {
        for (const { path, effect } of segment.treatments[treatment] ?? []) {
          const fields = tallies[at]?.fields;
          const effects = fields?.get(path) ?? new Map<Effect, number>();
          fields?.set(path, effects);
          add(effects, effect, count);
        }
      }
    }
  };

  return {
    take,
    finish: () => ({
      segments,
      records,
      outputs: [...outputs.values()].sort(
        (a, b) =>
          compareText(a.topic, b.topic) || compareText(a.rawTopic, b.rawTopic) || compareText(a.bundle, b.bundle),
      ),
      bundles: [...bundles.values()].sort((a, b) => a.first - b.first || compareText(a.digest, b.digest)),
      chains: [...chains.values()].sort(
        (a, b) =>
          compareText(a.rawTopic, b.rawTopic) || Number(a.replays) - Number(b.replays) || a.partition - b.partition,
      ),
    }),
  };
}

/** What is left of a field's effects: those by which something of it leaves. */
export function releasedIn(effects: ReadonlyMap<Effect, number>): readonly (readonly [Effect, number])[] {
  return [...effects].filter(([effect]) => releases(effect));
}

export function noCounts(): OutputCounts {
  return { published: 0, tombstones: 0, inPart: new Map(), withheld: new Map(), deadLettered: new Map() };
}

export function add<K>(counts: Map<K, number>, key: K, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function countsByShape({ shapes, records }: AuditSegment): readonly number[] {
  const counts = shapes.map(() => 0);
  for (const { count, shape } of records) counts[shape] = (counts[shape] ?? 0) + count;
  return counts;
}

function takeBundle(bundles: Map<string, BundleTally>, { bundle, decidedAt }: AuditSegment, total: number): void {
  const known = bundles.get(bundle);
  if (known === undefined) {
    bundles.set(bundle, { digest: bundle, first: decidedAt, last: decidedAt, segments: 1, records: total });
    return;
  }
  known.first = Math.min(known.first, decidedAt);
  known.last = Math.max(known.last, decidedAt);
  known.segments++;
  known.records += total;
}

function takeChain(
  chains: Map<string, ChainTally>,
  { topic, partition, firstOffset, lastOffset }: AuditSegment,
  about: { readonly rawTopic: string; readonly replays: boolean; readonly total: number },
): ChainTally {
  const { rawTopic, replays, total } = about;
  const key = `${topic}/${partition}`;
  const known = chains.get(key);
  if (known === undefined) {
    const made = { rawTopic, partition, replays, firstOffset, lastOffset, records: total, missing: 0, repeated: 0 };
    const chain: ChainTally = { ...made, deadLettered: new Map() };
    chains.set(key, chain);
    return chain;
  }
  if (!replays) {
    const gap = firstOffset - known.lastOffset - 1;
    if (gap > 0) known.missing += gap;
    else known.repeated += Math.min(-gap, lastOffset - firstOffset + 1);
  }
  known.firstOffset = Math.min(known.firstOffset, firstOffset);
  known.lastOffset = Math.max(known.lastOffset, lastOffset);
  known.records += total;
  return known;
}
