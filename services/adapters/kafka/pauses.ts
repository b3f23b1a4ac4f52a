/**
 * Partitions that wait for something to come back. The fetch loop goes on without them, so heartbeats go on too; each is
 * resumed after a wait that doubles with every failure, up to a bound well under the 15 s in which a stream has to go on
 * after its dependency returned.
 */
import type { EachBatchPayload } from 'kafkajs';

type Pause = { readonly topic: string; readonly cause: string; readonly timer: NodeJS.Timeout | null };

const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 2_000;

type Options = {
  readonly resume: (topic: string, partition: number) => void;
  /** Called with the new number of partitions of a topic paused for a cause. */
  readonly changed: (topic: string, cause: string, partitions: number) => void;
};

export class Pauses {
  readonly #options: Options;
  readonly #pauses = new Map<string, Pause>();
  readonly #waits = new Map<string, number>();
  #closed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Pauses the batch's partition and schedules its return. Returns the wait in milliseconds. */
  pause(payload: EachBatchPayload, cause: string): number {
    const { topic, partition } = payload.batch;
    const key = `${topic}/${partition}`;
    const wait = this.#waits.get(key) ?? FIRST_WAIT_MS;
    this.#waits.set(key, Math.min(wait * 2, MAX_WAIT_MS));
    if (this.#closed) return wait;
    payload.pause();
    const timer = setTimeout(() => {
      this.#remove(key);
      this.#options.resume(topic, partition);
    }, wait);
    this.#set(key, { topic, cause, timer });
    return wait;
  }

  /** Pauses for good: the worker is about to end. */
  hold(payload: EachBatchPayload): void {
    const { topic, partition } = payload.batch;
    payload.pause();
    this.#set(`${topic}/${partition}`, { topic, cause: 'fatal', timer: null });
  }

  /** The partition works again; its next failure starts with a short wait. */
  succeeded(topic: string, partition: number): void {
    this.#waits.delete(`${topic}/${partition}`);
  }

  /** Forgets every pause and resumes: partitions were assigned anew. */
  clear(): void {
    for (const [key, pause] of [...this.#pauses]) {
      this.#remove(key);
      if (!this.#closed) this.#options.resume(pause.topic, Number(key.slice(key.lastIndexOf('/') + 1)));
    }
  }

  close(): void {
    this.#closed = true;
    for (const key of [...this.#pauses.keys()]) this.#remove(key);
  }

  #set(key: string, pause: Pause): void {
    const before = this.#pauses.get(key);
    if (before?.timer) clearTimeout(before.timer);
    this.#pauses.set(key, pause);
    if (before !== undefined && before.cause !== pause.cause) this.#report(before);
    this.#report(pause);
  }

  #remove(key: string): void {
    const pause = this.#pauses.get(key);
    if (pause === undefined) return;
    if (pause.timer !== null) clearTimeout(pause.timer);
    this.#pauses.delete(key);
    this.#report(pause);
  }

  #report({ topic, cause }: Pause): void {
    let count = 0;
    for (const other of this.#pauses.values()) if (other.topic === topic && other.cause === cause) count++;
    this.#options.changed(topic, cause, count);
  }
}
