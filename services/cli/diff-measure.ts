/** Real records before two judges. Reads only; holds one batch at a time. */
import type { DecodeResult } from '../core/apply/codec.ts';
import type { ConsentState } from '../core/decide/consent-state.ts';
import type { Judge, Raw } from '../core/diff/judge.ts';
import type { RecordDiff } from '../core/diff/record-diff.ts';
import type { Poison } from '../core/outcome.ts';
import type { ConsentSource } from './consent-source.ts';

/** A raw record with its coordinates. */
export type Arrived = {
  /** Null: a tombstone, or what cannot be read. */
  readonly value: Uint8Array | null;
  readonly unreadable: Poison | null;
  readonly key: Uint8Array | null;
  readonly headers: unknown;
  /** When it arrived, epoch milliseconds; null: nobody noted it, so that its own event time counts. */
  readonly arrivedAt: number | null;
  /** `topic/partition/offset`, or `FILE:line`. */
  readonly at: () => string;
};

export type ArrivedBatch = {
  readonly records: readonly Arrived[];
  /** How much of the input is done with this batch, in the unit of the progress bar. */
  readonly done: number;
};

export type MeasureOptions = {
  readonly batches: AsyncIterable<ArrivedBatch>;
  readonly before: Judge;
  readonly after: Judge;
  readonly diff: RecordDiff;
  readonly consents: ConsentSource;
  /** `--now`: the moment that all records are judged at, epoch milliseconds; null: each at the moment it arrived. */
  readonly now: number | null;
  /** For what has neither a time of arrival nor one of its own. */
  readonly present: number;
  readonly progress: (done: number) => void;
};

type Seen = {
  readonly record: Arrived;
  readonly before: DecodeResult | null;
  readonly after: DecodeResult | null;
  readonly now: number;
};

/** Judges every record by both bundles and hands what they say to `diff`. Throws `unavailable`. */
export async function measure(options: MeasureOptions): Promise<void> {
  const { before, after, diff, consents } = options;
  for await (const { records, done } of options.batches) {
    const values = records.map(({ value }) => value);
    await before.begin(values);
    await after.begin(values);
    const seen = records.map((record) => decode(record, options));
    const subjects = new Set<string>();
    for (const one of seen) {
      if (one.before?.ok === true) subjects.add(one.before.record.subject);
      if (one.after?.ok === true) subjects.add(one.after.record.subject);
    }
    const stateOf = rememberLast(await consents.load([...subjects]));
    for (const one of seen) {
      diff(
        before.judge(rawOf(one.record, one.before), stateOf, one.now),
        after.judge(rawOf(one.record, one.after), stateOf, one.now),
        one.record.at,
      );
    }
    options.progress(done);
  }
}

/** Both judges ask for the same subject, mostly: its events are sorted once. */
function rememberLast(stateOf: (subject: string) => ConsentState): (subject: string) => ConsentState {
  let last: { readonly subject: string; readonly state: ConsentState } | null = null;
  return (subject) => {
    if (last?.subject !== subject) last = { subject, state: stateOf(subject) };
    return last.state;
  };
}

/** A time that no event time lies ahead of: without a time of arrival nothing can be said to come from the future. */
const FOR_EVER = Number.POSITIVE_INFINITY;

function decode(record: Arrived, { before, after, now, present }: MeasureOptions): Seen {
  const { value, arrivedAt } = record;
  const moment = now ?? arrivedAt;
  if (value === null) return { record, before: null, after: null, now: moment ?? present };
  const timestamp = arrivedAt ?? moment ?? present;
  const judgedAt = moment ?? FOR_EVER;
  const decoded = {
    before: before.decode(value, timestamp, judgedAt),
    after: after.decode(value, timestamp, judgedAt),
  };
  return { record, ...decoded, now: moment ?? laterTime(decoded.before, decoded.after) ?? present };
}

/** The event time; the later one where the two bundles read different ones, so that nothing is from the future. */
function laterTime(before: DecodeResult | null, after: DecodeResult | null): number | null {
  const times = [before, after].flatMap((one) => (one?.ok === true ? [one.record.eventTime] : []));
  return times.length === 0 ? null : Math.max(...times);
}

function rawOf({ unreadable, value, key, headers }: Arrived, decoded: DecodeResult | null): Raw {
  if (unreadable !== null) return { kind: 'unreadable', poison: unreadable };
  return value === null ? { kind: 'tombstone', key } : { kind: 'value', decoded, headers };
}
