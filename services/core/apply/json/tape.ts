/**
 * What the walk found in the records of a batch: entries of `ENTRY` integers in document order, positions into the raw
 * value. One tape serves all batches, so that reading a record allocates nothing for it.
 */
import { STRING_FLAGS } from './scan.ts';

/** Integers of an entry: op, leaf (or shape id), key from and to (quotes included; −1 in arrays), value from and to. */
export const ENTRY = 6;

/**
 * Scalars with a leaf come first, so that `op <= NULL` tells them from the others; strings first of all. A string's op
 * is the flags the scanner found it with.
 */
export const LAST_STRING = STRING_FLAGS;
export const NUMBER = 4;
export const BOOLEAN = 5;
export const NULL = 6;
/** A null where a container is declared; the second integer is the shape's id. */
export const NULL_CONTAINER = 7;
/** Containers; the second integer is the shape's id, the last one the position of its `CLOSE` entry on the tape. */
export const OBJECT = 8;
export const ARRAY = 9;
/** The second integer is the op of the container it closes. */
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

  push(op: number, id: number, keyFrom: number, keyTo: number, from: number, to: number): void {
    const at = this.length;
    if (at + ENTRY > this.entries.length) this.grow();
    const entries = this.entries;
    entries[at] = op;
    entries[at + 1] = id;
    entries[at + 2] = keyFrom;
    entries[at + 3] = keyTo;
    entries[at + 4] = from;
    entries[at + 5] = to;
    this.length = at + ENTRY;
  }

  /** Closes the container opened at a position; one that holds nothing of interest leaves no trace. */
  close(openAt: number): void {
    if (this.length === openAt + ENTRY) {
      this.length = openAt;
      return;
    }
    this.entries[openAt + 5] = this.length;
    this.push(CLOSE, this.entries[openAt] as number, -1, -1, 0, 0);
  }

  private grow(): void {
    const larger = new Int32Array(this.entries.length * 2);
    larger.set(this.entries);
    this.entries = larger;
  }
}
