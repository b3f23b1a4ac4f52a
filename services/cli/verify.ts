/** What `lethe verify` does, with everything outside handed in (DESIGN section 7, issue 4). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Checkpoint } from '../core/audit/checkpoint.ts';
import { type AuditSegment, type HashText, recomputeHash } from '../core/audit/segment.ts';
import { type AuditEntry, makeVerifier, type Verified, type Verifier } from '../core/audit/verify.ts';
import { type Finding, makeFindings } from '../core/audit/verify-finding.ts';
import type { PartitionBounds } from '../core/topic-reader.ts';
import {
  type CheckpointsFile,
  readCheckpoints,
  type Signed,
  signCheckpoint,
  type SigningKey,
} from './verify-checkpoints.ts';
import { comparePositions, type GroupPosition } from './verify-positions.ts';
import { makeRawComparison, type RawCompared, type RawComparison } from './verify-raw.ts';
import { type AuditSource, entryOf, fileEntries, placeIn } from './verify-source.ts';

export type VerifyOptions = {
  readonly source: AuditSource;
  readonly hash: HashText;
  readonly checkpoints: CheckpointsFile | null;
  /** Verify from the beginning, whatever the checkpoints cover. */
  readonly full: boolean;
  readonly sign: {
    readonly signer: SigningKey;
    readonly append: (line: string) => Promise<void>;
    /** Kinds of findings that do not stand in the way; the checkpoint names them. */
    readonly accept: ReadonlySet<string>;
  } | null;
  readonly raw: {
    readonly group: string;
    readonly positions: () => Promise<readonly GroupPosition[]>;
    readonly exists: (topic: string) => Promise<boolean>;
    /** Milliseconds to wait for a transaction of which the position is visible and the segment is not yet. */
    readonly settleMs: number;
  } | null;
  /** Takes each segment that could be read, in the order in which they stand. */
  readonly exported: ((segment: AuditSegment) => Promise<void> | void) | null;
  /** Epoch milliseconds, for the checkpoint. */
  readonly now: () => number;
  /** `total`: records of the audit topic, known once it was asked for its offsets. A file tells bytes. */
  readonly progress: (done: number, total: number | null) => void;
};

export type VerifyReport = {
  readonly ok: boolean;
  /** The topic or file. */
  readonly audit: string;
  readonly segments: number;
  readonly records: number;
  /** The checkpoint that was held against the audit. */
  readonly checkpoint: {
    readonly number: number;
    readonly at: string;
    readonly key: string;
    readonly resumed: boolean;
  } | null;
  readonly chains: readonly (Verified['chains'][number] & { readonly raw: RawCompared | null })[];
  /** The first ones; `findingsTotal` counts all. */
  readonly findings: readonly Finding[];
  readonly findingsTotal: number;
  /** What could not be compared, and why. */
  readonly notes: readonly string[];
  readonly signed: Omit<Signed, 'line'> | null;
};

/** Looks again so often for a segment whose position is committed. */
const LOOK_AGAIN_MS = 250;

/** @throws LetheError `unavailable`. */
export async function verifyAudit(options: VerifyOptions): Promise<VerifyReport> {
  const { source, hash, sign } = options;
  const findings = makeFindings();
  const ledger = options.checkpoints === null ? null : await readCheckpoints(options.checkpoints, hash, findings);
  const checkpoint = ledger?.last ?? null;
  const resumed = !options.full && checkpoint !== null && source.kind === 'topic' && checkpoint.audit === source.topic;

  // Before the audit's end is asked for: what they name must lie before it.
  const before = (await options.raw?.positions()) ?? [];
  const raw = rawOf(options, checkpoint, resumed, findings);
  const verifier = makeVerifier({
    ...{ hash, findings, place: placeIn(source), checkpoint, resumed, keyed: source.kind === 'topic' },
    ...(raw === null ? {} : { accounted: raw.accounted }),
    watched: new Set(before.flatMap(({ chain }) => chain ?? [])),
  });
  const walk: Walk = { options, verifier, raw };
  const resume = source.kind === 'topic' ? await walkTopic(walk, source, resumed ? checkpoint : null) : [];
  if (source.kind === 'file') await walkFile(walk, source);

  const verified = verifier.finish();
  const compared = (await raw?.finish()) ?? new Map<string, RawCompared>();
  const notes = [...(raw?.notes ?? [])];
  if (options.raw !== null) {
    const after = await options.raw.positions();
    notes.push(...comparePositions({ group: options.raw.group, before, after }, verified, findings));
  }
  let signed: Signed | null = null;
  if (sign !== null && ledger !== null && [...findings.kinds].every((kind) => sign.accept.has(kind))) {
    const read = { audit: source.kind === 'topic' ? source.topic : null, resume, accepted: findings.kept.map(inShort) };
    signed = signCheckpoint(verified, read, ledger, sign.signer, options.now(), hash);
    await sign.append(signed.line);
  }
  const { segments, records, chains } = verified;
  return {
    ok: findings.total() === 0,
    audit: source.kind === 'topic' ? source.topic : source.file,
    segments,
    records,
    checkpoint:
      checkpoint === null ? null : { number: checkpoint.number, at: checkpoint.at, key: checkpoint.key, resumed },
    chains: chains.map((chain) => ({ ...chain, raw: compared.get(`${chain.topic}/${chain.partition}`) ?? null })),
    findings: findings.kept,
    findingsTotal: findings.total(),
    notes,
    signed: signed === null ? null : { number: signed.number, hash: signed.hash, key: signed.key },
  };
}

function inShort({ kind, topic, partition, firstOffset, lastOffset }: Finding): string {
  return `${kind} ${topic}/${partition} ${firstOffset}-${lastOffset}`;
}

type Walk = { readonly options: VerifyOptions; readonly verifier: Verifier; readonly raw: RawComparison | null };

function rawOf(
  { source, raw }: VerifyOptions,
  checkpoint: Checkpoint | null,
  resumed: boolean,
  findings: ReturnType<typeof makeFindings>,
): RawComparison | null {
  if (raw === null || source.kind !== 'topic') return null;
  const covered = new Map(checkpoint?.chains.map((chain) => [`${chain.topic}/${chain.partition}`, chain]));
  return makeRawComparison({
    ...{ reader: source.reader, exists: raw.exists, findings, resumed },
    covered: (topic, partition) => covered.get(`${topic}/${partition}`) ?? null,
  });
}

async function takeOne({ verifier, options }: Walk, entry: AuditEntry): Promise<void> {
  verifier.take(entry);
  if (entry.segment !== null) await options.exported?.(entry.segment);
}

async function walkFile(walk: Walk, source: Extract<AuditSource, { kind: 'file' }>): Promise<void> {
  const progress = (bytes: number): void => walk.options.progress(bytes, null);
  for await (const entry of fileEntries(source.open(), progress)) {
    await takeOne(walk, entry);
  }
}

type Topic = Extract<AuditSource, { kind: 'topic' }>;

/** Partition after partition; returns how far each was read. */
async function walkTopic(walk: Walk, source: Topic, resumed: Checkpoint | null): Promise<Checkpoint['resume']> {
  const limits = await source.reader.bounds(source.topic);
  const starts = new Map(resumed?.resume.map(({ partition, offset }) => [partition, offset]));
  const reached = new Map<number, number>();
  const ranges = limits.map(({ partition, low, end }) => {
    const from = Math.min(Math.max(low, starts.get(partition) ?? low), end);
    reached.set(partition, from);
    return { partition, from, to: end };
  });
  if (resumed !== null) await recheck(walk, source, resumed, limits);

  const total = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  let done = 0;
  const readUpTo = async (partition: number, to: number): Promise<void> => {
    const from = reached.get(partition) ?? 0;
    if (to <= from) return;
    for await (const batch of source.reader.read({ topic: source.topic, partition, from, to })) {
      for (const record of batch.records) await takeOne(walk, entryOf(partition, record, source.decode));
      await walk.raw?.relieve();
      done += batch.nextOffset - batch.startOffset;
      walk.options.progress(done, total);
    }
    reached.set(partition, to);
  };
  for (const { partition, to } of ranges) await readUpTo(partition, to);

  // A position may be seen a moment before its segment: another transaction of the audit partition is still open.
  const { raw, now } = walk.options;
  const deadline = now() + (raw?.settleMs ?? 0);
  while (raw !== null && walk.verifier.missing() > 0 && now() < deadline) {
    await sleep(LOOK_AGAIN_MS);
    for (const { partition, end } of await source.reader.bounds(source.topic)) await readUpTo(partition, end);
  }
  return [...reached].map(([partition, offset]) => ({ partition, offset }));
}

/** What a checkpoint covers is not read again, but for its last segments: they must still be those it was signed over. */
async function recheck(
  { verifier, options }: Walk,
  { reader, topic, decode }: Topic,
  checkpoint: Checkpoint,
  limits: readonly PartitionBounds[],
): Promise<void> {
  for (const chain of checkpoint.chains) {
    if (chain.at === null) continue;
    const { partition, offset } = chain.at;
    const held = limits.find((one) => one.partition === partition);
    if (held === undefined || held.end <= offset) {
      verifier.lost(chain, 'truncated');
    } else if (held.low <= offset) {
      let found: string | null = null;
      for await (const { records } of reader.read({ topic, partition, from: offset, to: offset + 1 })) {
        for (const record of records) {
          const { segment } = entryOf(partition, record, decode);
          if (segment !== null) found = recomputeHash(segment, options.hash);
        }
      }
      if (found !== chain.head) verifier.lost(chain, 'rewritten');
    }
  }
}
