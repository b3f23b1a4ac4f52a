import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive, killIfOurs } from './process-tree.ts';

/**
 * One directory per started stack: data of every part, and a `NAME.pid` file for each process that lives. Whatever
 * happens to its owner, those two together are enough to leave nothing behind: a watchdog reaps the directory the moment
 * the owner is gone (kill -9 included), and the next start sweeps what even the watchdog could not (a power cut).
 */
export type RunDir = {
  readonly path: string;
  /** Remembers a process, so that it can be reaped without us. Its command line must hold `path`. */
  readonly track: (name: string, pid: number) => void;
  readonly untrack: (name: string) => void;
  /** Remembers a Docker compose project that must be taken down with us. */
  readonly trackCompose: (project: string) => void;
  /** Kills what still lives, removes the directory, ends the watchdog. */
  readonly remove: () => void;
};

const PREFIX = 'lethe-stack-';
const OWNER = 'owner';
const COMPOSE = 'compose-project';

const readNumber = (file: string): number => {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10);
  } catch {
    return Number.NaN;
  }
};

/** Kills every process a run directory remembers and removes the directory. Safe to call twice, or for a missing one. */
export const reap = (path: string): void => {
  if (!existsSync(path) || !basename(path).startsWith(PREFIX)) return;
  for (const entry of readdirSync(path)) {
    if (!entry.endsWith('.pid')) continue;
    const pid = readNumber(join(path, entry));
    if (pid > 1) killIfOurs(pid, path);
  }
  const compose = join(path, COMPOSE);
  if (existsSync(compose)) {
    const project = readFileSync(compose, 'utf8').trim();
    try {
      execFileSync('docker', ['compose', '-p', project, 'down', '--volumes', '--timeout', '2'], { stdio: 'ignore' });
    } catch {
      // The engine may be gone; its containers are then gone or beyond our reach.
    }
  }
  // A dying process may write once more while we delete.
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
};

/** Reaps the run directories whose owner died. Returns their paths. */
export const sweepStale = (parent: string = tmpdir()): string[] => {
  const swept: string[] = [];
  for (const entry of readdirSync(parent)) {
    if (!entry.startsWith(PREFIX)) continue;
    const path = join(parent, entry);
    const owner = readNumber(join(path, OWNER));
    // No owner file: being made this instant by another run, or not ours.
    if (Number.isNaN(owner) || isAlive(owner)) continue;
    reap(path);
    swept.push(path);
  }
  return swept;
};

const startWatchdog = (path: string): ChildProcess => {
  // A shell waits on our pipe, at no cost; the pipe ends when we do, however we end. Only then node is started.
  const reaper = fileURLToPath(new URL('reap.ts', import.meta.url));
  const child = spawn('sh', ['-c', 'read -r _; exec "$0" "$@"', process.execPath, reaper, path], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  child.once('error', () => {});
  child.stdin?.once('error', () => {});
  child.unref();
  // Only the handle of the pipe keeps the event loop alive; without this a script would never end by itself.
  (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  return child;
};

/** Makes a run directory owned by this process, after sweeping those of dead ones. */
export const createRunDir = (parent: string = tmpdir()): RunDir => {
  sweepStale(parent);
  const path = mkdtempSync(join(parent, PREFIX));
  writeFileSync(join(path, OWNER), String(process.pid));
  const watchdog = startWatchdog(path);
  return {
    path,
    track: (name, pid) => writeFileSync(join(path, `${name}.pid`), String(pid)),
    untrack: (name) => rmSync(join(path, `${name}.pid`), { force: true }),
    trackCompose: (project) => writeFileSync(join(path, COMPOSE), project),
    remove: () => {
      reap(path);
      watchdog.kill('SIGKILL');
    },
  };
};
