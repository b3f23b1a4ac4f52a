/**
 * A set of offsets in bits: an eighth of a byte each where offsets are dense, nothing where there are none. Ten million
 * replayed dead letters take about 1.3 MB, however they are scattered.
 */
const PAGE_BITS = 32_768;

export class OffsetSet {
  readonly #pages = new Map<number, Uint8Array>();

  /** Both inclusive. */
  addRange(from: number, to: number): void {
    for (let offset = from; offset <= to; ) {
      const page = this.#page(Math.floor(offset / PAGE_BITS));
      const start = offset % PAGE_BITS;
      const end = Math.min(PAGE_BITS - 1, start + (to - offset));
      for (let bit = start; bit <= end; bit++) page[bit >> 3]! |= 1 << (bit & 7);
      offset += end - start + 1;
    }
  }

  has(offset: number): boolean {
    const page = this.#pages.get(Math.floor(offset / PAGE_BITS));
    if (page === undefined) return false;
    const bit = offset % PAGE_BITS;
    return (page[bit >> 3]! & (1 << (bit & 7))) !== 0;
  }

  #page(number: number): Uint8Array {
    let page = this.#pages.get(number);
    if (page === undefined) this.#pages.set(number, (page = new Uint8Array(PAGE_BITS / 8)));
    return page;
  }
}
