/** A stretch of one partition's chain whose segments follow each other, whatever order they were read in. */
import type { CheckpointChain } from './checkpoint.ts';
import { type AuditSegment, GENESIS } from './segment.ts';
import type { AuditCoordinate } from './verify-finding.ts';

export type Origin = 'genesis' | 'checkpoint' | 'middle';

export type Fragment = {
  /** What its first segment names as its predecessor. */
  previous: string;
  origin: Origin;
  firstHash: string;
  first: number;
  /** Null: a checkpoint's head, which was not read. */
  startAt: AuditCoordinate | null;
  /** Hash of its last segment. */
  head: string;
  /** The last segment was altered: the next may be chained to what it was or to what it says. */
  alsoHead: string | null;
  /** The raw offset that has to come next; null after an altered segment, whose offsets prove nothing. */
  next: number | null;
  last: number;
  endFirst: number;
  endAt: AuditCoordinate | null;
  segments: number;
  records: number;
  /** Its first segment continues one that is known, and that another one continues already. */
  readonly fork: boolean;
  /** Its first segment was altered, which has been said. */
  suspect: boolean;
};

/** A segment as the chain takes it. */
export type Link = {
  readonly segment: AuditSegment;
  readonly at: AuditCoordinate;
  /** The hash over its content. */
  readonly recomputed: string;
  readonly altered: boolean;
  /** 0 where it was altered. */
  readonly records: number;
};

export function startFragment(link: Link, covered: CheckpointChain | null, fork: boolean): Fragment {
  const { segment, at, altered } = link;
  const follows = covered !== null && segment.previous === covered.head;
  const fragment: Fragment = {
    previous: segment.previous,
    origin: segment.previous === GENESIS ? 'genesis' : follows ? 'checkpoint' : 'middle',
    firstHash: segment.hash,
    first: segment.firstOffset,
    startAt: at,
    ...{ head: GENESIS, alsoHead: null, next: null, endFirst: segment.firstOffset, endAt: at },
    last: Math.max(0, segment.firstOffset - 1),
    segments: follows ? covered.segments : 0,
    records: follows ? covered.records : 0,
    fork,
    suspect: altered,
  };
  extend(fragment, link);
  return fragment;
}

/** What a checkpoint covers and was not read again. */
export function coveredFragment(covered: CheckpointChain): Fragment {
  return {
    ...{ previous: GENESIS, origin: 'checkpoint', firstHash: covered.head, first: covered.firstOffset, startAt: null },
    ...{ head: covered.head, alsoHead: null, next: covered.lastOffset + 1, last: covered.lastOffset },
    ...{ endFirst: covered.lastOffset, endAt: covered.at, segments: covered.segments, records: covered.records },
    ...{ fork: false, suspect: false },
  };
}

export function extend(fragment: Fragment, { segment, at, recomputed, altered, records }: Link): void {
  fragment.head = segment.hash;
  fragment.alsoHead = altered ? recomputed : null;
  fragment.next = altered ? null : segment.lastOffset + 1;
  if (!altered) {
    // Of a chain of replays, whose segments are in no order of offsets, the least and the greatest.
    fragment.first = Math.min(fragment.first, segment.firstOffset);
    fragment.last = Math.max(fragment.last, segment.lastOffset);
  }
  fragment.endFirst = altered ? fragment.last : segment.firstOffset;
  fragment.endAt = at;
  fragment.segments++;
  fragment.records += records;
}

/** Puts `back` behind `front`; `front` then is both. */
export function join(front: Fragment, back: Fragment): void {
  // Where a checkpoint lies in `back`, its counts are those from the chain's beginning already.
  const counted = back.origin === 'checkpoint';
  front.segments = counted ? back.segments : front.segments + back.segments;
  front.records = counted ? back.records : front.records + back.records;
  front.head = back.head;
  front.alsoHead = back.alsoHead;
  front.next = back.next;
  front.first = Math.min(front.first, back.first);
  front.last = Math.max(front.last, back.last);
  front.endFirst = back.endFirst;
  front.endAt = back.endAt;
}

/** Whether `front` was written before `back`; between partitions of the audit topic there is no order. */
export function inOrder(front: AuditCoordinate | null, back: AuditCoordinate | null): boolean {
  return front === null || back === null || front.partition !== back.partition || front.offset < back.offset;
}
