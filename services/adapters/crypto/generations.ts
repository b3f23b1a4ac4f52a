/**
 * A bounded memory of computed values by space and text. Two generations: whatever was asked for since the last turn
 * is kept, the rest is forgotten, without a list to maintain on every hit.
 */

/** Longer texts are computed each time: they seldom repeat and would make the bound a bound on nothing. */
const LONGEST_REMEMBERED = 128;

type Generation<T> = Map<string, Map<string, T>>;

/**
 * Remembers at most `2 × limit` values, over all spaces together. `compute` is asked on a miss and must be pure.
 */
export const makeGenerations = <T>(
  limit: number,
): ((space: string, text: string, compute: (text: string, space: string) => T) => T) => {
  let young: Generation<T> = new Map();
  let old: Generation<T> = new Map();
  let size = 0;
  // A record's subject is asked for as a field and as the key, one right after the other.
  let last: { space: string; text: string; value: T } | null = null;
  const recall = (space: string, text: string, compute: (text: string, space: string) => T): T => {
    let values = young.get(space);
    const hit = values?.get(text);
    if (hit !== undefined) return hit;
    if (text.length > LONGEST_REMEMBERED) return compute(text, space);
    if (size >= limit) {
      old = young;
      young = new Map();
      values = undefined;
      size = 0;
    }
    const value = old.get(space)?.get(text) ?? compute(text, space);
    if (values === undefined) {
      values = new Map();
      young.set(space, values);
    }
    values.set(text, value);
    size += 1;
    return value;
  };
  return (space, text, compute) => {
    if (last !== null && last.text === text && last.space === space) return last.value;
    const value = recall(space, text, compute);
    if (text.length <= LONGEST_REMEMBERED) last = { space, text, value };
    return value;
  };
};
