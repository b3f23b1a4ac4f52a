/**
 * What the walk found in the records of a batch: entries of `ENTRY` integers in document order, positions into the raw
 * value. One tape serves all batches, so that reading a record allocates nothing for it.
 */
import { STRING_FLAGS } from './scan.ts';
import { scalarText } from './text.ts';

/**
 * Integers of an entry: op with the leaf's (or shape's) id above it, where the member begins (at its key; an element at
 * its value), where its value begins and where that ends.
 */
export const ENTRY = 4;
/** `head >> OP_BITS` is the id, `head & OP_MASK` the op. */
export const OP_BITS = 4;
export const OP_MASK = 15;

/**
 * Scalars with a leaf come first, so that `op <= NULL` tells them from the others; strings first of all. A string's op
 * is the flags the scanner found it with.
 */
export const LAST_STRING = STRING_FLAGS;
export const NUMBER = 4;
export const BOOLEAN = 5;
export const NULL = 6;
/** A null where a container is declared; with the shape's id. */
export const NULL_CONTAINER = 7;
/** Containers, with the shape's id; their last integer is the position of their `CLOSE` entry on the tape. */
export const OBJECT = 8;
export const ARRAY = 9;
/** With the op of the container it closes for an id. */
export const CLOSE = 10;

const INITIAL = 1 << 14;
/** A tape grown beyond this by a monstrous record is given back. */
const KEPT = 1 << 22;

export class Tape {
  entries: Int32Array = new Int32Array(INITIAL);
  length = 0;

  reset(): void {
    this.length = 0;
    if (this.entries.length > KEPT) this.entries = new Int32Array(INITIAL);
  }

  push(op: number, id: number, member: number, from: number, to: number): void {
    const at = this.length;
    if (at + ENTRY > this.entries.length) this.grow();
    const entries = this.entries;
    entries[at] = op | (id << OP_BITS);
    entries[at + 1] = member;
    entries[at + 2] = from;
    entries[at + 3] = to;
    this.length = at + ENTRY;
  }

  /** Op of the entry at a position. */
  op(at: number): number {
    return (this.entries[at] as number) & OP_MASK;
  }

  /** Text of the scalar at a position. */
  text(src: Uint8Array, at: number): string {
    return scalarText(src, this.op(at), this.entries[at + 2] as number, this.entries[at + 3] as number);
  }

  /** Closes the container opened at a position; one that holds nothing of interest leaves no trace. */
  close(openAt: number): void {
    if (this.length === openAt + ENTRY) {
      this.length = openAt;
      return;
    }
    this.entries[openAt + 3] = this.length;
    this.push(CLOSE, this.op(openAt), 0, 0, 0);
  }

  private grow(): void {
    const larger = new Int32Array(this.entries.length * 2);
    larger.set(this.entries);
    this.entries = larger;
  }
}
