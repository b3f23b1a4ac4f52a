/** One thing that must hold of what is deployed. */
export type Check = {
  readonly name: string;
  /** What is wrong, a line each; nothing where all is well. Throws where it cannot be asked (a tool is missing). */
  readonly problems: () => Promise<readonly string[]>;
};

/** The lines of a tool's output that say something; those in `noise` do not. */
export const linesOf = (output: string, noise = /^\s*$/): string[] =>
  output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !noise.test(line));
