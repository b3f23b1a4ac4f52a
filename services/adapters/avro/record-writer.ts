import type { SubjectCipher } from '../../core/data-key.ts';
import type { Poison } from '../../core/outcome.ts';

const SLAB = 1 << 18;
const EMPTY = Buffer.alloc(0);

/**
 * Writes Avro's binary encoding of one record after another into slabs. A record is handed out as a view of its slab,
 * whose bytes are never written again.
 */
export class RecordWriter {
  out: Buffer = Buffer.allocUnsafeSlow(SLAB);
  pos = 0;
  #start = 0;
  /** The raw record, the tape and the place on it. */
  src: Buffer = EMPTY;
  tape: Int32Array = new Int32Array(0);
  at = 0;
  /** By leaf id, of the variant. */
  released: Uint8Array = new Uint8Array(0);
  tally: Uint32Array = new Uint32Array(0);
  /** Of the record's subject. */
  cipher: SubjectCipher | null = null;
  /** Scalars released. */
  count = 0;
  keyText: string | null = null;
  poison: Poison | null = null;

  begin(schemaId: number): void {
    this.#start = this.pos;
    this.count = 0;
    this.keyText = null;
    this.poison = null;
    this.#reserve(5);
    this.out[this.pos] = 0;
    this.out.writeUInt32BE(schemaId, this.pos + 1);
    this.pos += 5;
  }

  finish(): Uint8Array {
    return this.out.subarray(this.#start, this.pos);
  }

  /** Takes back what was begun. */
  abandon(): void {
    this.pos = this.#start;
  }

  /** Where the next byte of this record goes; the same place whatever slab it is in. */
  mark(): number {
    return this.pos - this.#start;
  }

  rewind(mark: number): void {
    this.pos = this.#start + mark;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.out.length - this.pos) return;
    const written = this.out.subarray(this.#start, this.pos);
    const larger = Buffer.allocUnsafeSlow(Math.max(SLAB, 2 * (written.length + bytes)));
    larger.set(written);
    this.out = larger;
    this.pos = written.length;
    this.#start = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.out[this.pos++] = value;
  }

  /** Copies a span of the raw record to the letter. */
  copy(from: number, to: number): void {
    const size = to - from;
    this.#reserve(size);
    const { out, src, pos } = this;
    if (size < 24) for (let i = 0; i < size; i++) out[pos + i] = src[from + i] as number;
    else src.copy(out, pos, from, to);
    this.pos = pos + size;
  }

  /** A non-negative count, size or index below 2^31. */
  size(value: number): void {
    this.#reserve(5);
    let rest = value * 2;
    while (rest >= 0x80) {
      this.out[this.pos++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.out[this.pos++] = rest;
  }

  /** Puts a count before what was written since `mark`, where a greater or equal one was written at `mark`. */
  correct(mark: number, written: number, count: number): void {
    const at = this.#start + mark;
    const before = sizeOf(written);
    const now = sizeOf(count);
    const end = this.pos;
    if (now !== before) this.out.copyWithin(at + now, at + before, end);
    this.pos = at;
    this.size(count);
    this.pos = end - (before - now);
  }

  long(value: bigint): void {
    this.#reserve(10);
    let rest = BigInt.asUintN(64, value >= 0n ? value << 1n : ((-value - 1n) << 1n) | 1n);
    while (rest >= 0x80n) {
      this.out[this.pos++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.out[this.pos++] = Number(rest);
  }

  float(value: number): void {
    this.#reserve(4);
    this.pos = this.out.writeFloatLE(value, this.pos);
  }

  double(value: number): void {
    this.#reserve(8);
    this.pos = this.out.writeDoubleLE(value, this.pos);
  }

  text(value: string): void {
    const { length } = value;
    if (length < 64) {
      this.#reserve(1 + length);
      const { out } = this;
      const start = this.pos;
      let at = start + 1;
      let i = 0;
      for (; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code >= 0x80) break;
        out[at++] = code;
      }
      if (i === length) {
        out[start] = length * 2;
        this.pos = at;
        return;
      }
    }
    const bytes = Buffer.byteLength(value);
    this.size(bytes);
    this.#reserve(bytes);
    this.pos += this.out.write(value, this.pos, bytes, 'utf8');
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.out.set(bytes, this.pos);
    this.pos += bytes.length;
  }
}

function sizeOf(count: number): number {
  let bytes = 1;
  for (let rest = count * 2; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
