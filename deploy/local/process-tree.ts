import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Whether a process of this id lives (a zombie that nobody reaped counts as dead where that can be seen). */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    // The state follows the command's closing bracket; see proc(5).
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
};

/** The command line of a process as one string, empty when it is gone. */
export const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // No /proc (macOS), or no such process.
  }
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
};

/** Kills a process only if its command line names the directory, so that a reused pid is never hit. */
export const killIfOurs = (pid: number, directory: string): boolean => {
  if (!isAlive(pid) || !commandLine(pid).includes(directory)) return false;
  try {
    // Negative: its whole group; every part is spawned as the leader of one.
    process.kill(-pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
};
