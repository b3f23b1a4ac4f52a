/**
 * The audit of a batch: one segment, or several in a row where one would be larger than its topic takes. A policy of many
 * fields, or records of which no two neighbours are alike, must not stop a partition for want of room.
 */
import type { AuditSegment, HashText } from '../core/audit/segment.ts';
import { makeSegmentBuilder, type SegmentHead } from '../core/audit/segment-builder.ts';
import type { RecordDecision } from '../core/engine.ts';
import { LetheError } from '../core/errors.ts';
import type { ShadowVerdict } from '../core/shadow/divergence.ts';
import type { RawBatch } from '../core/transport.ts';

export type AuditOptions = {
  /** What all segments of the batch have in common, and the hash that the first of them continues. */
  readonly head: Omit<SegmentHead, 'firstOffset'>;
  readonly encode: (segment: AuditSegment) => Uint8Array;
  readonly hash: HashText;
  /** What a candidate would have come to for the records from one index up to another; none where none is in shadow. */
  readonly shadow?: ((from: number, to: number) => ShadowVerdict) | null;
  /** Bytes that a segment may have. */
  readonly maxBytes: number;
};

export type BatchAudit = {
  /** In the chain's order. */
  readonly segments: readonly Uint8Array[];
  /** The chain's head after them. */
  readonly chain: string;
};

/**
 * @param decisions by index of the batch's records.
 * @throws LetheError `unavailable` where what is said of a single record does not fit.
 */
export function auditBatch(batch: RawBatch, decisions: readonly RecordDecision[], options: AuditOptions): BatchAudit {
  const { records } = batch;
  const segments: Uint8Array[] = [];
  let previous = options.head.previous;

  const close = (from: number, to: number, firstOffset: number, lastOffset: number): void => {
    const builder = makeSegmentBuilder({ ...options.head, previous, firstOffset });
    for (let index = from; index < to; index++) builder.add(records[index]!.offset, decisions[index]!);
    const segment = builder.finish(options.hash, lastOffset, options.shadow?.(from, to));
    const bytes = options.encode(segment);
    if (bytes.length <= options.maxBytes) {
      segments.push(bytes);
      previous = segment.hash;
      return;
    }
    if (to - from <= 1) {
      throw new LetheError(
        'unavailable',
        `lethe.audit takes ${options.maxBytes} bytes, and what is said of one record of ${batch.topic} is ${bytes.length}`,
        { dependency: 'kafka', fix: 'Raise max.message.bytes of lethe.audit; the partition then goes on by itself.' },
      );
    }
    const middle = (from + to) >> 1;
    const border = records[middle]!.offset;
    close(from, middle, firstOffset, border - 1);
    close(middle, to, border, lastOffset);
  };
  close(0, decisions.length, batch.startOffset, batch.nextOffset - 1);
  return { segments, chain: previous };
}
