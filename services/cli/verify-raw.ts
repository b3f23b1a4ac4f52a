/**
 * Holds the audit against the raw topics: every raw record that is still there must have been decided about. What was
 * accounted for is gathered as runs and compared in portions, so that memory grows neither with the audit nor with the
 * topics.
 */
import type { CheckpointChain } from '../core/audit/checkpoint.ts';
import type { AuditSegment } from '../core/audit/segment.ts';
import { type Finding, type Findings, offsetsText } from '../core/audit/verify-finding.ts';
import { LetheError } from '../core/errors.ts';
import type { PartitionBounds, TopicReader } from '../core/topic-reader.ts';

export type RawOptions = {
  readonly reader: TopicReader;
  /** Whether a topic is there; asked where its offsets cannot be read. */
  readonly exists: (topic: string) => Promise<boolean>;
  readonly findings: Findings;
  /** What the last checkpoint says of a partition, or null. */
  readonly covered: (topic: string, partition: number) => CheckpointChain | null;
  readonly resumed: boolean;
};

/** What was compared of one raw partition. */
export type RawCompared = {
  /** The first offset that was compared and the one after the last; null where nothing was. */
  readonly from: number | null;
  readonly to: number | null;
  /** Raw records that were read. */
  readonly records: number;
  /** Accounted for, and not there any more: compacted away, mostly. */
  readonly absent: number;
  /** What the raw partition holds now. */
  readonly low: number;
  readonly end: number;
};

export type RawComparison = {
  readonly accounted: (segment: AuditSegment) => void;
  /** Compares what was gathered, where it is much. */
  readonly relieve: () => Promise<void>;
  /** Compares the rest. By `topic/partition`; what could not be compared is absent and told in `notes`. */
  readonly finish: () => Promise<ReadonlyMap<string, RawCompared>>;
  readonly notes: readonly string[];
};

/** Offsets from `from`, up to but without `to`. */
type Span = { readonly from: number; to: number };

type State = {
  readonly topic: string;
  readonly partition: number;
  /** What segments answer for, and within it what holds records. In the order in which it came. */
  answered: Span[];
  held: Span[];
  /** The next raw offset to compare; null: from the oldest. */
  next: number | null;
  compared: { from: number | null; to: number | null; records: number; absent: number };
};

/** Spans gathered over all partitions: a few MB. */
const MAX_SPANS = 50_000;

/** @param maxSpans how much is gathered before it is compared. */
export function makeRawComparison(options: RawOptions, maxSpans: number = MAX_SPANS): RawComparison {
  const { reader, findings, covered, resumed } = options;
  const states = new Map<string, State>();
  const bounds = new Map<string, readonly PartitionBounds[]>();
  const missing = new Set<string>();
  const notes: string[] = [];
  let spans = 0;

  const stateOf = ({ topic, partition, firstOffset }: AuditSegment): State => {
    const name = `${topic}/${partition}`;
    let state = states.get(name);
    if (state === undefined) {
      const checkpoint = covered(topic, partition);
      // What a checkpoint covers was compared before it was signed, and its segments may be gone.
      const next = checkpoint === null ? null : resumed ? checkpoint.lastOffset + 1 : firstOffset;
      const compared = { from: null, to: null, records: 0, absent: 0 };
      states.set(name, (state = { topic, partition, answered: [], held: [], next, compared }));
    }
    return state;
  };

  const push = (list: Span[], from: number, to: number): void => {
    const last = list.at(-1);
    if (last !== undefined && last.to === from) {
      last.to = to;
    } else {
      list.push({ from, to });
      spans++;
    }
  };

  const boundsOf = async (state: State, afresh: boolean): Promise<PartitionBounds | null> => {
    const { topic, partition } = state;
    if (missing.has(topic)) return null;
    let found = afresh ? undefined : bounds.get(topic);
    if (found === undefined) {
      try {
        found = await reader.bounds(topic);
      } catch (error) {
        if (await options.exists(topic)) throw error;
        missing.add(topic);
        notes.push(`${topic} does not exist any more: its records could not be compared`);
        return null;
      }
      bounds.set(topic, found);
    }
    return found.find((one) => one.partition === partition) ?? { partition, low: 0, end: 0 };
  };

  const flush = async (state: State): Promise<void> => {
    const answered = merged(state.answered);
    const held = merged(state.held);
    spans -= state.answered.length + state.held.length;
    state.answered = [];
    state.held = [];
    const last = answered.at(-1);
    if (last === undefined) return;
    let limits = await boundsOf(state, false);
    if (limits !== null && limits.end < last.to) limits = await boundsOf(state, true);
    if (limits === null) return;
    if (limits.end < last.to) shorter(state, Math.max(limits.end, answered[0]!.from), last.to - 1, limits);
    const from = Math.max(state.next ?? limits.low, limits.low);
    const to = Math.min(last.to, limits.end);
    state.next = Math.max(state.next ?? 0, last.to);
    if (from < to) await compare(state, held, from, to);
  };

  const shorter = (state: State, first: number, last: number, { end }: PartitionBounds): void => {
    const name = `${state.topic}/${state.partition}`;
    const message = `The audit accounts for ${offsetsText(first, last)} of ${name}, which ends at ${end}: the topic was made anew, or those records never were.`;
    tell(state, { kind: 'raw_shorter', firstOffset: first, lastOffset: last, message });
  };

  const tell = (
    { topic, partition }: State,
    finding: Pick<Finding, 'kind' | 'firstOffset' | 'lastOffset' | 'message'>,
  ): void => findings.add({ topic, partition, at: null, ...finding });

  const compare = async (state: State, held: readonly Span[], start: number, to: number): Promise<void> => {
    const { topic, partition, compared } = state;
    const name = `${topic}/${partition}`;
    let from = start;
    let index = 0;
    let matched = 0;
    let open: { first: number; last: number; count: number } | null = null;
    const close = (): void => {
      if (open === null) return;
      const { first, last, count } = open;
      const message = `${count} record(s) of ${name} at ${offsetsText(first, last)} are there, and no segment accounts for them.`;
      tell(state, { kind: 'raw_unaccounted', firstOffset: first, lastOffset: last, message });
      open = null;
    };
    for (let again = 0; ; again++) {
      try {
        for await (const { records, nextOffset } of reader.read({ topic, partition, from, to })) {
          for (const { offset } of records) {
            while (index < held.length && held[index]!.to <= offset) index++;
            compared.records++;
            if (index < held.length && held[index]!.from <= offset) {
              matched++;
              close();
            } else if (open === null) {
              open = { first: offset, last: offset, count: 1 };
            } else {
              open.last = offset;
              open.count++;
            }
          }
          from = nextOffset;
        }
        break;
      } catch (error) {
        // Retention deletes while we read: what is gone is nothing that could be compared.
        if (!(error instanceof LetheError && error.code === 'data_lost') || again > 9) throw error;
        const low = (await boundsOf(state, true))?.low ?? to;
        notes.push(`retention deleted ${offsetsText(from, low - 1)} of ${name} meanwhile: not compared`);
        from = Math.max(from, low);
        if (from >= to) break;
      }
    }
    close();
    const said = held.reduce((sum, span) => sum + Math.max(0, Math.min(span.to, to) - Math.max(span.from, start)), 0);
    compared.absent += said - matched;
    compared.from ??= start;
    compared.to = to;
  };

  return {
    notes,
    accounted: (segment) => {
      const state = stateOf(segment);
      push(state.answered, segment.firstOffset, segment.lastOffset + 1);
      let next = segment.firstOffset;
      for (const { skip, count } of segment.records) {
        next += skip;
        push(state.held, next, next + count);
        next += count;
      }
    },
    relieve: async () => {
      if (spans <= maxSpans) return;
      for (const state of states.values()) if (state.held.length > 1) await flush(state);
    },
    finish: async () => {
      const result = new Map<string, RawCompared>();
      for (const [name, state] of states) {
        await flush(state);
        const limits = await boundsOf(state, false);
        if (limits === null) continue;
        result.set(name, { ...state.compared, low: limits.low, end: limits.end });
        const { absent } = state.compared;
        if (absent > 0) notes.push(`${name}: ${absent} accounted record(s) are not there any more (compaction)`);
      }
      return result;
    },
  };
}

/** Ascending, joined where they touch. */
function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last !== undefined && last.to >= from) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}
