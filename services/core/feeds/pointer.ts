/** Where something stands in a delivery: JSON Pointers (RFC 6901), from the body or, with `@` before, from one item of it. */

export type Pointer = {
  readonly from: 'body' | 'item';
  readonly steps: readonly string[];
  /** As written, without `@`. */
  readonly text: string;
};

/** Null where `text` is no pointer. */
export function parsePointer(text: string): Pointer | null {
  const from = text.startsWith('@') ? 'item' : 'body';
  const pointer = from === 'item' ? text.slice(1) : text;
  if (!/^(?:\/(?:[^/~]|~[01])*)*$/.test(pointer) || /\p{Cc}/u.test(pointer)) return null;
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return { from, steps, text: pointer };
}

/** What stands there; undefined where nothing does. Inherited properties are nothing. */
export function valueAt(value: unknown, steps: readonly string[]): unknown {
  let here = value;
  for (const step of steps) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[step];
  }
  return here;
}
