import { MARGIN } from './scan.ts';

/** Raw values of one batch, copied one behind the other; positions on the tape point into it. */
export type Chunk = { readonly bytes: Uint8Array; readonly view: DataView };

const SIZE = 1 << 20;
/** Chunks that are kept from batch to batch. */
const KEPT = 4;

/**
 * Holds the records of a batch while it is worked on. Copying them first lets each end in a zero byte, which ends every
 * token: cheaper than watching for the end at every byte.
 */
export class Batch {
  /** The chunk that holds the last record added. */
  chunk: Chunk;

  /** The first is of the usual size, always. */
  private readonly chunks: Chunk[];
  /** Index of the chunk that comes after `chunk`. */
  private next = 1;
  private end = 0;

  constructor() {
    this.chunk = makeChunk(SIZE);
    this.chunks = [this.chunk];
  }

  /** Forgets all records. */
  reset(): void {
    const plain = this.chunks.filter(({ bytes }) => bytes.length === SIZE).slice(0, KEPT);
    this.chunks.splice(0, this.chunks.length, ...plain);
    this.chunk = this.chunks[0] as Chunk;
    this.next = 1;
    this.end = 0;
  }

  /** Adds a record; the position of its first byte in `chunk`. */
  add(value: Uint8Array): number {
    const { length } = value;
    if (this.end + length + MARGIN > this.chunk.bytes.length) this.turn(length + MARGIN);
    const start = this.end;
    this.chunk.bytes.set(value, start);
    this.end = start + length + 1;
    this.chunk.bytes[this.end - 1] = 0;
    return start;
  }

  /** Takes back the record added last. */
  remove(start: number): void {
    this.end = start;
  }

  private turn(needed: number): void {
    const reused = needed <= SIZE ? this.chunks[this.next] : undefined;
    this.chunk = reused ?? makeChunk(Math.max(SIZE, needed));
    if (reused === undefined) this.chunks.splice(this.next, 0, this.chunk);
    this.next++;
    this.end = 0;
  }
}

function makeChunk(size: number): Chunk {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}
