/** What `lethe verify` can find wrong, in closed words (DESIGN section 7, issue 4). */

/** Where a segment stands: partition and offset of the audit topic, or the line of an exported file. */
export type AuditCoordinate = {
  /** Null: a file, and `offset` is the line's number, from 1. */
  readonly partition: number | null;
  readonly offset: number;
};

export type FindingKind =
  /** There is nothing that anything could be proven from. */
  | 'empty'
  /** A record of the audit topic, or a line, that is no segment. */
  | 'undecodable'
  /** The hash that a segment carries is not that of its content. */
  | 'altered'
  /** The hash fits, but the content contradicts itself. */
  | 'inconsistent'
  /** A segment stands under another partition's key, or continues another partition's chain. */
  | 'misplaced'
  /** Segments between two others are missing. */
  | 'dropped'
  /** A segment, or what it accounts for, occurs again. */
  | 'doubled'
  /** A segment stands after one that continues it. */
  | 'reordered'
  /** Two segments are side by side, and one is not what the other was chained to. */
  | 'forged'
  /** A partition's chain was begun anew: another consumer group, or a position that was reset. */
  | 'second_chain'
  /** The oldest segment that is there is not the first that was written, and no checkpoint covers what is missing. */
  | 'starts_late'
  /** A segment continues the one before it, but leaves offsets out, or takes some twice. */
  | 'offset_gap'
  | 'offset_overlap'
  /** The audit ends before what a checkpoint was signed over. */
  | 'truncated'
  /** The audit is whole, but is not the one that a checkpoint was signed over. */
  | 'rewritten'
  /** The checkpoints themselves. */
  | 'checkpoint_unreadable'
  | 'checkpoint_altered'
  | 'checkpoint_foreign_key'
  | 'checkpoint_dropped'
  | 'checkpoint_missing'
  /** A raw record that no segment accounts for. */
  | 'raw_unaccounted'
  /** The audit accounts for offsets that the raw topic does not have yet. */
  | 'raw_shorter'
  /** The group's committed position, or the chain's head in it, is not where the audit ends. */
  | 'position_differs';

/**
 * What somebody may answer for by signing a checkpoint all the same: the traces of a loss or a new beginning that was
 * decided on, such as a position that was reset. Everything else stays a reason not to sign.
 */
export const ACCEPTABLE = ['starts_late', 'second_chain', 'dropped', 'offset_gap', 'raw_unaccounted'] as const;

export type Acceptable = (typeof ACCEPTABLE)[number];

export type Finding = {
  readonly kind: FindingKind;
  /** The raw topic and partition; null where the finding is not about one. */
  readonly topic: string | null;
  readonly partition: number | null;
  /** Raw offsets. */
  readonly firstOffset: number | null;
  readonly lastOffset: number | null;
  /** The audit coordinate as people write it: `lethe.audit/0/17`, `audit.jsonl:18`. */
  readonly at: string | null;
  /** One sentence. Holds coordinates and hashes alone. */
  readonly message: string;
};

export type Findings = {
  readonly add: (finding: Finding) => void;
  /** The first ones, in the order in which they were found. */
  readonly kept: readonly Finding[];
  readonly total: () => number;
  readonly kinds: ReadonlySet<FindingKind>;
};

/** More are counted but not kept: a broken file must not fill the memory. */
const MAX_KEPT = 1_000;

export function makeFindings(): Findings {
  const kept: Finding[] = [];
  const kinds = new Set<FindingKind>();
  let total = 0;
  return {
    kept,
    kinds,
    total: () => total,
    add: (finding) => {
      total++;
      kinds.add(finding.kind);
      if (kept.length < MAX_KEPT) kept.push(finding);
    },
  };
}

/** A finding about no raw partition. */
export function generalFinding(kind: FindingKind, at: string | null, message: string): Finding {
  return { kind, topic: null, partition: null, firstOffset: null, lastOffset: null, at, message };
}

/** `offsets 5–9`, `offset 5`. */
export function offsetsText(first: number, last: number): string {
  return first === last ? `offset ${first}` : `offsets ${first}–${last}`;
}
