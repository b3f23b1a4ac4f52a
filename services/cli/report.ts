/** `lethe report`: reads the audit of a period and counts it. */
import { parseInstant } from '../core/apply/time.ts';
import { canonicalText, type HashText } from '../core/audit/segment.ts';
import type { AuditEntry } from '../core/audit/verify.ts';
import { contentProblem } from '../core/audit/verify-content.ts';
import { LetheError } from '../core/errors.ts';
import type { Report } from '../core/report/report-shape.ts';
import { makeReportTally, type ReportTally } from '../core/report/tally.ts';
import { timeOption } from './time-option.ts';
import { type AuditSource, entryOf, fileEntries, placeIn } from './verify-source.ts';

/** Epoch milliseconds: decisions from `from` on and before `to`. */
export type Period = { readonly from: number; readonly to: number };

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** @throws LetheError `usage` where a time cannot be read, or the period holds no moment. */
export function periodOf({ from, to }: { readonly from: string; readonly to: string }): Period {
  const period = { from: momentOf(from, '--from'), to: momentOf(to, '--to') };
  if (period.from < period.to) return period;
  throw new LetheError('usage', '--to does not lie after --from: the period is empty', {
    fix: 'The period ends before --to: January 2026 is --from 2026-01-01 --to 2026-02-01.',
  });
}

function momentOf(text: string, flag: string): number {
  if (!DAY.test(text)) return timeOption(text, flag);
  const midnight = parseInstant(`${text}T00:00:00Z`);
  if (midnight !== null) return midnight;
  throw new LetheError('usage', `${flag} is no day of the calendar`, { fix: 'Write it like 2026-03-01.' });
}

/**
 * Segments are written after their decisions, so what Kafka took before the period holds none of it; clocks of brokers
 * and workers may differ by as much as this.
 */
const CLOCK_SKEW_MS = 3_600_000;

/** How many coordinates of what could not be counted are kept. */
const KEPT = 10;

export type Counted = { readonly tally: ReportTally; readonly unusable: Report['unusable'] };

export type CountOptions = {
  readonly source: AuditSource;
  readonly period: Period;
  readonly hash: HashText;
  /** A file tells bytes, a topic records of the audit and how many there are. */
  readonly progress: (done: number, total: number | null) => void;
};

/**
 * Counts the decisions of a period. What is altered or cut off is not counted but told of; whether the audit is whole is
 * for `lethe verify` to say.
 *
 * @throws LetheError `unavailable` where the topic cannot be read.
 */
export async function countAudit({ source, period, hash, progress }: CountOptions): Promise<Counted> {
  const tally = makeReportTally();
  const place = placeIn(source);
  const first: string[] = [];
  let count = 0;
  /** By chain: the last segment's hash. A copy of it right behind it would count twice. */
  const heads = new Map<string, string>();
  const take = (entry: AuditEntry): void => {
    const { segment, at } = entry;
    if (segment !== null && (segment.decidedAt < period.from || segment.decidedAt >= period.to)) return;
    if (segment === null || isUnusable(entry) || heads.get(chainOf(segment)) === segment.hash) {
      count++;
      if (first.length < KEPT) first.push(place(at));
      return;
    }
    heads.set(chainOf(segment), segment.hash);
    tally.take(segment);
  };
  const isUnusable = (entry: AuditEntry): boolean => {
    if (entry.segment === null) return true;
    const recomputed = hash(('text' in entry ? entry.text : undefined) ?? canonicalText(entry.segment));
    return !entry.exact || recomputed !== entry.segment.hash || contentProblem(entry.segment) !== null;
  };
  if (source.kind === 'file') {
    for await (const entry of fileEntries(source.open(), (bytes) => progress(bytes, null))) take(entry);
  } else {
    await walkTopic(source, period, take, progress);
  }
  return { tally: tally.finish(), unusable: { count, first } };
}

async function walkTopic(
  { topic, reader, decode }: Extract<AuditSource, { kind: 'topic' }>,
  { from }: Period,
  take: (entry: AuditEntry) => void,
  progress: CountOptions['progress'],
): Promise<void> {
  const bounds = await reader.bounds(topic);
  const starts = await reader.offsetsAt(topic, from - CLOCK_SKEW_MS);
  const ranges = bounds.map(({ partition, low, end }) => {
    return { topic, partition, from: Math.min(Math.max(low, starts.get(partition) ?? low), end), to: end };
  });
  const total = ranges.reduce((sum, range) => sum + range.to - range.from, 0);
  let done = 0;
  for (const range of ranges) {
    if (range.from >= range.to) continue;
    for await (const batch of reader.read(range)) {
      for (const record of batch.records) take(entryOf(range.partition, record, decode));
      done += batch.nextOffset - batch.startOffset;
      progress(done, total);
    }
  }
}

function chainOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}
