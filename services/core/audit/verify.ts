/**
 * Verifies an audit trail (DESIGN section 7, issue 4): takes its segments in the order in which they stand, many chains
 * interleaved, and tells what is wrong. Memory grows with the number of raw
 * partitions, not with the audit, but for a bit for each replayed dead letter.
 */
import { replayedTopic } from '../dead-letter-replay.ts';
import { OffsetSet } from '../offset-set.ts';
import type { Checkpoint, CheckpointChain } from './checkpoint.ts';
import { type AuditSegment, canonicalText, type HashText } from './segment.ts';
import { type Chain, type ChainEnd, makeChain, shortHash } from './verify-chain.ts';
import { contentProblem } from './verify-content.ts';
import { type AuditCoordinate, type Finding, type Findings, generalFinding, offsetsText } from './verify-finding.ts';
import { makeTally, type Tally, tallySegment } from './verify-tally.ts';

/** One record of the audit topic, or one line of an exported file. */
export type AuditEntry = {
  readonly at: AuditCoordinate;
  /** The record's key; null: it has none, or a file has none. */
  readonly key: string | null;
} & (
  | {
      readonly segment: AuditSegment;
      /** Its canonical text where that is known already. */
      readonly text?: string;
      /** False: around it there is something that its hash does not cover. */
      readonly exact: boolean;
    }
  /** Why there is no segment; a code, nothing of what it holds. */
  | { readonly segment: null; readonly problem: string }
);

export type VerifierOptions = {
  readonly hash: HashText;
  readonly findings: Findings;
  /** A coordinate as people write it. */
  readonly place: (at: AuditCoordinate) => string;
  /** The last checkpoint, its signature checked; null without. */
  readonly checkpoint: Checkpoint | null;
  /** What the checkpoint covers is not taken again. */
  readonly resumed: boolean;
  /** Records have keys: every segment has to stand under its own. */
  readonly keyed: boolean;
  /** Told of each segment that is unaltered and makes sense. */
  readonly accounted?: (segment: AuditSegment) => void;
  /** Hashes to look out for. */
  readonly watched?: ReadonlySet<string>;
};

export type VerifiedChain = ChainEnd & {
  readonly topic: string;
  readonly partition: number;
  /** What was read now. */
  readonly verified: { readonly segments: number } & Tally;
};

export type Verified = {
  /** By topic, then partition. */
  readonly chains: readonly VerifiedChain[];
  readonly segments: number;
  readonly records: number;
  /** Of `watched`, what came up unaltered, with the last raw offset of the segment. */
  readonly seen: ReadonlyMap<string, number>;
};

export type Verifier = {
  readonly take: (entry: AuditEntry) => void;
  /** The audit is known to end, or to have been changed, before what a checkpoint covers. */
  readonly lost: (covered: CheckpointChain, how: 'truncated' | 'rewritten') => void;
  /** How many of `watched` did not come up yet. */
  readonly missing: () => number;
  readonly finish: () => Verified;
};

/** Hashes remembered of all chains together, and more for each chain. */
const REMEMBERED = 4_096;
const REMEMBERED_PER_CHAIN = 16;
/** Far more than a replay puts into one segment: a forged one must not keep a verifier busy for ever. */
const MAX_REPLAYED = 1_000_000;

/** `topic/partition`, as Kafka names topics; behind `lethe.dead-letters/` for replays, `lethe.requests/` for corrections. */
const KEY = /^((?:lethe\.(?:dead-letters|requests)\/)?[A-Za-z0-9._-]{1,249})\/(\d{1,10})$/;

type Known = { readonly chain: Chain; readonly at: AuditCoordinate };

export function makeVerifier(options: VerifierOptions): Verifier {
  const { hash, findings, place, checkpoint, resumed, keyed, watched } = options;
  const chains = new Map<
    string,
    { readonly chain: Chain; readonly tally: Tally; segments: number; readonly replayed: OffsetSet }
  >();
  const covered = new Map(checkpoint?.chains.map((one) => [nameOf(one), one]));
  const recent = new Map<string, Known>();
  const seen = new Map<string, number>();
  let entries = 0;

  const stateOf = (topic: string, partition: number) => {
    const name = nameOf({ topic, partition });
    let state = chains.get(name);
    if (state === undefined) {
      const chain = makeChain({
        ...{ topic, partition, resumed, place },
        replays: replayedTopic(topic) !== null,
        covered: covered.get(name) ?? null,
        add: findings.add,
        seen: (one) => recent.has(one),
      });
      chains.set(name, (state = { chain, tally: makeTally(), segments: 0, replayed: new OffsetSet() }));
    }
    return state;
  };

  const remember = (one: string, known: Known): void => {
    recent.set(one, known);
    if (recent.size <= REMEMBERED + REMEMBERED_PER_CHAIN * chains.size) return;
    for (const oldest of recent.keys()) {
      recent.delete(oldest);
      return;
    }
  };

  // So that a partition of which nothing is left is told of too.
  for (const one of covered.values()) {
    const { chain } = stateOf(one.topic, one.partition);
    if (!resumed) continue;
    if (one.at !== null) remember(one.head, { chain, at: one.at });
    if (watched?.has(one.head) === true) seen.set(one.head, one.lastOffset);
  }

  const take = (entry: AuditEntry): void => {
    entries++;
    const { at, key, segment } = entry;
    if (segment === null) {
      const of = key !== null && keyed ? `, under the key of ${keyText(key)}` : '';
      findings.add(generalFinding('undecodable', place(at), `There is no segment here${of}: ${entry.problem}.`));
      return;
    }
    const recomputed = hash(entry.text ?? canonicalText(segment));
    const altered = recomputed !== segment.hash || !entry.exact;
    if (altered) takeAltered(entry, segment, recomputed);
    else takeWhole(entry, segment);
  };

  const takeAltered = ({ at, key, ...entry }: AuditEntry, segment: AuditSegment, recomputed: string): void => {
    // What it says it is may be what was altered: its predecessor and its key know better.
    const target =
      recent.get(segment.previous)?.chain ?? keyOwner(key) ?? stateOf(segment.topic, segment.partition).chain;
    const claims = `${segment.topic}/${segment.partition}`;
    const name = `${target.topic}/${target.partition}`;
    const how =
      recomputed === segment.hash && 'exact' in entry
        ? 'beside what its hash covers there is more, or it is written otherwise than Lethe writes it'
        : `its content hashes to ${shortHash(recomputed)}, and it carries ${shortHash(segment.hash)}`;
    const says = name === claims ? '' : `, saying that it is of ${claims}`;
    findings.add({
      kind: 'altered',
      topic: target.topic,
      partition: target.partition,
      firstOffset: segment.firstOffset,
      lastOffset: segment.lastOffset,
      at: place(at),
      message: `A segment of ${name} (${offsetsText(segment.firstOffset, segment.lastOffset)})${says} was altered: ${how}.`,
    });
    target.take({ segment, at, recomputed, altered: true, records: 0 });
  };

  const keyOwner = (key: string | null): Chain | null => {
    const [, topic, partition] = (keyed ? KEY.exec(key ?? '') : null) ?? [];
    return topic === undefined ? null : stateOf(topic, Number(partition)).chain;
  };

  const takeWhole = ({ at, key }: AuditEntry, segment: AuditSegment): void => {
    const { topic, partition, firstOffset, lastOffset } = segment;
    const name = `${topic}/${partition}`;
    const about = { topic, partition, firstOffset, lastOffset, at: place(at) };
    const span = offsetsText(firstOffset, lastOffset);
    const copied = recent.get(segment.hash);
    if (copied !== undefined) {
      const message = `The segment of ${name} (${span}) stands here again: it is a copy of that at ${place(copied.at)}.`;
      findings.add({ ...about, kind: 'doubled', message });
      return;
    }
    const before = recent.get(segment.previous)?.chain;
    if (before !== undefined && nameOf(before) !== nameOf(segment)) {
      const other = `${before.topic}/${before.partition}`;
      const message = `The segment says that it is of ${name} (${span}), but it continues the chain of ${other}.`;
      findings.add({ ...about, kind: 'misplaced', message });
      return;
    }
    if (keyed && key !== name) {
      const message = `The segment of ${name} (${span}) stands under ${key === null ? 'no key' : `the key of ${keyText(key)}`}.`;
      findings.add({ ...about, kind: 'misplaced', message });
    }
    const state = stateOf(topic, partition);
    state.segments++;
    const problem = contentProblem(segment);
    let records = 0;
    if (problem === null) {
      records = tallySegment(state.tally, segment);
      if (replayedTopic(topic) === null) options.accounted?.(segment);
      else takeReplayed(segment, state.replayed, about);
    } else {
      const message = `The segment of ${name} (${span}) carries the right hash, but contradicts itself: ${problem}.`;
      findings.add({ ...about, kind: 'inconsistent', message });
    }
    state.chain.take({ segment, at, recomputed: segment.hash, altered: false, records });
    remember(segment.hash, { chain: state.chain, at });
    if (watched?.has(segment.hash) === true) seen.set(segment.hash, lastOffset);
  };

  /** A raw record is replayed once, and only for good: what fails again is not in the audit. */
  const takeReplayed = (
    segment: AuditSegment,
    replayed: OffsetSet,
    about: Pick<Finding, 'topic' | 'partition' | 'firstOffset' | 'lastOffset' | 'at'>,
  ): void => {
    const name = `${segment.topic}/${segment.partition}`;
    if (segment.shapes.some(({ deadLetter }) => deadLetter !== null)) {
      const message = `The segment of ${name} is of a replay and has dead letters, which a replay leaves as they are.`;
      findings.add({ ...about, kind: 'inconsistent', message });
    }
    if (segment.records.reduce((sum, { count }) => sum + count, 0) > MAX_REPLAYED) {
      const message = `The segment of ${name} is of a replay and has more records than one batch of a replay takes.`;
      findings.add({ ...about, kind: 'inconsistent', message });
      return;
    }
    const twice: number[] = [];
    let offset = segment.firstOffset;
    for (const { skip, count } of segment.records) {
      offset += skip;
      for (const end = offset + count; offset < end; offset++) {
        if (replayed.has(offset)) twice.push(offset);
        replayed.addRange(offset, offset);
      }
    }
    const [first] = twice;
    if (first === undefined) return;
    const message = `${name}: ${twice.length} record(s) of ${offsetsText(first, twice.at(-1)!)} accounted for twice: a record is replayed once.`;
    findings.add({ ...about, kind: 'offset_overlap', firstOffset: first, lastOffset: twice.at(-1)!, message });
  };

  const lost = (one: CheckpointChain, how: 'truncated' | 'rewritten'): void => {
    const name = `${one.topic}/${one.partition}`;
    const message =
      how === 'truncated'
        ? `The audit of ${name} was cut off: it ends before its segment up to offset ${one.lastOffset}, which a checkpoint covers.`
        : `The audit of ${name} was written anew: the segment up to offset ${one.lastOffset} is not ${shortHash(one.head)}, over which a checkpoint was signed.`;
    const at = one.at === null ? null : place(one.at);
    const { topic, partition, firstOffset, lastOffset } = one;
    findings.add({ kind: how, topic, partition, firstOffset, lastOffset, at, message });
  };

  return {
    take,
    lost,
    missing: () => (watched?.size ?? 0) - seen.size,
    finish: () => {
      const all = [...chains.values()].flatMap(({ chain, tally, segments }): VerifiedChain[] => {
        const { topic, partition } = chain;
        const end = chain.finish();
        // What only an altered segment names may not exist.
        const unproven = segments === 0 && !covered.has(nameOf(chain));
        return end === null || unproven ? [] : [{ topic, partition, ...end, verified: { segments, ...tally } }];
      });
      if (entries === 0 && covered.size === 0) {
        findings.add(generalFinding('empty', null, 'The audit is empty: there is nothing that could be proven.'));
      }
      return {
        chains: all.sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition)),
        segments: all.reduce((sum, { verified }) => sum + verified.segments, 0),
        records: all.reduce((sum, { verified }) => sum + verified.records, 0),
        seen,
      };
    },
  };
}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${partition}/${topic}`;
}

/** A key comes out of a file or topic: only what looks like ours is repeated. */
function keyText(key: string): string {
  return KEY.test(key) ? key : 'something else';
}
