import type { Capped } from './explanation.ts';

/** Lists longer than this are cut; how long they are is told. */
export const SHOWN = 20;

/** The beginning of a list. */
export function capped<T>(all: readonly T[]): Capped<T> {
  return { count: all.length, shown: all.slice(0, SHOWN) };
}
