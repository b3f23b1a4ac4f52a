/** A local part cannot be had. Exit code 69 (EX_UNAVAILABLE of sysexits): a dependency is missing, not a bug. */
export class StackError extends Error {
  readonly exitCode = 69;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StackError';
  }
}

/** Says one step to a person; one short line, no newline at its end. */
export type Log = (line: string) => void;

/** The default log: stderr, so that stdout stays free for what a machine reads. */
export const logToStderr: Log = (line) => {
  process.stderr.write(`stack: ${line}\n`);
};
