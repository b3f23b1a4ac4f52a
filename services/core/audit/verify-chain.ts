/** The chain of one raw partition: segments in, what is wrong with their order, links and offsets out. */
import type { CheckpointChain } from './checkpoint.ts';
import { coveredFragment, extend, type Fragment, inOrder, join, type Link, startFragment } from './verify-fragment.ts';
import { type AuditCoordinate, type Finding, type FindingKind, offsetsText } from './verify-finding.ts';

export type ChainOptions = {
  readonly topic: string;
  readonly partition: number;
  /** A chain of replays of dead letters: its offsets neither join nor ascend from one segment to the next. */
  readonly replays: boolean;
  /** What the last checkpoint says of this partition, or null. */
  readonly covered: CheckpointChain | null;
  /** What the checkpoint covers is not read again. */
  readonly resumed: boolean;
  readonly add: (finding: Finding) => void;
  readonly place: (at: AuditCoordinate) => string;
  /** Whether a segment of this hash was seen lately. */
  readonly seen: (hash: string) => boolean;
};

export type ChainEnd = {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Segments that account for what lies before this offset are not there any more; a checkpoint covers them. */
  readonly gone: number | null;
  readonly head: string;
  readonly at: AuditCoordinate | null;
  /** From the chain's beginning, what a checkpoint covers included. */
  readonly segments: number;
  readonly records: number;
};

export type Chain = {
  readonly topic: string;
  readonly partition: number;
  readonly take: (link: Link) => void;
  /** Tells what is missing; null where no segment of this partition could be read at all. */
  readonly finish: () => ChainEnd | null;
};

/** Stretches held at a time. Where more are loose, what is wrong with them is told at once. */
const MAX_FRAGMENTS = 64;

/**
 * Keeps the stretches that follow each other and joins them as the segments between them turn up. At the end there is
 * one, or something is wrong. So a segment that stands in the wrong place is told from one that is gone, and what follows
 * a fault is not told again.
 */
export function makeChain(options: ChainOptions): Chain {
  const { topic, partition, replays, covered, place } = options;
  const name = `${topic}/${partition}`;
  let fragments: Fragment[] = covered !== null && options.resumed ? [coveredFragment(covered)] : [];
  let passed = fragments.length > 0;

  const tell = (kind: FindingKind, first: number, last: number, at: AuditCoordinate | null, message: string): void => {
    const where = at === null ? null : place(at);
    options.add({ kind, topic, partition, firstOffset: first, lastOffset: last, at: where, message });
  };
  const placed = (at: AuditCoordinate | null): string => (at === null ? 'the checkpoint' : place(at));

  const take = (link: Link): void => {
    const fragment = attach(link);
    if (fragment === null) return;
    if (covered !== null && (link.segment.hash === covered.head || link.recomputed === covered.head)) pass(fragment);
    const back = fragments.find(
      (one) => one !== fragment && (one.previous === fragment.head || one.previous === fragment.alsoHead),
    );
    if (back !== undefined) joinAt(fragment, back);
  };

  /** The checkpoint's counts hold, whether or not all that they count is still there. */
  const pass = (fragment: Fragment): void => {
    passed = true;
    if (covered === null) return;
    fragment.segments = covered.segments;
    fragment.records = covered.records;
    if (fragment.origin === 'middle') fragment.origin = 'checkpoint';
  };

  const attach = (link: Link): Fragment | null => {
    const { segment, at, altered } = link;
    const { firstOffset, lastOffset } = segment;
    const front = fragments.findLast(
      ({ head, alsoHead }) => head === segment.previous || alsoHead === segment.previous,
    );
    if (front !== undefined) {
      if (!altered && front.next !== null) checkOffsets(front.next, firstOffset, lastOffset, at);
      extend(front, link);
      return front;
    }
    if (altered) {
      // What it names as its predecessor may be what was altered.
      const before = fragments.findLast(({ next }) => next === firstOffset);
      if (before !== undefined) extend(before, link);
      else if (fragments.length === 0) fragments.push(startFragment(link, covered, false));
      return before ?? null;
    }
    if (fragments.length >= MAX_FRAGMENTS) settle();
    const fragment = startFragment(link, covered, options.seen(segment.previous));
    if (fragment.origin === 'checkpoint') passed = true;
    fragments.push(fragment);
    return fragment;
  };

  const checkOffsets = (wanted: number, first: number, last: number, at: AuditCoordinate): void => {
    if (replays) return;
    if (first > wanted) {
      const message = `No segment of ${name} accounts for ${offsetsText(wanted, first - 1)}, though the chain goes on.`;
      tell('offset_gap', wanted, first - 1, at, message);
    } else if (first < wanted) {
      const twice = Math.min(last, wanted - 1);
      const message = `${name}: ${offsetsText(first, twice)} accounted for twice, though the chain goes on.`;
      tell('offset_overlap', first, twice, at, message);
    }
  };

  const joinAt = (front: Fragment, back: Fragment): void => {
    if (!inOrder(front.endAt, back.startAt)) {
      const message = `The segment of ${name} ${offsetsText(front.endFirst, front.last)} stands after the one that continues it, at ${placed(back.startAt)}.`;
      tell('reordered', front.endFirst, front.last, front.endAt, message);
    }
    if (front.next !== null && front.endAt !== null && back.startAt !== null) {
      checkOffsets(front.next, back.first, back.last, back.startAt);
    }
    join(front, back);
    fragments = fragments.filter((one) => one !== back);
  };

  /** Tells why there is more than one stretch, and goes on from the one that reaches furthest. */
  const settle = (): void => {
    const sorted = fragments.toSorted((a, b) => a.first - b.first);
    const base = sorted.find(({ origin }) => origin !== 'middle') ?? sorted[0];
    if (base === undefined) return;
    if (base.origin === 'middle' && !passed && !base.suspect) startsLate(base);
    let furthest = base;
    let [segments, records] = [base.segments, base.records];
    for (const fragment of sorted) {
      if (fragment === base) continue;
      separate(base, furthest, fragment);
      segments += fragment.segments;
      records += fragment.records;
      if (fragment.last > furthest.last) furthest = fragment;
    }
    const { head, alsoHead, next, last, endFirst, endAt } = furthest;
    Object.assign(base, { head, alsoHead, next, last, endFirst, endAt, segments, records });
    // What was told above is not told again.
    if (base.origin === 'middle') base.origin = 'checkpoint';
    fragments = [base];
  };

  const startsLate = ({ first, startAt, previous }: Fragment): void => {
    const lost = 'older segments are gone and no checkpoint covers them';
    const message = `The chain of ${name} starts at offset ${first}, not at genesis: it continues ${shortHash(previous)}, but ${lost}.`;
    tell('starts_late', first, first, startAt, message);
  };

  /** A stretch that nothing leads to, beside what goes before it. */
  const separate = (base: Fragment, before: Fragment, loose: Fragment): void => {
    const { first, last, segments, startAt } = loose;
    const span = offsetsText(first, last);
    if (loose.origin === 'genesis' && base.origin !== 'middle') {
      if (
        loose.firstHash === base.firstHash ||
        (base.startAt === null && covered !== null && last <= covered.lastOffset)
      ) {
        tell(
          'doubled',
          first,
          last,
          startAt,
          `${name}: ${span} accounted for again, by a copy (${segments} segments).`,
        );
        return;
      }
      const why =
        "another consumer group (LETHE_GROUP_ID) reads the topic, or the group's position was reset, or the topic was made anew";
      const message = `A second chain of ${name} begins at genesis (${segments} segments, ${span}): ${why}.`;
      tell('second_chain', first, last, startAt, message);
    } else if (replays && !loose.fork) {
      const message = `Segments of ${name} are missing: nothing leads to the one at ${placed(startAt)} (${span}).`;
      tell('dropped', first, last, startAt, message);
    } else if (!replays && first > before.last + 1) {
      const message = `Segments of ${name} are missing: nothing accounts for ${offsetsText(before.last + 1, first - 1)}, between ${placed(before.endAt)} and ${placed(startAt)}.`;
      tell('dropped', before.last + 1, first - 1, startAt, message);
    } else if (!replays && first === before.last + 1) {
      const message = `${name}: the segment at ${placed(startAt)} was chained to another one than the one before it, at ${placed(before.endAt)} (${offsetsText(before.endFirst, before.last)}): one of them was put in later.`;
      tell('forged', before.endFirst, before.last, before.endAt, message);
    } else if (loose.fork) {
      const until = Math.min(last, Math.max(first, before.last));
      const message = `${name}: two segments continue the same one, at ${placed(before.endAt)} and ${placed(startAt)}, both for ${offsetsText(first, until)}: one of them was put in later.`;
      tell('forged', first, until, startAt, message);
    } else {
      tell('doubled', first, last, startAt, `${name}: ${span} accounted for again (${segments} segments).`);
    }
  };

  const againstCheckpoint = (end: Fragment | undefined): void => {
    if (covered === null || passed) return;
    const { lastOffset, head } = covered;
    if (end === undefined || (replays ? end.segments < covered.segments : end.last < lastOffset)) {
      const from = end === undefined || replays ? covered.firstOffset : end.last + 1;
      const ends = end === undefined ? 'nothing of it is left' : `it ends at offset ${end.last}`;
      const message = `The audit of ${name} was cut off: a checkpoint covers it up to offset ${lastOffset}, and ${ends}.`;
      tell('truncated', from, lastOffset, end?.endAt ?? null, message);
      return;
    }
    const message = `The audit of ${name} was written anew: a checkpoint was signed over ${shortHash(head)} at offset ${lastOffset}, which is not in it.`;
    tell('rewritten', covered.firstOffset, lastOffset, null, message);
  };

  return {
    topic,
    partition,
    take,
    finish: () => {
      settle();
      const [end] = fragments;
      againstCheckpoint(end);
      if (end === undefined) return null;
      const { first, last, head, endAt, segments, records } = end;
      const firstOffset = covered !== null && passed ? Math.min(first, covered.firstOffset) : first;
      const gone = firstOffset < first ? first : null;
      return { firstOffset, lastOffset: last, gone, head, at: endAt, segments, records };
    },
  };
}

/** Enough of a hash to find it by. */
export function shortHash(hash: string): string {
  return `${hash.slice(0, 12)}…`;
}
