import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from './error.ts';
import { isAlive } from './process-tree.ts';

/** Where downloads are kept: `$XDG_CACHE_HOME/lethe`, else `~/.cache/lethe`. A fresh clone finds them again. */
export const cacheDir = (env: NodeJS.ProcessEnv = process.env): string => {
  const base = env['XDG_CACHE_HOME'];
  // The XDG base directory specification: a relative path is to be ignored.
  return join(base && isAbsolute(base) ? base : join(homedir(), '.cache'), 'lethe');
};

const PARTIAL = 'partial-';
const LOCK = 'lock';
const LOCK_POLL_MS = 200;

const ownerOf = (lock: string): number => {
  try {
    return Number.parseInt(readFileSync(lock, 'utf8'), 10);
  } catch {
    return Number.NaN;
  }
};

/** Takes the lock if it is free, in one step (a link either is made, whole, or is not). */
const tryLock = (lock: string): boolean => {
  const mine = `${lock}-${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
};

/** Removes what downloads of dead processes left: their name ends in the pid and a random part. */
const sweepPartials = (directory: string): void => {
  for (const entry of readdirSync(directory)) {
    if (!entry.startsWith(PARTIAL)) continue;
    const pid = Number.parseInt(entry.slice(PARTIAL.length), 10);
    if (!Number.isNaN(pid) && !isAlive(pid)) rmSync(join(directory, entry), { recursive: true, force: true });
  }
};

/**
 * The directory of a cached thing (a download, mostly), made by `fill` if it is not there.
 *
 * `fill` works in a directory of its own, which gets its name only when `fill` succeeded: a broken download is never
 * seen. One process works at a time; others wait and find it done. Should the lock ever fail, the rename still
 * lets one win.
 */
export const cached = async (
  name: string,
  log: Log,
  fill: (directory: string) => Promise<void>,
  directory: string = cacheDir(),
): Promise<string> => {
  const target = join(directory, name);
  if (existsSync(target)) return target;
  mkdirSync(directory, { recursive: true });
  const lock = join(directory, LOCK);
  for (let waited = 0; !tryLock(lock); waited += 1) {
    if (waited === 0 && ownerOf(lock) !== process.pid)
      log(`${name}: another run (pid ${ownerOf(lock)}) prepares it; waiting`);
    const owner = ownerOf(lock);
    // Nobody holds it any more. Two may find so at once and both download; the rename settles it.
    if (!Number.isNaN(owner) && !isAlive(owner)) rmSync(lock, { force: true });
    await sleep(LOCK_POLL_MS);
  }
  try {
    if (existsSync(target)) return target;
    sweepPartials(directory);
    const partial = mkdtempSync(join(directory, `${PARTIAL}${process.pid}-`));
    try {
      await fill(partial);
      renameSync(partial, target);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
    return target;
  } finally {
    if (ownerOf(lock) === process.pid) rmSync(lock, { force: true });
  }
};
