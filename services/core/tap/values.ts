/** Published values on their way to the decisions that they belong to, whichever is read first. */
import type { TapDecision } from './decision.ts';

export type PublishedValue =
  /** Null: a tombstone. */
  { readonly found: true; readonly value: Uint8Array | null } | { readonly found: false };

export type ValueBuffer = {
  /** @param value owned by the buffer from now on. */
  readonly put: (topic: string, source: string, value: Uint8Array | null) => void;
  /** At most once for each that was put. */
  readonly take: (topic: string, source: string) => PublishedValue;
};

/** What a value takes besides its bytes. */
const OVERHEAD_BYTES = 200;

/** @param most bytes; the oldest values make room for new ones. */
export function makeValueBuffer(most: number): ValueBuffer {
  const values = new Map<string, Uint8Array | null>();
  let bytes = 0;
  const sizeOf = (key: string, value: Uint8Array | null): number =>
    2 * key.length + (value?.length ?? 0) + OVERHEAD_BYTES;
  const remove = (key: string, value: Uint8Array | null): void => {
    values.delete(key);
    bytes -= sizeOf(key, value);
  };
  return {
    put: (topic, source, value) => {
      const key = `${topic} ${source}`;
      const before = values.get(key);
      if (before !== undefined) remove(key, before);
      values.set(key, value);
      bytes += sizeOf(key, value);
      for (const [oldest, old] of values) {
        if (bytes <= most) break;
        remove(oldest, old);
      }
    },
    take: (topic, source) => {
      const key = `${topic} ${source}`;
      const value = values.get(key);
      if (value === undefined) return { found: false };
      remove(key, value);
      return { found: true, value };
    },
  };
}

/** A decision that waits, in its turn, for its value. */
export type Waiting = { readonly decision: TapDecision; readonly leftOut: number; readonly until: number };

export type Released = Pick<Waiting, 'decision' | 'leftOut'> & {
  /** Null: the decision has none to be shown. */
  readonly value: PublishedValue | null;
};

/** Whether a value is to be shown: of what was published alone, never of what was withheld or sealed. */
export function hasValue({ outcome, output, by }: TapDecision): boolean {
  return outcome === 'published' && output !== null && by !== 'correction';
}

export type ValueQueue = {
  readonly push: (waiting: Waiting) => void;
  readonly size: () => number;
  /** Takes from the front what has its value, needs none, or has waited long enough; and what is too many. */
  readonly release: (now: number, keep: number) => Generator<Released>;
};

/** Keeps the order of the decisions: one that waits holds up those behind it. */
export function makeValueQueue(buffer: Pick<ValueBuffer, 'take'>): ValueQueue {
  let queue: Waiting[] = [];
  return {
    push: (waiting) => void queue.push(waiting),
    size: () => queue.length,
    *release(now, keep) {
      let done = 0;
      try {
        for (; done < queue.length; done++) {
          const { decision, leftOut, until } = queue[done]!;
          const { output, source } = decision;
          const value = hasValue(decision) && output !== null ? buffer.take(output, source) : null;
          if (value !== null && !value.found && now < until && queue.length - done <= keep) return;
          yield { decision, leftOut, value };
        }
      } finally {
        queue = queue.slice(done);
      }
    },
  };
}
