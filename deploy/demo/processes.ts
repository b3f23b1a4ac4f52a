/** Runs the `lethe` command as a person would, in processes of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));

export type Environment = Readonly<Record<string, string>>;

/** Runs a command to its end. Throws with what it wrote to stderr where it fails. */
export async function lethe(args: readonly string[], env: Environment): Promise<string> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const code = await ended(child);
  if (code !== 0) throw new Error(`lethe ${args[0]} ended with ${code}:\n${err}`);
  return out;
}

export type RunningWorker = {
  readonly pid: number;
  readonly port: number;
  /** SIGTERM; resolves to the exit code. */
  readonly stop: () => Promise<number | null>;
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
  readonly ended: Promise<number | null>;
};

/** Starts a worker, or the consent plane, with its metrics on `port`; what it logs goes to a file. */
export function startWorker(
  port: number,
  env: Environment,
  logFile: string,
  command: 'run' | 'control' = 'run',
): RunningWorker {
  const child = spawn(process.execPath, [CLI, command], {
    env: { ...process.env, ...env, LETHE_HTTP_PORT: String(port), LETHE_HTTP_HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const end = ended(child);
  // A worker must not outlive us.
  const killNow = (): void => void child.kill('SIGKILL');
  process.once('exit', killNow);
  void end.then(() => process.removeListener('exit', killNow));
  return {
    pid: child.pid ?? 0,
    port,
    ended: end,
    stop: async () => {
      child.kill('SIGTERM');
      return end;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await end;
    },
  };
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code));
  });
}

/** The samples of a worker's /metrics whose name is `name`, or null where it does not answer. */
export async function samples(port: number, name: string): Promise<{ labels: string; value: number }[] | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(2_000) });
    const text = await response.text();
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .map((line) => ({
        labels: line.includes('{') ? line.slice(line.indexOf('{') + 1, line.lastIndexOf('}')) : '',
        value: Number(line.slice(line.lastIndexOf(' ') + 1)),
      }));
  } catch {
    return null;
  }
}
