import { unescapedText, wideText } from './text.ts';

/** Up to this many keys of an object are compared one by one; more go to a hash set. */
const FEW = 24;

/**
 * The keys met so far in the open objects whose keys are matched by a wildcard, to find one that occurs twice. Works
 * as a stack: objects within objects.
 */
export class KeySet {
  /** Three integers a key: from and to (quotes included), and whether it has escapes. */
  private spans = new Int32Array(3 * 64);
  /** Where the keys of an object that is opened next will begin: goes to `add` and `leave`. */
  length = 0;
  private readonly sets = new Map<number, Set<string>>();

  reset(): void {
    this.length = 0;
    if (this.sets.size > 0) this.sets.clear();
  }

  /** Closes the object whose keys begin at `base`. */
  leave(base: number): void {
    this.length = base;
    if (this.sets.size > 0) this.sets.delete(base);
  }

  /** Adds a key of the innermost open object; false where it was there already. Compares what the keys mean. */
  add(base: number, src: Uint8Array, from: number, to: number, escaped: boolean): boolean {
    const set = this.sets.size > 0 ? this.sets.get(base) : undefined;
    if (set !== undefined) return this.addText(set, src, from, to, escaped);
    for (let i = base; i < this.length; i += 3) if (this.same(i, src, from, to, escaped)) return false;
    if (this.length + 3 > this.spans.length) this.grow();
    this.spans[this.length] = from;
    this.spans[this.length + 1] = to;
    this.spans[this.length + 2] = escaped ? 1 : 0;
    this.length += 3;
    if (this.length - base >= 3 * FEW) this.sets.set(base, this.toSet(base, src));
    return true;
  }

  private addText(set: Set<string>, src: Uint8Array, from: number, to: number, escaped: boolean): boolean {
    const before = set.size;
    set.add(keyText(src, from, to, escaped));
    return set.size > before;
  }

  private toSet(base: number, src: Uint8Array): Set<string> {
    const set = new Set<string>();
    for (let i = base; i < this.length; i += 3) {
      const escaped = this.spans[i + 2] === 1;
      set.add(keyText(src, this.spans[i] as number, this.spans[i + 1] as number, escaped));
    }
    return set;
  }

  private same(at: number, src: Uint8Array, from: number, to: number, escaped: boolean): boolean {
    const otherFrom = this.spans[at] as number;
    const otherTo = this.spans[at + 1] as number;
    const otherEscaped = this.spans[at + 2] === 1;
    if (escaped || otherEscaped) {
      return keyText(src, from, to, escaped) === keyText(src, otherFrom, otherTo, otherEscaped);
    }
    if (to - from !== otherTo - otherFrom) return false;
    let i = to - from - 1;
    while (i >= 0 && src[from + i] === src[otherFrom + i]) i--;
    return i < 0;
  }

  private grow(): void {
    const larger = new Int32Array(this.spans.length * 2);
    larger.set(this.spans);
    this.spans = larger;
  }
}

function keyText(src: Uint8Array, from: number, to: number, escaped: boolean): string {
  return escaped ? unescapedText(src, from, to) : wideText(src, from + 1, to - 1);
}
