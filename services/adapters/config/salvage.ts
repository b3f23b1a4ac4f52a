/**
 * What is left of a file whose shape is not right, so that its other mistakes are told at once too (DESIGN section 4).
 * Nothing is ever run from it.
 */
import type { z } from 'zod';
import type { Located } from '../../core/policy/document.ts';
import { guardKey, unguardKey, type YamlDocument } from './yaml-document.ts';

type Path = readonly (string | number)[];

/** The part to leave out for what is wrong at a path, so that nothing else becomes wrong by it; null where there is none. */
export type Spare = (path: Path) => Path | null;

/** Each round takes one thing away; a file with more mistakes than that has enough of them already. */
const MOST_ROUNDS = 100;

/**
 * Takes away what the shape refuses, and unknown keys, until the rest fits; null where that would take a part that others
 * refer to.
 */
export function salvage<T>(shape: z.ZodType<T>, document: YamlDocument, spare: Spare): Located<T> | null {
  let { value, guarded } = document;
  const removed: Path[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const [issue] = shape.safeParse(guarded).error?.issues ?? [];
    if (issue === undefined) {
      return { file: document.file, value: value as T, at: (path) => document.at(before(path, removed)) };
    }
    const path = issue.path.map((step) => (typeof step === 'string' ? unguardKey(step) : (step as number)));
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    // What is missing is mended by leaving out what it is missing in.
    const wrong = unknown !== undefined ? [...path, unguardKey(unknown)] : has(value, path) ? path : path.slice(0, -1);
    const part = spare(wrong) ?? (unknown === undefined ? null : wrong);
    if (part === null || !has(value, part)) return null;
    value = without(value, part);
    guarded = without(
      guarded,
      part.map((step) => (typeof step === 'string' ? guardKey(step) : step)),
    );
    removed.push(part);
  }
  return null;
}

/** Where a path stood before parts were taken away: entries behind them in a list have moved up. */
function before(path: Path, removed: readonly Path[]): Path {
  let here = path;
  for (const part of removed.toReversed()) {
    const last = part.length - 1;
    const index = part[last];
    const step = here[last];
    if (typeof index !== 'number' || typeof step !== 'number' || step < index) continue;
    if (part.slice(0, last).some((one, at) => one !== here[at])) continue;
    here = here.with(last, step + 1);
  }
  return here;
}

function has(value: unknown, path: Path): boolean {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return false;
    here = (here as Record<string | number, unknown>)[step];
  }
  return true;
}

/** A copy without the part at this path, which is there. */
function without(value: unknown, [step, ...rest]: Path): unknown {
  if (Array.isArray(value)) {
    const index = Number(step);
    return rest.length === 0 ? value.toSpliced(index, 1) : value.with(index, without(value[index], rest));
  }
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, child] of Object.entries(value as object)) {
    if (key !== step) copy[key] = child;
    else if (rest.length > 0) copy[key] = without(child, rest);
  }
  return copy;
}
