import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, StackError } from './error.ts';
import type { Part } from './part.ts';
import type { RunDir } from './run-dir.ts';

export type ProcessSpec = {
  readonly name: string;
  readonly endpoint: string;
  readonly dataDir: string;
  readonly command: string;
  /** Must name the run directory, so that a reaper knows the process for ours. */
  readonly args: readonly string[];
  /** Whether it answers now. A throw counts as no. */
  readonly answers: () => Promise<boolean>;
  readonly startTimeoutMs: number;
  /** How long it may take to end before it is killed; 10 s unless told. */
  readonly stopTimeoutMs?: number;
};

const STOP_TIMEOUT_MS = 10_000;

const tail = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  } catch {
    return '';
  }
};

const hasExited = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Starts a local process as a part and waits until it answers. */
export const startProcessPart = async (runDir: RunDir, spec: ProcessSpec): Promise<Part> => {
  const logFile = join(runDir.path, `${spec.name}.log`);
  let child: ChildProcess | undefined;

  const waitUntilItAnswers = async (started: ChildProcess, spawnError: () => Error | undefined): Promise<void> => {
    const deadline = Date.now() + spec.startTimeoutMs;
    for (;;) {
      const cause = spawnError();
      if (cause) throw new StackError(`${spec.name}: cannot run ${spec.command}: ${cause.message}`, { cause });
      if (hasExited(started)) {
        throw new StackError(
          `${spec.name} ended at once (${started.exitCode ?? started.signalCode}):\n${tail(logFile)}`,
        );
      }
      if (await spec.answers().catch(() => false)) return;
      if (Date.now() > deadline) {
        throw new StackError(
          `${spec.name} did not answer on ${spec.endpoint} within ${spec.startTimeoutMs / 1000} s:\n${tail(logFile)}`,
        );
      }
      await sleep(50);
    }
  };

  const signal = (name: NodeJS.Signals): void => {
    if (child?.pid === undefined || hasExited(child)) throw new StackError(`${spec.name} does not run`);
    child.kill(name);
  };

  const stop = async (name: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    const running = child;
    if (!running || hasExited(running)) return;
    const exited = new Promise<void>((resolve) => void running.once('exit', () => resolve()));
    // A stopped process does not see SIGTERM before it goes on.
    if (name !== 'SIGKILL') running.kill('SIGCONT');
    running.kill(name);
    const timer = setTimeout(() => running.kill('SIGKILL'), spec.stopTimeoutMs ?? STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
    runDir.untrack(spec.name);
    child = undefined;
  };

  const start = async (): Promise<void> => {
    if (child && !hasExited(child)) return;
    const log = openSync(logFile, 'a');
    // Its own process group: a Ctrl-C in the terminal reaches us alone, and we end the parts in order.
    const started = spawn(spec.command, spec.args, { detached: true, stdio: ['ignore', log, log], cwd: runDir.path });
    closeSync(log);
    let spawnError: Error | undefined;
    started.once('error', (error) => {
      spawnError = error;
    });
    if (started.pid !== undefined) runDir.track(spec.name, started.pid);
    started.unref();
    child = started;
    try {
      await waitUntilItAnswers(started, () => spawnError);
    } catch (error) {
      if (started.pid !== undefined) await stop('SIGKILL');
      throw error;
    }
  };

  await start();
  return {
    name: spec.name,
    endpoint: spec.endpoint,
    kind: 'process',
    get pid() {
      return child && !hasExited(child) ? child.pid : undefined;
    },
    dataDir: spec.dataDir,
    start,
    stop,
    kill: () => stop('SIGKILL'),
    pause: async () => signal('SIGSTOP'),
    resume: async () => signal('SIGCONT'),
  };
};

/**
 * Launches a part, and once more where the first try fails: its port may have been taken between our look and its
 * own, and a crowded machine makes servers give up. `launch` must begin from nothing each time.
 */
export const launchTwice = async (name: string, log: Log, launch: () => Promise<Part>): Promise<Part> => {
  try {
    return await launch();
  } catch (error) {
    log(`${name}: trying once more, since ${error instanceof Error ? error.message : 'it failed'}`);
    return launch();
  }
};
