import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Log } from './error.ts';
import { withLock } from './lock.ts';
import { isAlive } from './process-tree.ts';

/** Where downloads are kept: `$XDG_CACHE_HOME/lethe`, else `~/.cache/lethe`. A fresh clone finds them again. */
export const cacheDir = (env: NodeJS.ProcessEnv = process.env): string => {
  const base = env['XDG_CACHE_HOME'];
  // The XDG base directory specification: a relative path is to be ignored.
  return join(base && isAbsolute(base) ? base : join(homedir(), '.cache'), 'lethe');
};

const PARTIAL = 'partial-';

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
 * seen. One process works at a thing at a time; others wait and find it done. Should the lock ever fail, the rename still
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
  const onWait = (owner: number): void => log(`${name}: another run (pid ${owner}) prepares it; waiting`);
  return withLock(join(directory, `lock-${name}`), onWait, async () => {
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
  });
};
