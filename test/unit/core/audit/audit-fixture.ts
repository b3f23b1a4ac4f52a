/** Audit trails made by hand: several raw partitions, interleaved as workers leave them in one audit topic. */
import { createHash } from 'node:crypto';
import {
  type AuditSegment,
  GENESIS,
  recomputeHash,
  type SegmentContent,
} from '../../../../services/core/audit/segment.ts';
import type { AuditEntry, Verified, VerifierOptions } from '../../../../services/core/audit/verify.ts';
import { makeVerifier } from '../../../../services/core/audit/verify.ts';
import { type Finding, makeFindings } from '../../../../services/core/audit/verify-finding.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** A segment with the hash that its content asks for. */
export const sealed = (content: SegmentContent): AuditSegment => ({
  ...content,
  hash: recomputeHash(content, sha256),
});

/** Ten offsets a segment: six published, one that holds no record, two withheld, one dead letter. */
export const PER_SEGMENT = 10;
export const RECORDS_PER_SEGMENT = 9;

export function segment(topic: string, partition: number, index: number, previous: string): AuditSegment {
  const first = index * PER_SEGMENT;
  return sealed({
    ...{ topic, partition, firstOffset: first, lastOffset: first + PER_SEGMENT - 1, bundle: 'ab'.repeat(32) },
    ...{ watermark: `{"at":${index}}`, decidedAt: 1_748_736_000_000 + index, outputs: ['clean.a', 'clean.f'] },
    treatments: [
      [
        { path: 'id', effect: 'keep' },
        { path: 'e', effect: 'mask' },
      ],
      [{ path: 'id', effect: 'keep' }],
    ],
    shapes: [
      {
        deadLetter: null,
        outputs: [
          { outcome: 'published', reason: null, treatment: 0 },
          { outcome: 'published', reason: null, treatment: 1 },
        ],
      },
      {
        deadLetter: null,
        outputs: [
          { outcome: 'withheld', reason: 'consent_missing', treatment: null },
          { outcome: 'published', reason: null, treatment: 1 },
        ],
      },
      { deadLetter: { code: 'action_failed', path: 'e' }, outputs: [] },
    ],
    records: [
      { skip: 0, count: 6, shape: 0 },
      { skip: 1, count: 2, shape: 1 },
      { skip: 0, count: 1, shape: 2 },
    ],
    previous,
  });
}

export function chainOf(
  topic: string,
  partition: number,
  length: number,
  from = 0,
  previous = GENESIS,
): AuditSegment[] {
  const chain: AuditSegment[] = [];
  for (let index = from; index < from + length; index++) {
    chain.push(segment(topic, partition, index, chain.at(-1)?.hash ?? previous));
  }
  return chain;
}

/** One after the other, in turns. */
export function interleaved(...chains: readonly (readonly AuditSegment[])[]): AuditSegment[] {
  const longest = Math.max(...chains.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => chains.flatMap((chain) => chain[index] ?? [])).flat();
}

/** As the audit topic's only partition would hold them, each under its own key. */
export const entriesOf = (segments: readonly AuditSegment[], from = 0): AuditEntry[] =>
  segments.map((one, index) => ({
    at: { partition: 0, offset: from + index },
    key: `${one.topic}/${one.partition}`,
    segment: one,
    exact: true,
  }));

export type Ran = Verified & { readonly findings: readonly Finding[] };

export function verified(entries: readonly AuditEntry[], options: Partial<VerifierOptions> = {}): Ran {
  const findings = makeFindings();
  const verifier = makeVerifier({
    hash: sha256,
    findings,
    place: ({ partition, offset }) => `audit/${partition}/${offset}`,
    checkpoint: null,
    resumed: false,
    keyed: true,
    ...options,
  });
  for (const entry of entries) verifier.take(entry);
  const result = verifier.finish();
  return { ...result, findings: findings.kept };
}

/** A finding in short: kind, raw partition, offsets, audit coordinate. */
export const short = ({ kind, topic, partition, firstOffset, lastOffset, at }: Finding): string =>
  [
    kind,
    topic === null ? '-' : `${topic}/${partition}`,
    firstOffset === null ? '-' : `${firstOffset}-${lastOffset}`,
    at ?? '-',
  ].join(' ');
