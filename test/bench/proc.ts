/** What Linux tells of a process. Elsewhere every figure is NaN, and reaches nothing. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuTicks, statusMegabytes } from './figures.ts';

let ticksPerSecond: number | undefined;

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The most memory a process ever held (resident set, VmHWM), in MB. */
export function peakMegabytes(pid: number): number {
  return statusMegabytes(read(`/proc/${pid}/status`), 'VmHWM');
}

/** CPU time that a process has used so far, user and system, all threads, in milliseconds. */
export function cpuMilliseconds(pid: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return (cpuTicks(read(`/proc/${pid}/stat`)) / ticksPerSecond) * 1000;
}

/** The share of one core that a process uses over a time to come, in percent. */
export async function cpuPercent(pid: number, milliseconds: number): Promise<number> {
  const before = cpuMilliseconds(pid);
  const started = performance.now();
  await sleep(milliseconds);
  return ((cpuMilliseconds(pid) - before) / (performance.now() - started)) * 100;
}
