/** Progress of long work: one line that is written over, on a terminal; nothing in a pipe. */
export type Progress = { readonly at: (done: number) => void; readonly end: () => void };

type Terminal = { readonly isTTY?: boolean; readonly write: (text: string) => unknown };

const EVERY_MS = 100;

/**
 * @param total what `done` comes to at the end; null where nobody knows.
 * @param shown writes a quantity as people read it.
 */
export function makeProgress(
  terminal: Terminal,
  title: string,
  total: number | null,
  shown: (quantity: number) => string,
  clock: () => number = Date.now,
): Progress {
  if (terminal.isTTY !== true) return { at: () => undefined, end: () => undefined };
  const started = clock();
  let last = Number.NEGATIVE_INFINITY;
  let used = false;
  return {
    at: (done) => {
      const now = clock();
      if (now - last < EVERY_MS) return;
      last = now;
      used = true;
      const seconds = Math.max((now - started) / 1000, 0.001);
      const rate = done / seconds;
      const share = total === null || total === 0 ? '' : ` of ${shown(total)}, ${Math.floor((done / total) * 100)} %`;
      const left = total === null || rate === 0 ? '' : `, ${Math.max(0, Math.ceil((total - done) / rate))} s left`;
      terminal.write(`\r\u001b[K${title}: ${shown(done)}${share}, ${shown(rate)}/s${left}`);
    },
    end: () => {
      if (used) terminal.write('\r\u001b[K');
    },
  };
}

/** Bytes as people read them. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
