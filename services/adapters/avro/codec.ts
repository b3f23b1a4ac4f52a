import { DEFAULT_DECODE_LIMITS } from '../../core/apply/codec.ts';
import type { ApplyResult, Decoded, DecodeLimits, DecodeResult, RecordCodec } from '../../core/apply/codec.ts';
import type { Keyring } from '../../core/keyring.ts';
import type { DeadLetterCode } from '../../core/outcome.ts';
import type { SchemaRegistry } from '../../core/ports.ts';
import type { CompiledRoute } from '../../core/policy/plan.ts';
import { RawReader } from './raw-reader.ts';
import { RecordWriter } from './record-writer.ts';
import { FAILED } from './write-program.ts';
import { WriterSchemas } from './writer-schemas.ts';
import type { KnownWriter, OnGuarded, OutputSchemaId } from './writer-schemas.ts';

/** Magic byte and schema id. */
const HEADER = 5;
/** A declared time further ahead of now than this is `time_invalid` (DESIGN section 4). */
const MAX_AHEAD_MS = 86_400_000;

export type AvroCodecOptions = {
  readonly route: CompiledRoute;
  readonly registry: SchemaRegistry;
  readonly keyring: Keyring;
  readonly limits?: DecodeLimits;
  /** Registers (or finds) an output's schema; throws `invalid_config` where the registry refuses it. */
  readonly outputSchemaId: OutputSchemaId;
  /** Epoch milliseconds; paces the questions to the registry. */
  readonly clock?: () => number;
  /** Told once for each schema whose tags would break guards. */
  readonly onGuarded?: OnGuarded;
};

type Body = { readonly value: Buffer; readonly at: number; readonly writer: KnownWriter };

/**
 * The codec of Avro routes: Confluent's wire format, a zero byte and a schema id before Avro's binary encoding. A
 * record's bytes are checked in one pass that notes where declared values lie; what is kept is copied to the letter,
 * and what is not declared is never built. `begin` throws `unavailable` where the registry is needed and out of reach.
 */
export function makeAvroCodec(options: AvroCodecOptions): RecordCodec {
  const { route, registry, keyring, outputSchemaId } = options;
  const limits = options.limits ?? DEFAULT_DECODE_LIMITS;
  const schemas = new WriterSchemas(
    route,
    registry,
    keyring,
    outputSchemaId,
    options.clock ?? Date.now,
    options.onGuarded,
  );
  const reader = new RawReader(limits.maxDepth);
  const writer = new RecordWriter();
  /** Counts of the record in hand: taken over only where it does not fail. */
  let counts = new Uint32Array(0);

  const decode = (raw: Uint8Array, timestamp: number, now: number): DecodeResult => {
    if (raw.length > limits.maxBytes) return poisoned('too_large', null);
    if (raw.length < HEADER || raw[0] !== 0) return poisoned('undecodable', null);
    const value = asBuffer(raw);
    const known = schemas.get(value.readUInt32BE(1));
    if (known === null) return poisoned('schema_unknown', null);
    const { program } = known;
    const { plan } = program;
    const at = reader.length;
    const refuse = (code: DeadLetterCode, leaf: number): DecodeResult => {
      reader.length = at;
      return poisoned(code, plan.leaves[leaf]?.path ?? null);
    };
    reader.open(value, HEADER);
    if (!program.read(reader) || reader.pos !== value.length) return refuse('undecodable', -1);
    const { read, roleType, tape } = reader;
    const subject = textAt(program.subjectOf[roleType.subject], value, tape, read.subject);
    if (subject === null) return refuse('subject_missing', plan.read.subject);
    let eventTime: number | null = timestamp;
    if (plan.read.time >= 0) {
      const timeOf = read.time < 0 ? undefined : program.timeOf[roleType.time];
      eventTime = timeOf?.(value, tape[read.time] as number, tape[read.time + 1] as number) ?? null;
      if (eventTime === null || eventTime > now + MAX_AHEAD_MS) return refuse('time_invalid', plan.read.time);
    }
    if (reader.refused >= 0) return refuse('action_failed', reader.refused);
    const region = textAt(program.regionOf[roleType.region], value, tape, read.region);
    const body: Body = { value, at, writer: known };
    return { ok: true, record: { subject, eventTime, region, body, plan } };
  };

  return {
    begin: async (values) => {
      reader.clear();
      await schemas.prepare(idsOf(values));
    },
    decode,
    apply: (record: Decoded, output, variant, tally, cipher = null): ApplyResult => {
      const body = record.body as Body;
      const program = body.writer.program.outputs[output.index];
      const id = body.writer.outputIds[output.index] ?? -1;
      if (program === undefined || id < 0) return poisoned('output_invalid', null);
      if (counts.length < tally.length) counts = new Uint32Array(tally.length);
      writer.src = body.value;
      writer.tape = reader.tape;
      writer.at = body.at;
      writer.released = variant.released;
      writer.cipher = cipher;
      writer.tally = counts;
      writer.begin(id);
      const result = program.write(writer);
      if (result === FAILED) {
        writer.abandon();
        counts.fill(0);
        return { ok: false, poison: writer.poison ?? { code: 'output_invalid', path: null } };
      }
      for (let leaf = 0; leaf < tally.length; leaf++) {
        const count = counts[leaf] as number;
        if (count === 0) continue;
        tally[leaf] = (tally[leaf] as number) + count;
        counts[leaf] = 0;
      }
      return { ok: true, value: writer.finish(), keyText: writer.keyText, released: writer.count };
    },
  };
}

/** Non-empty text of the value at a tape position, or null. */
function textAt(
  read: ((src: Buffer, from: number, to: number) => string | null) | undefined,
  src: Buffer,
  tape: Int32Array,
  at: number,
): string | null {
  if (at < 0 || read === undefined) return null;
  const text = read(src, tape[at] as number, tape[at + 1] as number);
  return text === '' ? null : text;
}

function poisoned(
  code: DeadLetterCode,
  path: string | null,
): { readonly ok: false; readonly poison: { readonly code: DeadLetterCode; readonly path: string | null } } {
  return { ok: false, poison: { code, path } };
}

function asBuffer(raw: Uint8Array): Buffer {
  return Buffer.isBuffer(raw) ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
}

/** The distinct schema ids that values name. */
function idsOf(values: readonly (Uint8Array | null)[]): ReadonlySet<number> {
  const ids = new Set<number>();
  for (const value of values) {
    if (value === null || value.length < HEADER || value[0] !== 0) continue;
    ids.add(asBuffer(value).readUInt32BE(1));
  }
  return ids;
}
