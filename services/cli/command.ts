/**
 * A command of the tree: its flags and help. What it does is imported only when it is used, so that help answers at
 * once and no server is touched to print it.
 */
import type { Command } from 'commander';

/** Wraps what a command does, which resolves to the exit code. */
export type Finish = <A extends unknown[]>(command: (...args: A) => Promise<number>) => (...values: A) => Promise<void>;

/** Adds a command, with its subcommands, to the tree. */
export type AddCommand = (parent: Command, finish: Finish) => void;

export const CONFIG_FLAG = ['--config <file>', 'settings file (YAML); the environment wins over it'] as const;

/** For `addHelpText('after', …)`. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
