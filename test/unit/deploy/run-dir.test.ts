import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../../deploy/local/process-tree.ts';
import { createRunDir, reap, sweepStale } from '../../../deploy/local/run-dir.ts';

let parent: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'run-dir-test-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(parent, { recursive: true, force: true });
});

/** A process that lives for a minute and names `mention` on its command line. */
const sleeper = (mention: string): ChildProcess => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)', mention], {
    detached: true,
    stdio: 'ignore',
  });
  children.push(child);
  return child;
};

const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

const ended = (child: ChildProcess): Promise<NodeJS.Signals | null> =>
  new Promise((resolve) => {
    if (child.signalCode !== null) resolve(child.signalCode);
    child.once('exit', (_, signal) => resolve(signal));
  });

const runDirOf = (owner: number | undefined, name = 'lethe-stack-stale'): string => {
  const path = join(parent, name);
  mkdirSync(path);
  if (owner !== undefined) writeFileSync(join(path, 'owner'), String(owner));
  return path;
};

describe('sweepStale', () => {
  it('kills what a dead owner left and removes its directory', async () => {
    const path = runDirOf(deadPid());
    const child = sleeper(path);
    writeFileSync(join(path, 'kafka.pid'), String(child.pid));
    mkdirSync(join(path, 'kafka'));
    const end = ended(child);
    expect(sweepStale(parent)).toEqual([path]);
    expect(await end).toBe('SIGKILL');
    expect(existsSync(path)).toBe(false);
  });

  it('spares a process that got the pid of one of ours', () => {
    const path = runDirOf(deadPid());
    const child = sleeper('something else');
    writeFileSync(join(path, 'kafka.pid'), String(child.pid));
    sweepStale(parent);
    expect(isAlive(child.pid ?? 0)).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  it('leaves a living owner alone, one that is not written yet, and every other directory', () => {
    const alive = runDirOf(process.pid, 'lethe-stack-alive');
    const beingMade = runDirOf(undefined, 'lethe-stack-new');
    const other = runDirOf(deadPid(), 'other-tool');
    expect(sweepStale(parent)).toEqual([]);
    for (const path of [alive, beingMade, other]) expect(existsSync(path)).toBe(true);
  });
});

describe('reap', () => {
  it('refuses a directory that is no run directory', () => {
    const path = runDirOf(deadPid(), 'precious');
    reap(path);
    expect(existsSync(path)).toBe(true);
  });

  it.each(['', 'text', '0', '1', '-1'])('survives a pid file that holds %j', (content) => {
    const path = runDirOf(deadPid());
    writeFileSync(join(path, 'redis.pid'), content);
    reap(path);
    expect(existsSync(path)).toBe(false);
  });
});

describe('createRunDir', () => {
  it('sweeps before it makes its own', () => {
    const stale = runDirOf(deadPid());
    const runDir = createRunDir(parent);
    expect(existsSync(stale)).toBe(false);
    expect(existsSync(runDir.path)).toBe(true);
    runDir.remove();
    expect(existsSync(runDir.path)).toBe(false);
    runDir.remove();
  });

  it('kills what it tracks when it is removed, not what it no longer tracks', async () => {
    const runDir = createRunDir(parent);
    const tracked = sleeper(runDir.path);
    const untracked = sleeper(runDir.path);
    runDir.track('one', tracked.pid ?? 0);
    runDir.track('two', untracked.pid ?? 0);
    runDir.untrack('two');
    const end = ended(tracked);
    runDir.remove();
    expect(await end).toBe('SIGKILL');
    expect(isAlive(untracked.pid ?? 0)).toBe(true);
  });
});
