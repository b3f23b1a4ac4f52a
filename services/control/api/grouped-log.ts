import type { ConsentLog, ConsentLogEntry } from '../../core/ports.ts';

/** More than that in one append would keep the next ones waiting. */
const MAX_EVENTS = 2_000;

type Waiting = {
  readonly entries: readonly ConsentLogEntry[];
  readonly done: (versions: readonly number[]) => void;
  readonly failed: (error: unknown) => void;
};

/**
 * A log for many who append at once: what comes while an append is on its way goes together in the next one. Those of
 * one group fail together; appending again does no harm.
 */
export function makeGroupedLog(log: ConsentLog): ConsentLog {
  const waiting: Waiting[] = [];
  let busy = false;

  const next = (): Waiting[] => {
    let events = 0;
    const count = waiting.findIndex(({ entries }) => (events += entries.length) > MAX_EVENTS);
    return waiting.splice(0, count < 0 ? waiting.length : Math.max(count, 1));
  };

  const work = async (): Promise<void> => {
    busy = true;
    while (waiting.length > 0) {
      const group = next();
      try {
        const versions = await log.append(group.flatMap(({ entries }) => entries));
        let at = 0;
        for (const { entries, done } of group) done(versions.slice(at, (at += entries.length)));
      } catch (error) {
        for (const { failed } of group) failed(error);
      }
    }
    busy = false;
  };

  return {
    append: (entries) =>
      new Promise((done, failed) => {
        waiting.push({ entries, done, failed });
        if (!busy) void work();
      }),
  };
}
