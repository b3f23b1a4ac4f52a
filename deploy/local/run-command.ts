import { spawn } from 'node:child_process';
import { StackError } from './error.ts';
import type { RunDir } from './run-dir.ts';

export type Ran = { readonly code: number | null; readonly output: string };

/**
 * Runs a command to its end without a shell and without stdin, and gives its exit code (null: killed or not found) and
 * what it said on stdout and stderr together.
 *
 * @param onLine called for each line as it comes
 * @param onSpawn told the pid, to have it tracked
 */
export const capture = (
  command: string,
  args: readonly string[],
  options: {
    timeoutMs?: number;
    onLine?: (line: string) => void;
    onSpawn?: (pid: number) => void;
    env?: NodeJS.ProcessEnv;
  } = {},
): Promise<Ran> =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(options.env ? { env: options.env } : {}),
    });
    if (child.pid !== undefined) options.onSpawn?.(child.pid);
    // Not spawn's own timeout: its timer outlives a command that cannot be run, and keeps us waiting for it.
    const timer = options.timeoutMs && setTimeout(() => child.kill('SIGKILL'), options.timeoutMs);
    const end = (code: number | null, text: string): void => {
      if (timer) clearTimeout(timer);
      resolve({ code, output: text });
    };
    let output = '';
    let rest = '';
    const take = (bytes: Buffer): void => {
      const text = bytes.toString('utf8');
      // The end of it tells why it failed.
      output = (output + text).slice(-20_000);
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) options.onLine?.(line);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => end(null, error.message));
    child.once('close', (code) => end(code, output));
  });

/** Runs a command that must succeed, reaped with the run directory should we die meanwhile. */
export const run = async (
  runDir: RunDir,
  name: string,
  command: string,
  args: readonly string[],
  options: { onLine?: (line: string) => void } = {},
): Promise<string> => {
  const { code, output } = await capture(command, args, { ...options, onSpawn: (pid) => runDir.track(name, pid) });
  runDir.untrack(name);
  if (code !== 0) {
    const end = output.trimEnd().split('\n').slice(-15).join('\n');
    throw new StackError(`${name} failed (${command}, exit ${code ?? 'none'}):\n${end}`);
  }
  return output;
};
