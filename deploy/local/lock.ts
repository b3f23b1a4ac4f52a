import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './process-tree.ts';

const POLL_MS = 200;
const SAY_EVERY_MS = 15_000;

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

/**
 * Runs `work` while holding a lock file, which other processes of this machine respect. The lock of a dead process is
 * taken; two may do so at once, hence what is done under it must stand being done twice.
 *
 * @param onWait told the holder's pid when there is a wait for another process, and every 15 s again
 */
export const withLock = async <T>(
  lock: string,
  onWait: (owner: number) => void,
  work: () => Promise<T>,
): Promise<T> => {
  for (let waited = 0; !tryLock(lock); waited += POLL_MS) {
    const owner = ownerOf(lock);
    if (!Number.isNaN(owner) && !isAlive(owner)) rmSync(lock, { force: true });
    else if (owner !== process.pid && waited % SAY_EVERY_MS === 0) onWait(owner);
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    if (ownerOf(lock) === process.pid) rmSync(lock, { force: true });
  }
};
