/**
 * `lethe replay`: the worker's engine over files. What it writes is what a worker would have published of the same
 * records, with coordinates `TOPIC/0/LINE` (lines from 0; blank ones are skipped but counted).
 */
import type { RecordCodec } from '../core/apply/codec.ts';
import { GENESIS, segmentLine } from '../core/audit/segment.ts';
import { makeSegmentBuilder } from '../core/audit/segment-builder.ts';
import { deadLetterText, sourceOf } from '../core/dead-letter.ts';
import type { ConsentState } from '../core/decide/consent-state.ts';
import { deadLettered, type Engine, type RecordDecision } from '../core/engine.ts';
import type { RoutePlan } from '../core/policy/plan.ts';
import type { Sealer } from '../core/ports.ts';
import type { RawRecord } from '../core/transport.ts';
import { rawLines } from './byte-lines.ts';

export type ReplayOptions = {
  readonly plan: RoutePlan;
  /** Digest of the bundle, for the audit. */
  readonly digest: string;
  /** A codec of JSON values for `plan`, whatever the route's format on Kafka. */
  readonly codec: RecordCodec;
  readonly engine: Engine;
  readonly sealer: Sealer;
  readonly hashText: (text: string) => string;
  /** What a subject has consented to. */
  readonly stateOf: (subject: string) => ConsentState;
  readonly input: AsyncIterable<Uint8Array>;
  /** Longest raw value, in bytes (LETHE_MAX_RECORD_BYTES). */
  readonly maxBytes: number;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Appends to a file of the output folder. */
  readonly write: (file: string, bytes: Uint8Array) => Promise<void>;
  /** Told how many bytes of the input are done. */
  readonly progress?: (bytes: number) => void;
};

export type ReplaySummary = {
  readonly records: number;
  readonly outputs: Readonly<Record<string, { published: number; withheld: Record<string, number> }>>;
  readonly deadLetters: Readonly<Record<string, number>>;
};

export const DEAD_LETTERS_FILE = 'dead-letters.jsonl';
export const AUDIT_FILE = 'audit.jsonl';

/** The file of an output's records. */
export function outputFile(topic: string): string {
  return `${topic}.jsonl`;
}

/** Records and bytes held at a time. One audit segment each. */
const BATCH_RECORDS = 2_000;
const BATCH_BYTES = 8 * 1024 * 1024;
/** A line may be this much longer than the longest value and still be kept, to be told apart as `too_large`. */
const LINE_SLACK_BYTES = 1;

const NEWLINE = Uint8Array.of(0x0a);
const NULL = Buffer.from('null');

type Line = { readonly offset: number; readonly bytes: Uint8Array | null };

/** Plays all of the input. Memory does not grow with it. */
export async function replay(options: ReplayOptions): Promise<ReplaySummary> {
  const { plan } = options;
  const summary = {
    records: 0,
    outputs: Object.fromEntries(
      plan.outputs.map(({ topic }) => [topic, { published: 0, withheld: {} as Record<string, number> }]),
    ),
    deadLetters: {} as Record<string, number>,
  };
  let previous = GENESIS;
  let firstOffset = 0;
  let done = 0;
  let batch: Line[] = [];
  let held = 0;

  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const lines = batch;
    batch = [];
    held = 0;
    const segment = await playBatch(options, lines, { previous, firstOffset }, summary);
    previous = segment.hash;
    firstOffset = segment.lastOffset + 1;
    options.progress?.(done);
  };

  for await (const { number, bytes } of rawLines(options.input, options.maxBytes + LINE_SLACK_BYTES)) {
    done += (bytes?.length ?? 0) + 1;
    if (bytes !== null && isBlank(bytes)) continue;
    // Bytes of a line may be a view of a buffer that is about to be read into again.
    batch.push({ offset: number - 1, bytes: bytes === null ? null : bytes.slice() });
    held += bytes?.length ?? 0;
    if (batch.length >= BATCH_RECORDS || held >= BATCH_BYTES) await flush();
  }
  await flush();
  return summary;
}

async function playBatch(
  options: ReplayOptions,
  lines: readonly Line[],
  chain: { readonly previous: string; readonly firstOffset: number },
  summary: ReplaySummary & { records: number },
): Promise<{ readonly hash: string; readonly lastOffset: number }> {
  const { plan, codec, now, stateOf, sealer } = options;
  await codec.begin(lines.map(({ bytes }) => bytes));
  const engine = options.engine.begin({ codec, now });
  const builder = makeSegmentBuilder({
    topic: plan.topic,
    partition: 0,
    bundle: options.digest,
    watermark: null,
    decidedAt: now,
    outputs: plan.outputs.map(({ topic }) => topic),
    previous: chain.previous,
    firstOffset: chain.firstOffset,
  });
  const files = new Map<string, Uint8Array[]>();
  const append = (file: string, ...parts: Uint8Array[]): void => {
    const chunks = files.get(file);
    if (chunks === undefined) files.set(file, parts);
    else chunks.push(...parts);
  };

  for (const { offset, bytes } of lines) {
    const decision = decideLine(bytes);
    builder.add(offset, decision);
    summary.records++;
    const source = sourceOf(plan.topic, 0, offset);
    if (decision.kind === 'dead_lettered') {
      count(summary.deadLetters as Record<string, number>, decision.poison.code);
      const raw: RawRecord = { offset, timestamp: now, key: null, value: bytes, headers: null };
      const room = bytes === null ? 0 : Number.POSITIVE_INFINITY;
      append(DEAD_LETTERS_FILE, Buffer.from(deadLetterText(raw, source, decision.poison, sealer, room)), NEWLINE);
      continue;
    }
    for (const [index, { topic }] of plan.outputs.entries()) {
      const outcome = decision.outputs[index]!;
      const counts = summary.outputs[topic]!;
      if (outcome.kind === 'withheld') {
        count(counts.withheld, outcome.reason);
        continue;
      }
      counts.published++;
      append(
        outputFile(topic),
        Buffer.from(`{"key":${JSON.stringify(outcome.key)},"value":`),
        outcome.value ?? NULL,
        Buffer.from(`,"headers":{"lethe-source":${JSON.stringify(source)}}}\n`),
      );
    }
  }
  const segment = builder.finish(options.hashText);
  append(AUDIT_FILE, Buffer.from(`${segmentLine(segment)}\n`));
  for (const [file, chunks] of files) await options.write(file, Buffer.concat(chunks));
  return segment;

  function decideLine(bytes: Uint8Array | null): RecordDecision {
    if (bytes === null) return deadLettered({ code: 'too_large', path: null });
    const result = codec.decode(bytes, now, now);
    if (!result.ok) return deadLettered(result.poison);
    return engine.evaluate(result.record, null, stateOf(result.record.subject));
  }
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** JSON's white space alone. */
function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}
