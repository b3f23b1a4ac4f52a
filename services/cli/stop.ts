/** What ends a command that goes on until somebody has seen enough. */

export type Stop = {
  readonly signal: AbortSignal;
  /** Resolves after so many milliseconds, and at once when stopped: false then. */
  readonly wait: (milliseconds: number) => Promise<boolean>;
  readonly stop: () => void;
  /** Lets go of signals and keys. */
  readonly close: () => void;
};

type Keyboard = Pick<
  NodeJS.ReadStream,
  'isTTY' | 'setRawMode' | 'on' | 'removeListener' | 'resume' | 'pause' | 'unref'
>;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const CTRL_C = 3;
const ENDS = new Set([CTRL_C, 'q'.charCodeAt(0), 'Q'.charCodeAt(0)]);

/** @param keys where q and Ctrl-C are typed, whose echo would spoil the screen; null: signals alone. */
export function makeStop(keys: Keyboard | null): Stop {
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (): void => controller.abort();
  const typed = (bytes: Buffer): void => {
    if (bytes.some((byte) => ENDS.has(byte))) stop();
  };
  for (const name of SIGNALS) process.on(name, stop);
  const keyboard = keys?.isTTY === true ? keys : null;
  keyboard?.setRawMode(true);
  keyboard?.on('data', typed);
  keyboard?.resume();
  return {
    signal,
    stop,
    wait: (milliseconds) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve(false);
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve(!signal.aborted);
        };
        const timer = setTimeout(done, milliseconds);
        signal.addEventListener('abort', done);
      }),
    close: () => {
      for (const name of SIGNALS) process.removeListener(name, stop);
      keyboard?.removeListener('data', typed);
      keyboard?.setRawMode(false);
      keyboard?.pause();
      keyboard?.unref();
    },
  };
}
