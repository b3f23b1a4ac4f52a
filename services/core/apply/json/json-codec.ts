import { Batch, type Chunk } from './batch.ts';
import { makeProgram, makeTransforms, type Program } from './program.ts';
import { makeShapes, type Shape } from './shape.ts';
import { LAST_STRING, NUMBER, Tape } from './tape.ts';
import { Walk } from './walk.ts';
import { Write } from './write.ts';
import {
  type Decoded,
  DEFAULT_DECODE_LIMITS,
  type DecodeLimits,
  type DecodeResult,
  type RecordCodec,
} from '../codec.ts';
import type { CipherSlot } from '../encrypt.ts';
import { eventTimeOf } from '../time.ts';
import type { Keyring } from '../../keyring.ts';
import type { Poison } from '../../outcome.ts';
import type { RoutePlan } from '../../policy/plan.ts';

/** A declared time further ahead of now than this is `time_invalid` (DESIGN section 4). */
const MAX_AHEAD_MS = 86_400_000;
/** Bytes of the largest value whose positions, flags included, fit the integers they are kept in; no Kafka record comes near. */
const LARGEST = 1 << 28;

/**
 * The codec of JSON routes. It never builds a record: bytes are validated in one pass, what is kept is copied to the
 * letter, only what an action changes is rewritten, and what is dropped is only stepped over (issue 3).
 */
export function makeJsonCodec(
  plan: RoutePlan,
  keyring: Keyring,
  limits: DecodeLimits = DEFAULT_DECODE_LIMITS,
): RecordCodec {
  const maxBytes = Math.min(limits.maxBytes, LARGEST);
  const tape = new Tape();
  const walk = new Walk(makeShapes(plan)[0] as Shape, tape, limits.maxDepth);
  const write = new Write(tape, limits.maxDepth);
  const slot: CipherSlot = { cipher: null };
  const transforms = plan.outputs.map((output) => makeTransforms(plan, output, keyring, slot));
  const programs: Program[][] = plan.outputs.map(() => []);
  const batch = new Batch();
  /** By record of the batch: where its bytes are, and (two each) where its tape begins and ends. */
  const chunks: Chunk[] = [];
  const bounds: number[] = [];

  const poison = (code: Poison['code'], leaf: number): { readonly ok: false; readonly poison: Poison } => ({
    ok: false,
    poison: { code, path: plan.leaves[leaf]?.path ?? null },
  });

  /** Non-empty text of the value at a tape position, or null. */
  const textAt = (bytes: Uint8Array, at: number): string | null => {
    const text = at >= 0 && tape.op(at) <= LAST_STRING ? tape.text(bytes, at) : '';
    return text === '' ? null : text;
  };

  /** The subject's id: text, or an integer's decimal text as it stands. `-0` is none: as text it would be somebody else. */
  const subjectAt = (bytes: Uint8Array, at: number): string | null => {
    if (at < 0 || tape.op(at) !== NUMBER) return textAt(bytes, at);
    const literal = tape.text(bytes, at);
    return /^-?[0-9]+$/.test(literal) && literal !== '-0' ? literal : null;
  };

  const timeAt = (bytes: Uint8Array, at: number, now: number): number | null => {
    if (at < 0) return null;
    const op = tape.op(at);
    if (op > NUMBER) return null;
    const [from, to] = [tape.entries[at + 2] as number, tape.entries[at + 3] as number];
    let time: number | null = op === NUMBER ? smallInteger(bytes, from, to) : -1;
    if (time < 0) time = eventTimeOf(op === NUMBER ? 'number' : 'string', tape.text(bytes, at));
    return time !== null && time <= now + MAX_AHEAD_MS ? time : null;
  };

  const decode = (value: Uint8Array, timestamp: number, now: number): DecodeResult => {
    if (value.length > maxBytes) return poison('too_large', -1);
    const begin = tape.length;
    const from = batch.add(value);
    const { chunk } = batch;
    const { bytes } = chunk;
    const refuse = (code: Poison['code'], leaf: number): DecodeResult => {
      tape.length = begin;
      batch.remove(from);
      return poison(code, leaf);
    };
    if (!walk.read(chunk, from, from + value.length)) return refuse('undecodable', -1);
    const subject = subjectAt(bytes, walk.subject);
    if (subject === null) return refuse('subject_missing', plan.read.subject);
    const eventTime = plan.read.time < 0 ? timestamp : timeAt(bytes, walk.time, now);
    if (eventTime === null) return refuse('time_invalid', plan.read.time);
    if (walk.refused >= 0) return refuse('action_failed', walk.refused);
    const region = textAt(bytes, walk.region);
    const body = chunks.push(chunk) - 1;
    bounds.push(begin, tape.length);
    const record: Decoded = { subject, eventTime, region, body, plan };
    return { ok: true, record };
  };

  return {
    begin: () => {
      tape.reset();
      batch.reset();
      chunks.length = 0;
      bounds.length = 0;
      return Promise.resolve();
    },
    decode,
    apply: (record, output, variant, tally, cipher = null) => {
      slot.cipher = cipher;
      const body = record.body as number;
      const cached = programs[output.index] as Program[];
      let program = cached[variant.id];
      if (program === undefined || program.variant !== variant) {
        program = makeProgram(plan, output, transforms[output.index] ?? [], variant);
        cached[variant.id] = program;
      }
      const keyLeaf = output.key.kind === 'leaf' ? output.key.leaf : -1;
      const value = write.record(
        chunks[body] as Chunk,
        bounds[2 * body] as number,
        bounds[2 * body + 1] as number,
        program,
        keyLeaf,
        tally,
      );
      if (value === null) return poison('action_failed', write.failed);
      return { ok: true, value, keyText: write.keyText, released: write.released };
    },
  };
}

/** The number that a literal of few digits alone stands for; −1 for any other literal. */
function smallInteger(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > 15) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = (bytes[i] as number) ^ 0x30;
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
