/**
 * Holds the audit against the committed positions of the consumer group. Position and audit are one transaction, and the
 * position carries the chain's head (DESIGN section 6): whoever writes to the audit topic alone cannot make them fit.
 */
import { shortHash } from '../core/audit/verify-chain.ts';
import { type Findings, type FindingKind, generalFinding } from '../core/audit/verify-finding.ts';
import type { Verified } from '../core/audit/verify.ts';
import { replayedTopic } from '../core/dead-letter-replay.ts';

export type GroupPosition = {
  readonly topic: string;
  readonly partition: number;
  /** The offset that the group goes on at. */
  readonly offset: number;
  /** Hash of the segment that ends before it; null where the position was set by something else than a worker. */
  readonly chain: string | null;
};

export type PositionsRead = {
  readonly group: string;
  /** Read before the audit's end was: the audit must hold what they name. */
  readonly before: readonly GroupPosition[];
  /** Read after the audit: it must not go beyond them. */
  readonly after: readonly GroupPosition[];
};

/** Adds what does not fit to `findings`; returns what could not be compared. */
export function comparePositions(
  { group, before, after }: PositionsRead,
  verified: Verified,
  findings: Findings,
): string[] {
  const notes: string[] = [];
  const tell = ({ topic, partition, offset }: Omit<GroupPosition, 'chain'>, message: string): void => {
    const kind: FindingKind = 'position_differs';
    findings.add({ ...generalFinding(kind, null, message), topic, partition, firstOffset: offset, lastOffset: offset });
  };
  const ends = new Map(verified.chains.map((chain) => [`${chain.topic}/${chain.partition}`, chain]));

  for (const position of before) {
    const { topic, partition, offset, chain } = position;
    const name = `${topic}/${partition}`;
    if (chain === null) {
      if (ends.has(name)) {
        tell(
          position,
          `The position of group ${group} in ${name} carries no chain head: it was set by another tool, and the next segment will begin a second chain.`,
        );
      } else {
        notes.push(`group ${group} stands at offset ${offset} of ${name}, and no worker has decided about it yet`);
      }
      continue;
    }
    const last = verified.seen.get(chain);
    if (last === undefined) {
      tell(
        position,
        `Group ${group} goes on at offset ${offset} of ${name} after the segment ${shortHash(chain)}, which is not in the audit: it ends too early, or is another. (Where a transaction is still open, it is there in half a minute.)`,
      );
    } else if (last + 1 !== offset) {
      tell(
        position,
        `Group ${group} goes on at offset ${offset} of ${name}, but the segment that its position names ends at ${last}.`,
      );
    }
  }

  const now = new Map(after.map((position) => [`${position.topic}/${position.partition}`, position]));
  for (const [name, { topic, partition, lastOffset, head }] of ends) {
    // Replays of dead letters keep no position: marks beside the letters do.
    if (replayedTopic(topic) !== null) continue;
    const position = now.get(name);
    if (position === undefined) {
      notes.push(`group ${group} has no position in ${name}: it expired, or another group decided about those records`);
    } else if (position.chain !== null && lastOffset + 1 > position.offset) {
      tell(
        { topic, partition, offset: position.offset },
        `The audit of ${name} goes on to offset ${lastOffset}, but group ${group} stands at ${position.offset}: what lies beyond was put in by somebody else.`,
      );
    } else if (position.chain !== null && lastOffset + 1 === position.offset && position.chain !== head) {
      tell(
        { topic, partition, offset: position.offset },
        `The audit of ${name} ends in ${shortHash(head)}, but the position of group ${group} names ${shortHash(position.chain)}.`,
      );
    }
  }
  return notes;
}
