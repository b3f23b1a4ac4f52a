import type { Chunk } from './batch.ts';
import { KeySet } from './key-set.ts';
import type { KnownKey } from './known-keys.ts';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  FLAG_BITS,
  HAS_ESCAPE,
  LETTER_N,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  STRING_FLAGS,
  scanNumber,
  scanString,
  scanValue,
  scanWord,
  skipSpace,
} from './scan.ts';
import { IS_REGION, IS_SUBJECT, IS_TIME, REFUSE, type Shape, WALK } from './shape.ts';
import { ARRAY, BOOLEAN, NULL, NULL_CONTAINER, NUMBER, OBJECT, type Tape } from './tape.ts';
import { unescapedText } from './text.ts';

/** No such value in the record. */
export const MISSING = -1;
/** More than one such value: which is meant is not certain. */
export const AMBIGUOUS = -2;

/** Integers of a frame: what is needed again of an object or array once the one within it is closed. */
const FRAME = 4;

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
  private readonly tape: Tape;
  private readonly maxDepth: number;
  /** Scratch of `scanValue`. */
  private readonly open: Uint8Array;

  private readonly frames: Int32Array;
  private readonly shapes: Shape[] = [];
  private readonly lasts: (KnownKey | null)[] = [];
  /** Keys met in open objects: those that wildcards match, and a bit for each declared field. */
  private readonly keys = new KeySet();
  private fields = new Int32Array(64);

  constructor(root: Shape, tape: Tape, maxDepth: number) {
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
    this.keys.reset();
    const { bytes } = chunk;
    const start = skipSpace(bytes, from);
    const end = bytes[start] === OPEN_BRACE && this.maxDepth > 0 ? this.walk(chunk, start) : -1;
    return end >= 0 && skipSpace(bytes, end) === to;
  }

  /** Walks the object at `start`; the position behind it, or −1. */
  private walk(chunk: Chunk, start: number): number {
    const { tape, frames, keys, maxDepth } = this;
    const { bytes: src, view } = chunk;
    let shape = this.root;
    let inArray = false;
    let openAt = -1;
    let depth = 1;
    let keysBase = 0;
    let fieldsBase = 0;
    let fields = this.openFields(0, shape);
    /** The key met last in this object, and the one to try next. */
    let last: KnownKey | null = null;
    let expected = shape.known.first;
    let i = skipSpace(src, start + 1);
    if (src[i] === CLOSE_BRACE) return i + 1;
    for (;;) {
      // A member begins at i.
      const member = i;
      let child: Shape | null = null;
      if (inArray) {
        child = shape.items;
      } else {
        let known = expected;
        if (known !== null && known.standsAt(view, i)) {
          i += known.length;
        } else {
          const scanned = src[i] === QUOTE ? scanString(src, view, i + 1) : -1;
          if (scanned < 0) return -1;
          const keyTo = scanned >> FLAG_BITS;
          i = skipSpace(src, keyTo);
          if (src[i++] !== COLON) return -1;
          const escaped = (scanned & HAS_ESCAPE) !== 0;
          known = escaped ? shape.known.named(unescapedText(src, member, keyTo)) : shape.known.find(src, member, keyTo);
          if (shape.rest !== null && known === null) {
            if (!keys.add(keysBase, src, member, keyTo, escaped)) return -1;
            child = shape.rest;
          } else if (known !== null) {
            shape.known.follow(last, known);
          }
        }
        if (known !== null) {
          const { field } = known;
          if (field >= 0) {
            const word = fieldsBase + (field >> 5);
            const met = fields[word] as number;
            if (((met >> field) & 1) === 1) return -1;
            fields[word] = met | (1 << field);
            child = known.child;
          }
          last = known;
          expected = known.next;
        }
        if ((src[i] as number) <= 0x20) i = skipSpace(src, i);
      }

      const byte = src[i] as number;
      let kind: number;
      let end: number;
      if (byte === QUOTE) {
        const scanned = scanString(src, view, i + 1);
        kind = scanned & STRING_FLAGS;
        end = scanned >> FLAG_BITS;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        const mode = child === null ? 0 : byte === OPEN_BRACE ? child.objects : child.arrays;
        if (child !== null && mode === WALK) {
          if (depth === maxDepth) return -1;
          const frame = FRAME * depth;
          frames[frame] = openAt;
          frames[frame + 1] = inArray ? 1 : 0;
          frames[frame + 2] = keysBase;
          frames[frame + 3] = fieldsBase;
          this.shapes[depth] = shape;
          this.lasts[depth] = last;
          depth++;
          openAt = tape.length;
          inArray = byte === OPEN_BRACKET;
          tape.push(inArray ? ARRAY : OBJECT, child.id, member, i, 0);
          keysBase = keys.length;
          fieldsBase += shape.fieldWords;
          shape = child;
          fields = this.openFields(fieldsBase, shape);
          last = null;
          expected = shape.known.first;
          i = skipSpace(src, i + 1);
          if (src[i] !== (inArray ? CLOSE_BRACKET : CLOSE_BRACE)) continue;
          kind = -1;
          end = i;
        } else {
          if (child !== null && mode === REFUSE && this.refused < 0) this.refused = child.leaf;
          kind = -1;
          end = scanValue(src, view, i, maxDepth - depth, this.open);
        }
      } else if (byte === MINUS || (byte ^ 0x30) <= 9) {
        kind = NUMBER;
        end = scanNumber(src, i);
      } else {
        kind = byte === LETTER_N ? NULL : BOOLEAN;
        end = scanWord(src, i);
      }
      if (end < 0) return -1;
      if (child !== null && kind >= 0) {
        const { leaf } = child;
        if (leaf >= 0) {
          if (child.roles !== 0) this.noteRoles(child.roles);
          tape.push(kind, leaf, member, i, end);
        } else if (kind === NULL && child.nullIsContainer) {
          tape.push(NULL_CONTAINER, child.id, member, i, end);
        }
      }
      i = end;

      // Behind a value, or at the end of an empty container.
      for (;;) {
        if ((src[i] as number) <= 0x20) i = skipSpace(src, i);
        if (src[i] === COMMA) {
          i++;
          if ((src[i] as number) <= 0x20) i = skipSpace(src, i);
          break;
        }
        if (src[i] !== (inArray ? CLOSE_BRACKET : CLOSE_BRACE)) return -1;
        i++;
        if (--depth === 0) return i;
        tape.close(openAt);
        if (keys.length !== keysBase) keys.leave(keysBase);
        const frame = FRAME * depth;
        openAt = frames[frame] as number;
        inArray = frames[frame + 1] === 1;
        keysBase = frames[frame + 2] as number;
        fieldsBase = frames[frame + 3] as number;
        shape = this.shapes[depth] as Shape;
        last = this.lasts[depth] as KnownKey | null;
        expected = last === null ? null : last.next;
      }
    }
  }

  private noteRoles(roles: number): void {
    const at = this.tape.length;
    if ((roles & IS_SUBJECT) !== 0) this.subject = this.subject === MISSING ? at : AMBIGUOUS;
    if ((roles & IS_TIME) !== 0) this.time = this.time === MISSING ? at : AMBIGUOUS;
    if ((roles & IS_REGION) !== 0) this.region = this.region === MISSING ? at : AMBIGUOUS;
  }

  /** The words in which the fields of an object are noted, its own ones from `base` cleared. */
  private openFields(base: number, shape: Shape): Int32Array {
    const end = base + shape.fieldWords;
    if (end > this.fields.length) {
      const larger = new Int32Array(2 * end);
      larger.set(this.fields);
      this.fields = larger;
    }
    const { fields } = this;
    for (let word = base; word < end; word++) fields[word] = 0;
    return fields;
  }
}
