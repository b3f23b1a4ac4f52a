import type { Chunk } from './batch.ts';

/** Bytes of a chunk: some hundred records. */
const CHUNK = 1 << 18;
/** Below this many bytes a loop is faster than a call to copy them. */
const SHORT = 256;
const HEX = '0123456789abcdef';

/**
 * Memory that outputs are written to, one after the other. What was handed out is never written again; a full chunk is
 * left to whoever holds its parts.
 */
export class Arena {
  bytes: Uint8Array = new Uint8Array(CHUNK);
  view: DataView = new DataView(this.bytes.buffer);
  /** Where the next byte goes. */
  at = 0;
  /** Where the output in hand began. */
  start = 0;

  /** Begins an output. */
  begin(): void {
    this.start = this.at;
  }

  /** Forgets the output in hand. */
  abandon(): void {
    this.at = this.start;
  }

  /** Hands out the output in hand. */
  take(): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.start, this.at - this.start);
  }

  /** Makes room for `count` more bytes; the output in hand moves to a new chunk where this one is full. */
  need(count: number): void {
    if (this.at + count > this.bytes.length) this.move(count);
  }

  private move(count: number): void {
    const length = this.at - this.start;
    const next = new Uint8Array(Math.max(CHUNK, 2 * (length + count)));
    next.set(this.bytes.subarray(this.start, this.at));
    // A secret cut short must not lie around behind what others hold.
    this.bytes.fill(0, this.start, this.at);
    this.bytes = next;
    this.view = new DataView(next.buffer);
    this.start = 0;
    this.at = length;
  }

  /** Copies bytes; room was made. */
  copy(src: Chunk, from: number, to: number): void {
    const { bytes, view } = this;
    let at = this.at;
    let i = from;
    if (to - from > SHORT) {
      bytes.set(src.bytes.subarray(from, to), at);
      at += to - from;
    } else {
      for (; i + 4 <= to; i += 4, at += 4) view.setInt32(at, src.view.getInt32(i, true), true);
      for (; i < to; i++) bytes[at++] = src.bytes[i] as number;
    }
    this.at = at;
  }

  /** Writes a literal of ASCII. */
  literal(text: string): void {
    this.need(text.length + 1);
    for (let i = 0; i < text.length; i++) this.bytes[this.at++] = text.charCodeAt(i);
  }

  /** Writes text as a JSON string with as few escapes as RFC 8259 section 7 allows; half a surrogate pair as U+FFFD. */
  string(text: string): void {
    // Six bytes for the longest escape, two quotes, a separator.
    this.need(text.length * 6 + 3);
    const { bytes } = this;
    let at = this.at;
    bytes[at++] = 0x22;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x20 && unit < 0x80) {
        if (unit === 0x22 || unit === 0x5c) bytes[at++] = 0x5c;
        bytes[at++] = unit;
      } else if (unit < 0x20) {
        at = writeControl(bytes, at, unit);
      } else {
        const point = text.codePointAt(i) as number;
        if (point > 0xffff) i++;
        at = writeWide(bytes, at, point >= 0xd800 && point <= 0xdfff ? 0xfffd : point);
      }
    }
    bytes[at++] = 0x22;
    this.at = at;
  }
}

function writeControl(bytes: Uint8Array, start: number, unit: number): number {
  const short = unit >= 8 && unit <= 13 ? 'btn\u0000fr'.charCodeAt(unit - 8) : 0;
  let at = start;
  bytes[at++] = 0x5c;
  if (short > 0) {
    bytes[at++] = short;
    return at;
  }
  for (const char of `u00${HEX[unit >> 4]}${HEX[unit & 15]}`) bytes[at++] = char.charCodeAt(0);
  return at;
}

function writeWide(bytes: Uint8Array, start: number, point: number): number {
  let at = start;
  if (point < 0x800) {
    bytes[at++] = 0xc0 | (point >> 6);
  } else if (point < 0x10000) {
    bytes[at++] = 0xe0 | (point >> 12);
    bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
  } else {
    bytes[at++] = 0xf0 | (point >> 18);
    bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
    bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
  }
  bytes[at++] = 0x80 | (point & 0x3f);
  return at;
}
