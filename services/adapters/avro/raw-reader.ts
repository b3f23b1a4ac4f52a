import { isUtf8 } from 'node:buffer';

/** No such value in the record. */
export const MISSING = -1;
/** More than one such value: which is meant is not certain. */
export const AMBIGUOUS = -2;

const INITIAL_TAPE = 1 << 14;
/** A tape grown beyond this by a monstrous record is given back. */
const KEPT_TAPE = 1 << 22;
/** Below this many bytes a loop beats the call into the runtime. */
const SHORT_TEXT = 128;
/** Map keys compared one with each other; above, a set is cheaper. */
const FEW_KEYS = 16;

/**
 * Reads Avro's binary encoding from one record and never beyond it. What is declared goes onto the tape as spans of the
 * record's bytes, so that what is kept is copied to the letter and what is not is never built. Functions that can meet
 * malformed bytes return false or NaN; nothing throws.
 */
export class RawReader {
  src: Buffer = Buffer.alloc(0);
  pos = 0;
  end = 0;
  /** Where the characters of the last string read begin. */
  textFrom = 0;
  depth = 0;
  readonly maxDepth: number;
  /** Elements met that take no bytes. */
  weightless = 0;
  /** The first declared leaf at which a container stands, or −1. */
  refused = -1;
  /** Tape positions of the values that are read; `MISSING`, `AMBIGUOUS`. */
  readonly read: { subject: number; time: number; region: number } = {
    subject: MISSING,
    time: MISSING,
    region: MISSING,
  };
  /** The types of those values, as indexes into the program's `roleTypes`. */
  readonly roleType: { subject: number; time: number; region: number } = { subject: 0, time: 0, region: 0 };
  tape: Int32Array = new Int32Array(INITIAL_TAPE);
  length = 0;
  readonly #keys: number[] = [];

  constructor(maxDepth: number) {
    this.maxDepth = maxDepth;
  }

  /** Forgets all records. */
  clear(): void {
    this.length = 0;
    if (this.tape.length > KEPT_TAPE) this.tape = new Int32Array(INITIAL_TAPE);
  }

  open(src: Buffer, pos: number): void {
    this.src = src;
    this.pos = pos;
    this.end = src.length;
    this.depth = 0;
    this.weightless = 0;
    this.refused = -1;
    this.read.subject = MISSING;
    this.read.time = MISSING;
    this.read.region = MISSING;
    this.#keys.length = 0;
  }

  put(word: number): void {
    if (this.length === this.tape.length) this.#grow();
    this.tape[this.length++] = word;
  }

  putSpan(from: number, to: number): void {
    if (this.length + 2 > this.tape.length) this.#grow();
    this.tape[this.length] = from;
    this.tape[this.length + 1] = to;
    this.length += 2;
  }

  #grow(): void {
    const larger = new Int32Array(this.tape.length * 2);
    larger.set(this.tape);
    this.tape = larger;
  }

  /** A long as a number: exact to 2^53, of the right sign and size beyond. NaN: none stands here. */
  long(): number {
    const { src, end } = this;
    let { pos } = this;
    if (pos >= end) return Number.NaN;
    let byte = src[pos++] as number;
    if (byte < 0x80) {
      this.pos = pos;
      return (byte >> 1) ^ -(byte & 1);
    }
    let value = byte & 0x7f;
    let weight = 128;
    for (let read = 1; ; read++) {
      // Ten bytes hold 64 bits, the last of them one.
      if (pos >= end || read === 10) return Number.NaN;
      byte = src[pos++] as number;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) {
        if (read === 9 && byte > 1) return Number.NaN;
        break;
      }
      weight *= 128;
    }
    this.pos = pos;
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  skipInt(): boolean {
    return this.#skipVarint(5, 0x0f);
  }

  skipLong(): boolean {
    return this.#skipVarint(10, 0x01);
  }

  #skipVarint(most: number, lastByte: number): boolean {
    const { src, end } = this;
    let { pos } = this;
    for (let read = 1; ; read++) {
      if (pos >= end) return false;
      const byte = src[pos++] as number;
      if (byte < 0x80) {
        if (read === most && byte > lastByte) return false;
        this.pos = pos;
        return true;
      }
      if (read === most) return false;
    }
  }

  skipBoolean(): boolean {
    if (this.pos >= this.end) return false;
    return (this.src[this.pos++] as number) <= 1;
  }

  skipFixed(size: number): boolean {
    if (size > this.end - this.pos) return false;
    this.pos += size;
    return true;
  }

  skipBytes(): boolean {
    const size = this.long();
    return size >= 0 && this.skipFixed(size);
  }

  skipString(): boolean {
    const size = this.long();
    if (!(size >= 0 && size <= this.end - this.pos)) return false;
    const from = this.pos;
    const to = from + size;
    this.textFrom = from;
    this.pos = to;
    const { src } = this;
    if (size > SHORT_TEXT) return isUtf8(src.subarray(from, to));
    for (let at = from; at < to; at++) {
      if ((src[at] as number) >= 0x80) return isUtf8(src.subarray(at, to));
    }
    return true;
  }

  skipEnum(symbols: number): boolean {
    const index = this.long();
    return index >= 0 && index < symbols;
  }

  /** A map's key; false for `__proto__` too, which makes other readers build something else than a map. */
  skipKey(): boolean {
    if (!this.skipString()) return false;
    const { pos, src, textFrom } = this;
    return !(pos - textFrom === 9 && src[textFrom] === 0x5f && src.toString('latin1', textFrom, pos) === '__proto__');
  }

  /** Where the keys of a map begin among those of all open maps. */
  openKeys(): number {
    return this.#keys.length;
  }

  /** Notes the key that was just read. */
  noteKey(): void {
    this.#keys.push(this.textFrom, this.pos);
  }

  /** Ends a map: false where a key stood in it twice. */
  closeKeys(base: number): boolean {
    const keys = this.#keys;
    const distinct = (keys.length - base) / 2 > FEW_KEYS ? this.#distinctMany(base) : this.#distinctFew(base);
    keys.length = base;
    return distinct;
  }

  #distinctFew(base: number): boolean {
    const keys = this.#keys;
    const { src } = this;
    for (let i = base + 2; i < keys.length; i += 2) {
      const from = keys[i] as number;
      const size = (keys[i + 1] as number) - from;
      for (let j = base; j < i; j += 2) {
        const other = keys[j] as number;
        if ((keys[j + 1] as number) - other !== size) continue;
        let same = 0;
        while (same < size && src[from + same] === src[other + same]) same++;
        if (same === size) return false;
      }
    }
    return true;
  }

  #distinctMany(base: number): boolean {
    const keys = this.#keys;
    const seen = new Set<string>();
    for (let i = base; i < keys.length; i += 2) {
      seen.add(this.src.toString('latin1', keys[i] as number, keys[i + 1] as number));
    }
    return seen.size === (keys.length - base) / 2;
  }
}
