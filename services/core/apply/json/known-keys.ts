import { MARGIN } from './scan.ts';
import type { Shape } from './shape.ts';

/** Undeclared keys that an object's shape learns at most, and the longest key compared word by word. */
const LEARNED = 64;
const LONGEST = MARGIN - 8;

/** A key that records were seen or are expected to hold. */
export class KnownKey {
  /** Index among the declared fields, or −1. */
  readonly field: number;
  /** What governs the key's value; null where it is undeclared. */
  readonly child: Shape | null;
  /** The key as JSON, with quotes and colon. */
  readonly bytes: Uint8Array;
  /** How many those are; 0 where they cannot be compared by words. */
  readonly length: number;
  /** The key that came after this one last time. */
  next: KnownKey | null = null;

  /** The bytes as little-endian words: the first, the last (the two may overlap), and those between. */
  private readonly head: number;
  private readonly tail: number;
  private readonly middle: Int32Array;

  constructor(field: number, child: Shape | null, bytes: Uint8Array) {
    const { length } = bytes;
    this.field = field;
    this.child = child;
    this.bytes = bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    const comparable = length >= 4 && length <= LONGEST;
    this.length = comparable ? length : 0;
    this.head = comparable ? view.getInt32(0, true) : 0;
    this.tail = comparable ? view.getInt32(length - 4, true) : 0;
    this.middle = new Int32Array(comparable ? Math.max(0, (length - 5) >> 2) : 0);
    for (let i = 0; i < this.middle.length; i++) this.middle[i] = view.getInt32(4 + 4 * i, true);
  }

  /** Whether the key stands at a place of a text; false also where it is too short or too long to tell by words. */
  standsAt(text: DataView, at: number): boolean {
    const { length } = this;
    if (length === 0 || text.getInt32(at, true) !== this.head) return false;
    if (text.getInt32(at + length - 4, true) !== this.tail) return false;
    const { middle } = this;
    for (let i = 0; i < middle.length; i++) if (text.getInt32(at + 4 + 4 * i, true) !== middle[i]) return false;
    return true;
  }
}

/**
 * The keys of the objects at one shape: those declared, and some of the undeclared ones beside them, learned from the
 * records. Records of a topic hold the same keys in the same order most of the time, so what comes next is tried first;
 * a key found that way need not be scanned, hashed or looked up.
 */
export class KnownKeys {
  /** The key that came first last time. */
  first: KnownKey | null = null;

  private readonly learns: boolean;
  private learned = 0;
  private count = 0;
  private readonly byName = new Map<string, KnownKey>();
  /** Open addressing; the length is a power of two. */
  private slots: (KnownKey | null)[] = [null, null, null, null];

  /** @param learns whether to remember undeclared keys: not in maps, whose keys are data. */
  constructor(learns: boolean) {
    this.learns = learns;
  }

  declare(name: string, child: Shape): void {
    // Stringified, a key may hold escapes: such a key is found by its meaning alone.
    const key = new KnownKey(this.count, child, new TextEncoder().encode(`${JSON.stringify(name)}:`));
    this.byName.set(name, key);
    this.add(key);
  }

  /** The declared key of this meaning. */
  named(name: string): KnownKey | null {
    return this.byName.get(name) ?? null;
  }

  /** The key that stands between two places (quotes included, no escapes), learned where it is new; null: unknown. */
  find(src: Uint8Array, from: number, to: number): KnownKey | null {
    const mask = this.slots.length - 1;
    let slot = hash(src, from, to) & mask;
    for (;;) {
      const key = this.slots[slot] as KnownKey | null;
      if (key === null) return this.learn(src, from, to);
      if (isAt(key.bytes, src, from, to)) return key;
      slot = (slot + 1) & mask;
    }
  }

  /** Notes that a key came after another, or first, so that it is tried there next time. */
  follow(last: KnownKey | null, key: KnownKey): void {
    if (last === null) this.first = key;
    else last.next = key;
  }

  private learn(src: Uint8Array, from: number, to: number): KnownKey | null {
    if (!this.learns || this.learned === LEARNED || to - from >= LONGEST) return null;
    this.learned++;
    const bytes = new Uint8Array(to - from + 1);
    bytes.set(src.subarray(from, to));
    bytes[to - from] = 0x3a;
    const key = new KnownKey(-1, null, bytes);
    this.add(key);
    return key;
  }

  private add(key: KnownKey): void {
    this.count++;
    if (this.count * 3 > this.slots.length) {
      const old = this.slots;
      this.slots = new Array<KnownKey | null>(old.length * 2).fill(null);
      for (const kept of old) if (kept !== null) this.place(kept);
    }
    this.place(key);
  }

  private place(key: KnownKey): void {
    const mask = this.slots.length - 1;
    let slot = hash(key.bytes, 0, key.bytes.length - 1) & mask;
    while (this.slots[slot] !== null) slot = (slot + 1) & mask;
    this.slots[slot] = key;
  }
}

/** By length and three bytes: cheap, and keys that share them all are told apart by comparing. */
function hash(src: Uint8Array, from: number, to: number): number {
  const middle = src[from + ((to - from) >> 1)] as number;
  return to - from + (src[from + 1] as number) * 7 + middle * 31 + (src[to - 2] as number) * 3;
}

/** Whether the key, its colon left out, is what stands between two places. */
function isAt(key: Uint8Array, src: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  if (key.length !== length + 1) return false;
  for (let i = 1; i < length; i++) if (key[i] !== src[from + i]) return false;
  return true;
}
