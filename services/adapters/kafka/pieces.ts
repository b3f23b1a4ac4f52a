/**
 * Cuts what was fetched of a partition into batches that one transaction can hold. The fetch is bounded in bytes as they
 * come over the wire; compressed, two megabytes can be half a million records, which nobody decides about and publishes
 * before the broker ends the transaction, not at the second attempt either.
 */
import type { RawBatch, RawRecord } from '../../core/transport.ts';
import type { ReadRecord } from './record-reader.ts';

/** What was fetched of a partition: kafkajs' batch, or what a reader without a group makes of a fetch. */
export type Fetched = {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: string;
  readonly messages: readonly (Pick<ReadRecord, 'offset' | 'timestamp' | 'key' | 'value' | 'unreadable'> & {
    readonly headers?: unknown;
  })[];
  /** The last offset that was fetched, control records included. */
  readonly lastOffset: () => string;
};

/** What one transaction holds of a raw partition at the most. */
export type PieceLimits = { readonly records: number; readonly bytes: number };

export const PIECE: PieceLimits = { records: 10_000, bytes: 8 * 1024 * 1024 };

/**
 * The batches in which to work on what was fetched, each made when it is asked for. A record larger than the limit is
 * alone in its batch.
 *
 * @param startOffset the committed position that the first of them continues.
 */
export function* pieces(batch: Fetched, startOffset: number, limits: PieceLimits = PIECE): Generator<RawBatch> {
  const { messages } = batch;
  let start = startOffset;
  for (let from = 0; from < messages.length; ) {
    const records: RawRecord[] = [];
    let bytes = 0;
    let to = from;
    for (; to < messages.length && records.length < limits.records; to++) {
      const message = messages[to]!;
      bytes += (message.value?.length ?? 0) + (message.key?.length ?? 0);
      if (bytes > limits.bytes && records.length > 0) break;
      records.push({
        offset: Number(message.offset),
        timestamp: Number(message.timestamp),
        key: message.key,
        value: message.value,
        headers: message.headers,
        ...(message.unreadable === undefined ? {} : { unreadable: message.unreadable }),
      });
    }
    // The last one answers for the markers behind its records too.
    const nextOffset = (to === messages.length ? Number(batch.lastOffset()) : records.at(-1)!.offset) + 1;
    yield {
      topic: batch.topic,
      partition: batch.partition,
      startOffset: start,
      records,
      nextOffset,
      highWatermark: Number(batch.highWatermark),
    };
    start = nextOffset;
    from = to;
  }
}

/** A batch as two that follow each other; as it is where it holds but one record. */
export function halves(batch: RawBatch): readonly RawBatch[] {
  const { records } = batch;
  if (records.length < 2) return [batch];
  const middle = Math.ceil(records.length / 2);
  const nextOffset = records[middle - 1]!.offset + 1;
  return [
    { ...batch, records: records.slice(0, middle), nextOffset },
    { ...batch, records: records.slice(middle), startOffset: nextOffset },
  ];
}
