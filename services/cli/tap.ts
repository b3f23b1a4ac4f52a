/** `lethe tap`: reads the audit as it grows, and tells what is selected of it. */
import { type AuditSegment, type HashText, recomputeHash } from '../core/audit/segment.ts';
import { contentProblem } from '../core/audit/verify-content.ts';
import { LetheError } from '../core/errors.ts';
import { decisionsOf, type TapDecision } from '../core/tap/decision.ts';
import { makeSampler, type Sampler } from '../core/tap/sample.ts';
import { type Hit, hitsOf, type Selection } from '../core/tap/selection.ts';
import { hasValue, makeValueQueue, type PublishedValue, type ValueQueue } from '../core/tap/values.ts';
import type { TopicReader } from '../core/topic-reader.ts';
import type { RawRecord } from '../core/transport.ts';
import { follow } from './follow.ts';
import type { OutputTails } from './tap-values.ts';
import type { DecodeSegment } from './verify-source.ts';

export type TapRun = {
  readonly reader: TopicReader;
  readonly auditTopic: string;
  readonly decode: DecodeSegment;
  readonly hash: HashText;
  readonly selection: Selection;
  /** Records a second; null: all of them. */
  readonly sample: number | null;
  /** Decisions; null: until it is stopped. */
  readonly limit: number | null;
  /** Null: values are not shown. */
  readonly values: OutputTails | null;
  /** False: nobody reads any longer. `value` null: none is to be shown. */
  readonly show: (decision: TapDecision, value: PublishedValue | null, leftOut: number) => Promise<boolean>;
  /** After each round; `leftOut`: records left out since the decision shown last. */
  readonly rounded: (told: { readonly shown: number; readonly leftOut: number }) => Promise<void>;
  /** The broker was lost; it is asked again. */
  readonly troubled: (error: LetheError) => void;
  /** Resolves after so many milliseconds, and at once when stopped: false then. */
  readonly wait: (milliseconds: number) => Promise<boolean>;
  readonly stopped: () => boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

export type Tapped = {
  readonly shown: number;
  readonly leftOut: number;
  /** Records of the audit topic that are no segments, or not what their workers wrote. */
  readonly unusable: number;
};

const EVERY_MS = 300;
const AGAIN_MS = 1_000;
/** Audit and outputs are of one transaction, but become readable one after the other. */
const VALUE_WAIT_MS = 3_000;
/** Decisions that may wait for their values. */
const MOST_WAITING = 1_000;
/** No batch has as many: what says so is not read record by record. */
const MOST_RECORDS = 1_000_000;

/** From now on. Throws where the audit cannot be read at the start; outages after that are waited out. */
export async function runTap(run: TapRun): Promise<Tapped> {
  const { reader, values, now } = run;
  const sampler = run.sample === null ? null : makeSampler(run.sample);
  const queue = values === null ? null : makeValueQueue(values);
  const audit = await follow(reader, run.auditTopic, null);
  let shown = 0;
  let leftOut = 0;
  let leftOutInAll = 0;
  let unusable = 0;
  let ended = false;
  let last = now();
  /** Of the round, where they are chosen from at its end. */
  let candidates: AuditSegment[] = [];

  const outage = (error: unknown): void => {
    if (!(error instanceof LetheError && error.retryable)) throw error;
    run.troubled(error);
  };
  const show = async (decision: TapDecision, value: PublishedValue | null, left: number): Promise<void> => {
    if (ended) return;
    ended = !(await run.show(decision, value, left)) || ++shown === run.limit || run.stopped();
  };
  const release = async (waiting: ValueQueue, keep: number): Promise<void> => {
    // Decisions are told without their values rather than not at all.
    await values?.read().catch(outage);
    for (const one of waiting.release(now(), keep)) {
      await show(one.decision, one.value, one.leftOut);
      if (ended) return;
    }
  };
  const tell = async (hit: Hit): Promise<void> => {
    for (const decision of decisionsOf(hit)) {
      if (ended) return;
      const left = leftOut;
      leftOut = 0;
      if (queue === null) {
        await show(decision, null, left);
        continue;
      }
      if (hasValue(decision) && decision.output !== null) values?.want(decision.output, decision.decidedAt);
      queue.push({ decision, leftOut: left, until: now() + VALUE_WAIT_MS });
      if (queue.size() > MOST_WAITING) await release(queue, MOST_WAITING / 2);
    }
  };
  const take = async (_partition: number, records: readonly RawRecord[]): Promise<boolean> => {
    for (const record of records) {
      const segment = segmentOf(record, run);
      if (segment === null) unusable++;
      else if (sampler !== null) candidates.push(segment);
      else for (const hit of hitsOf(segment, run.selection)) if (!ended) await tell(hit);
      if (ended || run.stopped()) return false;
    }
    return true;
  };
  const choose = async (from: Sampler): Promise<void> => {
    const elapsed = now() - last;
    last = now();
    const round = from.choose(allHits(candidates, run.selection), Math.max(0, elapsed));
    candidates = [];
    leftOut += round.leftOut;
    leftOutInAll += round.leftOut;
    for (const hit of round.chosen) await tell(hit);
  };

  while (!ended && !run.stopped()) {
    let pause = EVERY_MS;
    try {
      await audit.round(take);
      if (sampler !== null) await choose(sampler);
      if (queue !== null && queue.size() > 0) await release(queue, MOST_WAITING);
    } catch (error) {
      outage(error);
      pause = AGAIN_MS;
    }
    await run.rounded({ shown, leftOut });
    if (ended || !(await run.wait(pause))) break;
  }
  return { shown, leftOut: leftOutInAll, unusable };
}

function* allHits(segments: readonly AuditSegment[], selection: Selection): Generator<Hit> {
  for (const segment of segments) yield* hitsOf(segment, selection);
}

/** Null: it is no segment, contradicts itself or was altered; `lethe verify` says which. */
function segmentOf({ value }: RawRecord, { decode, hash }: TapRun): AuditSegment | null {
  const read = value === null ? null : decode(value);
  if (read === null || !read.ok) return null;
  const segment = read.value;
  if (contentProblem(segment) !== null || recomputeHash(segment, hash) !== segment.hash) return null;
  const records = segment.records.reduce((sum, { count }) => sum + count, 0);
  return records > MOST_RECORDS ? null : segment;
}
