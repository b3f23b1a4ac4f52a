/** The checkpoints file: read, checked, and added to. */
import { type Checkpoint, type CheckpointContent, checkpointLine, checkpointText } from '../core/audit/checkpoint.ts';
import { type CheckSignature, type LedgerEnd, makeLedger } from '../core/audit/checkpoint-ledger.ts';
import type { HashText } from '../core/audit/segment.ts';
import type { Findings } from '../core/audit/verify-finding.ts';
import type { Verified } from '../core/audit/verify.ts';
import { byteLines } from './byte-lines.ts';

/** A line holds a few hundred bytes for each raw partition. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

export type CheckpointsFile = {
  readonly file: string;
  /** Null where there is no such file yet. */
  readonly open: (() => AsyncIterable<Uint8Array>) | null;
  readonly check: CheckSignature;
  /** See `LedgerOptions.anchor`. */
  readonly anchor: string | null;
};

/** Checks every line; a fault is a finding, and then no checkpoint of the file is trusted. */
export async function readCheckpoints(
  { file, open, check, anchor }: CheckpointsFile,
  hash: HashText,
  findings: Findings,
): Promise<LedgerEnd> {
  const ledger = makeLedger({ hash, check, findings, anchor, place: (line) => `${file}:${line}` });
  if (open !== null) {
    for await (const { number, text } of byteLines(open(), MAX_LINE_BYTES)) ledger.take(number, text);
  }
  return ledger.finish();
}

export type SigningKey = { readonly key: string; readonly sign: (text: string) => string };

export type Signed = { readonly line: string; readonly number: number; readonly hash: string; readonly key: string };

/** A checkpoint over what was verified, following the last one of the file. */
export function signCheckpoint(
  verified: Verified,
  read: Pick<CheckpointContent, 'audit' | 'resume' | 'accepted'>,
  ledger: LedgerEnd,
  signer: SigningKey,
  now: number,
  hash: HashText,
): Signed {
  const content: CheckpointContent = {
    version: 1,
    number: ledger.number + 1,
    at: new Date(now).toISOString(),
    audit: read.audit,
    chains: verified.chains.map(({ at, ...chain }) => ({
      ...chain,
      at: at === null || at.partition === null ? null : { partition: at.partition, offset: at.offset },
    })),
    resume: read.resume,
    accepted: read.accepted,
    previous: ledger.previous,
    key: signer.key,
  };
  const checkpoint: Checkpoint = { ...content, signature: signer.sign(checkpointText(content)) };
  const line = checkpointLine(checkpoint);
  return { line, number: content.number, hash: hash(line), key: signer.key };
}
