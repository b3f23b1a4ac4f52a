/** Where an audit is read from: the topic, or a file of its segments as JSON lines. */
import type { AuditSegment } from '../core/audit/segment.ts';
import type { AuditEntry } from '../core/audit/verify.ts';
import { parseSegmentLine } from '../core/audit/verify-content.ts';
import type { AuditCoordinate } from '../core/audit/verify-finding.ts';
import type { TopicReader } from '../core/topic-reader.ts';
import type { RawRecord } from '../core/transport.ts';
import { byteLines } from './byte-lines.ts';

/** As the codec of audit segments has it: bytes are a segment, or a code says why not. */
export type DecodeSegment = (
  bytes: Uint8Array,
) => { readonly ok: true; readonly value: AuditSegment } | { readonly ok: false; readonly problem: string };

export type AuditSource =
  | { readonly kind: 'topic'; readonly topic: string; readonly reader: TopicReader; readonly decode: DecodeSegment }
  | { readonly kind: 'file'; readonly file: string; readonly open: () => AsyncIterable<Uint8Array> };

/** A segment's JSON is some ten times what a topic takes. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

const PROBLEMS: Readonly<Record<string, string>> = {
  not_single_object: 'it does not begin like an Avro single object',
  schema_unknown: 'it names a schema that is not one of audit segments',
  undecodable: 'it is cut off or damaged',
};

/** A coordinate as people write it: `lethe.audit/0/17`, `audit.jsonl:18`. */
export function placeIn(source: AuditSource): (at: AuditCoordinate) => string {
  return source.kind === 'topic'
    ? ({ partition, offset }) => `${source.topic}/${partition}/${offset}`
    : ({ offset }) => `${source.file}:${offset}`;
}

/** What a record of the audit topic says. */
export function entryOf(partition: number, record: RawRecord, decode: DecodeSegment): AuditEntry {
  const at = { partition, offset: record.offset };
  const key = record.key === null ? null : Buffer.from(record.key).toString('utf8');
  if (record.value === null) return { at, key, segment: null, problem: 'it has no value' };
  const read = decode(record.value);
  if (read.ok) return { at, key, segment: read.value, exact: true };
  return { at, key, segment: null, problem: PROBLEMS[read.problem] ?? read.problem };
}

/** Lines of an exported audit; blank ones are skipped. `bytes`: how much of the file was read by then. */
export async function* fileEntries(
  chunks: AsyncIterable<Uint8Array>,
  progress: (bytes: number) => void,
): AsyncGenerator<AuditEntry> {
  for await (const { number, text } of byteLines(counted(chunks, progress), MAX_LINE_BYTES)) {
    if (text === '') continue;
    const at = { partition: null, offset: number };
    const line = text === null ? null : parseSegmentLine(text);
    if (line === null) yield { at, key: null, segment: null, problem: 'the line is no segment, or is cut off' };
    else yield { at, key: null, ...line };
  }
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  progress: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    progress(bytes);
    yield chunk;
  }
}
