import type { Chunk } from './batch.ts';
import type { KnownKey } from './known-keys.ts';
import { KeySet } from './key-set.ts';
import {
  CLOSE_BRACE,
  COLON,
  COMMA,
  FLAG_BITS,
  HAS_ESCAPE,
  HAS_WIDE,
  LETTER_N,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  scanNumber,
  scanString,
  scanValue,
  scanWord,
  skipSpace,
} from './scan.ts';
import { IS_REGION, IS_SUBJECT, IS_TIME, REFUSE, type Shape, WALK } from './shape.ts';
import * as op from './tape.ts';
import { unescapedText } from './text.ts';

/** No such value in the record. */
export const MISSING = -1;
/** More than one such value: which is meant is not certain. */
export const AMBIGUOUS = -2;

/** Integers of a frame: what the object or array around an open one needs once that one is closed. */
const FRAME = 6;
/**
 * Walks records along the shapes of a plan: validates every byte (RFC 8259, RFC 3629), puts what is declared on the
 * tape and remembers where subject, time and region stand. It does not recurse, so no nesting overflows the stack.
 */
export class Walk {
  /** Tape positions of the values that are read, or `MISSING` or `AMBIGUOUS`. */
  subject = MISSING;
  time = MISSING;
  region = MISSING;
  /** The first declared leaf at which an object or array stands, or −1. */
  refused = -1;

  private readonly root: Shape;
  private readonly tape: op.Tape;
  private readonly maxDepth: number;
  /** Scratch of `scanValue`. */
  private readonly open: Uint8Array;

  private readonly frames: Int32Array;
  private readonly shapes: Shape[] = [];
  private readonly lasts: (KnownKey | null)[] = [];
  private readonly keys = new KeySet();
  private keysBase = 0;
  /** Which of the first 32 fields of the innermost object have been met, one bit each. */
  private met = 0;
  /** The same for further fields, 32 a word, of all open objects. */
  private words = new Int32Array(64);
  private wordsBase = 0;
  private wordsLength = 0;

  constructor(root: Shape, tape: op.Tape, maxDepth: number) {
    this.root = root;
    this.tape = tape;
    this.maxDepth = maxDepth;
    this.frames = new Int32Array(FRAME * (maxDepth + 1));
    this.open = new Uint8Array(maxDepth + 1);
  }

  /**
   * Reads the record between two positions of a chunk onto the tape. False: it is no valid object, and what came onto
   * the tape is worth nothing.
   */
  read(chunk: Chunk, from: number, to: number): boolean {
    this.subject = MISSING;
    this.time = MISSING;
    this.region = MISSING;
    this.refused = -1;
    const { bytes } = chunk;
    const start = skipSpace(bytes, from);
    const end = bytes[start] === OPEN_BRACE && this.maxDepth > 0 ? this.walk(chunk, start) : -1;
    return end >= 0 && skipSpace(bytes, end) === to;
  }

  /** Walks the object at `start`; the position behind it, or −1. */
  private walk(chunk: Chunk, start: number): number {
    const { tape, maxDepth } = this;
    const { bytes: src, view } = chunk;
    this.keys.reset();
    this.keysBase = 0;
    this.wordsBase = 0;
    this.wordsLength = 0;
    this.openFields(this.root);
    let shape = this.root;
    let inArray = false;
    let openAt = -1;
    let depth = 1;
    /** The key that is tried next; null: none is expected. */
    let expected = this.root.known.first;
    let last: KnownKey | null = null;
    let i = skipSpace(src, start + 1);
    if (src[i] === CLOSE_BRACE) return i + 1;
    for (;;) {
      // A member begins at i.
      let keyFrom = -1;
      let keyTo = -1;
      let child: Shape | null = null;
      if (inArray) {
        child = shape.items;
      } else if (expected !== null && expected.standsAt(view, i)) {
        keyFrom = i;
        i += expected.bytes.length;
        keyTo = i - 1;
        if (expected.field >= 0 && !this.meet(expected.field)) return -1;
        child = expected.child;
        last = expected;
        expected = last.next;
        if ((src[i] as number) <= 0x20) i = skipSpace(src, i);
      } else {
        if (src[i] !== QUOTE) return -1;
        const scanned = scanString(src, view, i + 1);
        if (scanned < 0) return -1;
        keyFrom = i;
        keyTo = scanned >> FLAG_BITS;
        const escaped = (scanned & HAS_ESCAPE) !== 0;
        const key = escaped
          ? shape.known.named(unescapedText(src, keyFrom, keyTo))
          : shape.known.find(src, keyFrom, keyTo);
        if (key !== null) {
          if (last === null) shape.known.first = key;
          else last.next = key;
          last = key;
          expected = key.next;
        }
        if (key !== null && key.field >= 0) {
          if (!this.meet(key.field)) return -1;
          child = key.child;
        } else if (shape.rest !== null) {
          if (!this.keys.add(this.keysBase, src, keyFrom, keyTo, escaped)) return -1;
          child = shape.rest;
        }
        i = skipSpace(src, keyTo);
        if (src[i] !== COLON) return -1;
        i = skipSpace(src, i + 1);
      }
      const byte = src[i] as number;
      if (byte === QUOTE) {
        const scanned = scanString(src, view, i + 1);
        if (scanned < 0) return -1;
        if (child !== null && child.leaf >= 0)
          this.leaf(child, stringOp(scanned), keyFrom, keyTo, i, scanned >> FLAG_BITS);
        i = scanned >> FLAG_BITS;
      } else if (child === null) {
        i = scanValue(src, view, i, maxDepth - depth, this.open);
        if (i < 0) return -1;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        const mode = byte === OPEN_BRACE ? child.objects : child.arrays;
        if (mode === WALK) {
          if (depth === maxDepth) return -1;
          this.enter(depth++, shape, openAt, inArray, last);
          shape = child;
          inArray = byte === OPEN_BRACKET;
          openAt = tape.length;
          tape.push(inArray ? op.ARRAY : op.OBJECT, shape.id, keyFrom, keyTo, i, 0);
          this.openFields(shape);
          last = null;
          expected = shape.known.first;
          i = skipSpace(src, i + 1);
          // In ASCII each closing bracket stands two behind its opening one.
          if (src[i] !== byte + 2) continue;
        } else {
          if (mode === REFUSE && this.refused < 0) this.refused = child.leaf;
          i = scanValue(src, view, i, maxDepth - depth, this.open);
          if (i < 0) return -1;
        }
      } else {
        const isNumber = byte === MINUS || (byte ^ 0x30) <= 9;
        const end = isNumber ? scanNumber(src, i) : scanWord(src, i);
        if (end < 0) return -1;
        const kind = isNumber ? op.NUMBER : byte === LETTER_N ? op.NULL : op.BOOLEAN;
        if (child.leaf >= 0) {
          this.leaf(child, kind, keyFrom, keyTo, i, end);
        } else if (kind === op.NULL && child.nullIsContainer) {
          tape.push(op.NULL_CONTAINER, child.id, keyFrom, keyTo, i, end);
        }
        i = end;
      }
      // Behind a value, or at the end of an empty container.
      for (;;) {
        if ((src[i] as number) <= 0x20) i = skipSpace(src, i);
        if (src[i] === COMMA) {
          i++;
          if ((src[i] as number) <= 0x20) i = skipSpace(src, i);
          break;
        }
        if (src[i] !== (inArray ? OPEN_BRACKET + 2 : CLOSE_BRACE)) return -1;
        i++;
        if (--depth === 0) return i;
        tape.close(openAt);
        const frame = depth * FRAME;
        shape = this.shapes[depth] as Shape;
        last = this.lasts[depth] as KnownKey | null;
        expected = last === null ? null : last.next;
        openAt = this.frames[frame] as number;
        inArray = this.frames[frame + 1] === 1;
        this.leave(frame);
      }
    }
  }

  /** Puts a scalar that a leaf governs on the tape. */
  private leaf(shape: Shape, kind: number, keyFrom: number, keyTo: number, from: number, to: number): void {
    if (shape.roles !== 0) this.noteRoles(shape.roles);
    this.tape.push(kind, shape.leaf, keyFrom, keyTo, from, to);
  }

  private noteRoles(roles: number): void {
    const at = this.tape.length;
    if ((roles & IS_SUBJECT) !== 0) this.subject = this.subject === MISSING ? at : AMBIGUOUS;
    if ((roles & IS_TIME) !== 0) this.time = this.time === MISSING ? at : AMBIGUOUS;
    if ((roles & IS_REGION) !== 0) this.region = this.region === MISSING ? at : AMBIGUOUS;
  }

  /** Notes a field of the innermost object; false where it was met before. */
  private meet(index: number): boolean {
    const bit = 1 << (index & 31);
    if (index < 32) {
      if ((this.met & bit) !== 0) return false;
      this.met |= bit;
      return true;
    }
    const word = this.wordsBase + (index >> 5) - 1;
    const before = this.words[word] as number;
    this.words[word] = before | bit;
    return (before & bit) === 0;
  }

  private enter(depth: number, shape: Shape, openAt: number, inArray: boolean, last: KnownKey | null): void {
    const frame = depth * FRAME;
    this.shapes[depth] = shape;
    this.lasts[depth] = last;
    const { frames } = this;
    frames[frame] = openAt;
    frames[frame + 1] = inArray ? 1 : 0;
    frames[frame + 2] = this.keysBase;
    frames[frame + 3] = this.met;
    frames[frame + 4] = this.wordsBase;
    frames[frame + 5] = this.wordsLength;
    this.keysBase = this.keys.enter();
    this.wordsBase = this.wordsLength;
  }

  private openFields(shape: Shape): void {
    this.met = 0;
    const words = (shape.fieldCount - 1) >> 5;
    if (words <= 0) return;
    const end = this.wordsLength + words;
    if (end > this.words.length) {
      const larger = new Int32Array(2 * end);
      larger.set(this.words);
      this.words = larger;
    }
    this.words.fill(0, this.wordsLength, end);
    this.wordsLength = end;
  }

  private leave(frame: number): void {
    const { frames } = this;
    this.keys.leave(this.keysBase);
    this.keysBase = frames[frame + 2] as number;
    this.met = frames[frame + 3] as number;
    this.wordsBase = frames[frame + 4] as number;
    this.wordsLength = frames[frame + 5] as number;
  }
}

function stringOp(scanned: number): number {
  if ((scanned & HAS_ESCAPE) !== 0) return op.ESCAPED_STRING;
  return (scanned & HAS_WIDE) !== 0 ? op.WIDE_STRING : op.PLAIN_STRING;
}
