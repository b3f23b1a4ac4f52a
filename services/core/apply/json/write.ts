import { Arena } from './arena.ts';
import { COPY, DROP, NULLIFY, type Program } from './program.ts';
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, QUOTE } from './scan.ts';
import { ARRAY, BOOLEAN, CLOSE, ENTRY, NULL, NULL_CONTAINER, NUMBER, OP_BITS, OP_MASK, type Tape } from './tape.ts';
import { scalarText } from './text.ts';
import type { Chunk } from './batch.ts';
import type { Scalar } from '../action.ts';

const NO_RUN = -2;

/** Writes what a program releases of records on the tape. */
export class Write {
  /** Of the last record: scalars and null containers released. */
  released = 0;
  /** Of the last record: text of the key leaf. */
  keyText: string | null = null;
  /** Of the last record: the leaf whose action could not handle its value, or −1. */
  failed = -1;

  /** A stretch of the record that is kept as it is and not copied yet. */
  private runFrom = 0;
  private runTo = NO_RUN;

  private readonly tape: Tape;
  private readonly arena = new Arena();
  /** Where each open container's key (or bracket) was written, relative to the output's start. */
  private readonly opened: Int32Array;

  constructor(tape: Tape, maxDepth: number) {
    this.tape = tape;
    this.opened = new Int32Array(maxDepth + 1);
  }

  /**
   * Writes the record whose tape lies between two positions. Null: an action failed.
   *
   * @param keyLeaf leaf whose text is wanted, or −1.
   * @param tally by leaf id: counts every occurrence, unless the record fails.
   */
  record(
    chunk: Chunk,
    begin: number,
    end: number,
    program: Program,
    keyLeaf: number,
    tally: Uint32Array,
  ): Uint8Array | null {
    const { arena, opened } = this;
    const { entries } = this.tape;
    const { todo, opens } = program;
    this.released = 0;
    this.keyText = null;
    this.failed = -1;
    this.runTo = NO_RUN;
    let keyWanted = keyLeaf >= 0;
    let depth = 0;
    arena.begin();
    arena.need(2);
    arena.bytes[arena.at++] = OPEN_BRACE;
    for (let at = begin; at < end; at += ENTRY) {
      const head = entries[at] as number;
      const kind = head & OP_MASK;
      const id = head >> OP_BITS;
      if (kind <= NULL) {
        tally[id] = (tally[id] as number) + 1;
        const what = todo[id] as number;
        if (what === DROP) continue;
        this.released++;
        const isKey = keyWanted && id === keyLeaf;
        if (isKey) keyWanted = false;
        const member = entries[at + 1] as number;
        const from = entries[at + 2] as number;
        const to = entries[at + 3] as number;
        if (what === COPY || kind === NULL) {
          this.kept(chunk, member, from, to);
          if (isKey && kind !== NULL) this.keyText = scalarText(chunk.bytes, kind, from, to);
          continue;
        }
        this.lead(chunk, member, from, from);
        if (what === NULLIFY) {
          arena.literal('null');
        } else {
          const result = this.transformed(chunk.bytes, program, kind, id, from, to);
          if (result === null) {
            this.failed = id;
            arena.abandon();
            count(entries, begin, at + ENTRY, tally, -1);
            return null;
          }
          if (isKey) this.keyText = result.text;
        }
        arena.bytes[arena.at++] = COMMA;
      } else if (kind === CLOSE) {
        this.flush(chunk);
        this.close(id, opened[--depth] as number);
      } else if (opens[id] === 0) {
        if (kind === NULL_CONTAINER) continue;
        const closeAt = entries[at + 3] as number;
        count(entries, at, closeAt, tally, 1);
        at = closeAt;
      } else if (kind === NULL_CONTAINER) {
        this.released++;
        this.kept(chunk, entries[at + 1] as number, entries[at + 2] as number, entries[at + 3] as number);
      } else {
        const from = entries[at + 2] as number;
        opened[depth++] = this.lead(chunk, entries[at + 1] as number, from, from + 1);
      }
    }
    this.flush(chunk);
    if (arena.bytes[arena.at - 1] === COMMA) arena.at--;
    arena.bytes[arena.at++] = CLOSE_BRACE;
    return arena.take();
  }

  /**
   * Writes a member as it stood. What stands in one piece in the record, as most does in compact JSON, is only noted
   * here and copied in one piece.
   */
  private kept(chunk: Chunk, member: number, from: number, to: number): void {
    if (!isCompact(chunk.bytes, member, from)) {
      this.lead(chunk, member, from, to);
      this.arena.bytes[this.arena.at++] = COMMA;
    } else if (member === this.runTo + 1) {
      this.runTo = to;
    } else {
      this.flush(chunk);
      this.runFrom = member;
      this.runTo = to;
    }
  }

  /**
   * Writes what was noted, and a member's key and the beginning of its value, up to `to`. Makes room for a separator.
   * Returns where the member begins in the output.
   */
  private lead(chunk: Chunk, member: number, from: number, to: number): number {
    const { arena } = this;
    if (isCompact(chunk.bytes, member, from)) {
      if (member !== this.runTo + 1) {
        this.flush(chunk);
        this.runFrom = member;
      }
      arena.need(to - this.runFrom + 1);
      const start = arena.at - arena.start + member - this.runFrom;
      arena.copy(chunk, this.runFrom, to);
      this.runTo = NO_RUN;
      return start;
    }
    this.flush(chunk);
    const start = arena.at - arena.start;
    arena.need(to - member + 1);
    if (member < from) {
      // Between the key's closing quote and the value there are but white space and a colon.
      arena.copy(chunk, member, chunk.bytes.lastIndexOf(QUOTE, from - 1) + 1);
      arena.bytes[arena.at++] = COLON;
    }
    arena.copy(chunk, from, to);
    return start;
  }

  /** Copies what was noted. */
  private flush(chunk: Chunk): void {
    if (this.runTo === NO_RUN) return;
    const { arena } = this;
    arena.need(this.runTo - this.runFrom + 1);
    arena.copy(chunk, this.runFrom, this.runTo);
    arena.bytes[arena.at++] = COMMA;
    this.runTo = NO_RUN;
  }

  private transformed(
    src: Uint8Array,
    program: Program,
    kind: number,
    leaf: number,
    from: number,
    to: number,
  ): Scalar | null {
    const text = scalarText(src, kind, from, to);
    const transform = program.transforms[leaf];
    const result =
      transform?.({ kind: kind === NUMBER ? 'number' : kind === BOOLEAN ? 'boolean' : 'string', text }) ?? null;
    if (result === null) return null;
    if (result.kind === 'string') this.arena.string(result.text);
    else this.arena.literal(result.text);
    return result;
  }

  /** Closes a container whose key began at a place of the output: with nothing in it, it never was. */
  private close(kind: number, openedAt: number): void {
    const { arena } = this;
    if (arena.bytes[arena.at - 1] !== COMMA) {
      arena.at = arena.start + openedAt;
      return;
    }
    arena.bytes[arena.at - 1] = kind === ARRAY ? CLOSE_BRACKET : CLOSE_BRACE;
    arena.need(1);
    arena.bytes[arena.at++] = COMMA;
  }
}

/** Whether a member's key, colon and value stand without space between them; an element has no key. */
function isCompact(src: Uint8Array, member: number, from: number): boolean {
  return member === from || (src[from - 1] === COLON && src[from - 2] === QUOTE);
}

/** Adds to the tally of every leaf on a stretch of tape. */
function count(entries: Int32Array, begin: number, end: number, tally: Uint32Array, by: number): void {
  for (let at = begin; at < end; at += ENTRY) {
    const head = entries[at] as number;
    if ((head & OP_MASK) > NULL) continue;
    const id = head >> OP_BITS;
    tally[id] = (tally[id] as number) + by;
  }
}
