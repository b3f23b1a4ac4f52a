/**
 * Checkpoints: signed statements of how far a verified audit reached (issue 4). A chain of hashes shows that nothing in it
 * was changed, but not that nobody wrote all of it anew: hashes need no key. A checkpoint does.
 */
import { isHash } from './verify-content.ts';

/** How far one raw partition's chain had come. */
export type CheckpointChain = {
  /** The raw topic. */
  readonly topic: string;
  readonly partition: number;
  /** Raw offsets, from the chain's beginning. */
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Hash of the last segment. */
  readonly head: string;
  /** Counts from the chain's beginning. */
  readonly segments: number;
  readonly records: number;
  /** Where the last segment stands in the audit topic; null where the audit was read from a file. */
  readonly at: { readonly partition: number; readonly offset: number } | null;
};

export type CheckpointContent = {
  readonly version: 1;
  /** 1, 2, 3, … without a gap. */
  readonly number: number;
  /** When it was signed, RFC 3339. */
  readonly at: string;
  /** The audit topic that was read; null: a file. */
  readonly audit: string | null;
  /** By topic, then partition. */
  readonly chains: readonly CheckpointChain[];
  /** By partition of the audit topic: the first offset that was not read yet. Empty for a file. */
  readonly resume: readonly { readonly partition: number; readonly offset: number }[];
  /** Findings that were there and were signed for all the same, in short: `second_chain raw.a/0 0-99`. */
  readonly accepted: readonly string[];
  /** Hash of the line of the checkpoint before, `GENESIS` for the first: a line that is taken out leaves a gap. */
  readonly previous: string;
  /** Names the key that signed: see adapters/crypto/signer.ts. */
  readonly key: string;
};

export type Checkpoint = CheckpointContent & {
  /** Ed25519 over `checkpointText`, base64. */
  readonly signature: string;
};

/** Keeps a signature of ours from being taken for one over anything else. */
const PURPOSE = 'lethe.checkpoint/1\n';

/** What is signed: JSON without white space, every member but the signature, in the order of the type. */
export function checkpointText(content: CheckpointContent): string {
  return `${PURPOSE}${JSON.stringify(inOrder(content))}`;
}

/** A checkpoint as a line of a checkpoints file, without the line feed. */
export function checkpointLine(checkpoint: Checkpoint): string {
  return JSON.stringify({ ...inOrder(checkpoint), signature: checkpoint.signature });
}

/** Reads a line; null where it is not what `checkpointLine` writes, to the letter. Says nothing about the signature. */
export function parseCheckpointLine(line: string): Checkpoint | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  return isCheckpoint(value) && checkpointLine(value) === line ? value : null;
}

function inOrder(content: CheckpointContent): CheckpointContent {
  return {
    version: content.version,
    number: content.number,
    at: content.at,
    audit: content.audit,
    chains: content.chains.map((chain) => ({
      topic: chain.topic,
      partition: chain.partition,
      firstOffset: chain.firstOffset,
      lastOffset: chain.lastOffset,
      head: chain.head,
      segments: chain.segments,
      records: chain.records,
      at: chain.at === null ? null : { partition: chain.at.partition, offset: chain.at.offset },
    })),
    resume: content.resume.map(({ partition, offset }) => ({ partition, offset })),
    accepted: content.accepted,
    previous: content.previous,
    key: content.key,
  };
}

function isCheckpoint(value: unknown): value is Checkpoint {
  if (!isObject(value)) return false;
  const { version, number, at, audit, chains, resume, accepted, previous, key, signature } = value;
  return (
    version === 1 &&
    isCount(number) &&
    number >= 1 &&
    typeof at === 'string' &&
    (audit === null || typeof audit === 'string') &&
    Array.isArray(chains) &&
    chains.every(isChain) &&
    Array.isArray(resume) &&
    resume.every(isPlace) &&
    Array.isArray(accepted) &&
    accepted.every((one) => typeof one === 'string') &&
    isHash(previous) &&
    typeof key === 'string' &&
    typeof signature === 'string'
  );
}

function isChain(value: unknown): boolean {
  if (!isObject(value) || typeof value['topic'] !== 'string' || !isHash(value['head'])) return false;
  const counts = ['partition', 'firstOffset', 'lastOffset', 'segments', 'records'];
  return counts.every((name) => isCount(value[name])) && (value['at'] === null || isPlace(value['at']));
}

function isPlace(value: unknown): boolean {
  return isObject(value) && isCount(value['partition']) && isCount(value['offset']);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
