import { setTimeout } from 'node:timers/promises';

/** Resolves after so many milliseconds, or at once when the signal fires. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => undefined);
}
