/** The audit segment that answers for a raw record: which bundle decided about it, and when. */
import type { AuditSegment } from '../core/audit/segment.ts';
import { AUDIT_TOPIC } from '../core/own-topics.ts';
import type { TopicReader } from '../core/topic-reader.ts';
import type { Coordinate } from './coordinate.ts';
import { boundsOf } from './record-at.ts';

/** Clocks of producers run this far ahead of those of workers at the most; else all of the audit is read. */
const SLACK_MS = 86_400_000;

export type AuditOfRecord = {
  /** The latest one; null: nobody has decided about the record yet. */
  readonly segment: AuditSegment | null;
  /** How many segments answer for it: more than one where it was decided about again, by another group. */
  readonly decisions: number;
};

export type AuditSearch = {
  readonly reader: TopicReader;
  /** Null: these bytes are no segment. */
  readonly decode: (bytes: Uint8Array) => AuditSegment | null;
  /** The raw record's Kafka timestamp, epoch milliseconds: it cannot have been decided about much earlier. */
  readonly timestamp: number;
  /** Told how many audit records are done. */
  readonly progress?: (records: number) => void;
};

/** Finds it. Reads only. Throws `unavailable`. */
export async function auditOfRecord(at: Coordinate, search: AuditSearch): Promise<AuditOfRecord> {
  const { reader } = search;
  const bounds = await boundsOf(reader, AUDIT_TOPIC);
  // No worker ever ran.
  if (bounds === null) return { segment: null, decisions: 0 };
  const since = await reader.offsetsAt(AUDIT_TOPIC, search.timestamp - SLACK_MS);
  // A raw partition's segments lie in one partition of the audit; in another only where it was given more since.
  const likely = at.partition % bounds.length;
  const order = [...bounds].sort((a, b) => Number(b.partition === likely) - Number(a.partition === likely));
  let done = 0;
  for (const from of ['recent', 'all'] as const) {
    for (const { partition, low, end } of order) {
      const young = Math.max(low, Math.min(since.get(partition) ?? low, end));
      const found = await scan(partition, from === 'recent' ? young : low, from === 'recent' ? end : young);
      if (found.segment !== null) return found;
    }
  }
  return { segment: null, decisions: 0 };

  async function scan(partition: number, from: number, to: number): Promise<AuditOfRecord> {
    let segment: AuditSegment | null = null;
    let decisions = 0;
    if (from >= to) return { segment, decisions };
    for await (const { records } of reader.read({ topic: AUDIT_TOPIC, partition, from, to })) {
      done += records.length;
      search.progress?.(done);
      for (const { value } of records) {
        const read = value === null ? null : search.decode(value);
        if (read === null || read.topic !== at.topic || read.partition !== at.partition) continue;
        if (at.offset < read.firstOffset || at.offset > read.lastOffset) continue;
        segment = read;
        decisions++;
      }
    }
    return { segment, decisions };
  }
}
