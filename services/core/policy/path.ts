/**
 * Paths as authored (DESIGN section 4): dots between keys, `[]` for each element of an array, `*` for each value of a
 * map, a trailing `**` for every scalar beneath, `\` before a `.`, `*`, `[`, `]` or `\` that belongs to a key.
 */

export type Segment =
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'each' }
  | { readonly kind: 'any' }
  | { readonly kind: 'deep' };

export type Path = readonly Segment[];

/** `at`: the character of the text, from 1, at which the path stops making sense. */
export type PathResult =
  | { readonly ok: true; readonly path: Path }
  | { readonly ok: false; readonly at: number; readonly message: string };

/** Deeper paths could never match: records nested over 512 are `undecodable` (DESIGN section 12). */
const MAX_SEGMENTS = 512;

const EACH: Segment = { kind: 'each' };
const ANY: Segment = { kind: 'any' };
const DEEP: Segment = { kind: 'deep' };

/** Reads a path. Every valid text has one meaning, and every path one text: `formatPath(parsePath(text)) === text`. */
export function parsePath(text: string): PathResult {
  const path: Segment[] = [];
  let at = 0;
  const fail = (message: string): PathResult => ({ ok: false, at: at + 1, message });

  for (;;) {
    const stars = starsAt(text, at);
    if (stars === 2) {
      if (at + 2 < text.length) return fail('`**` stands only at the end of a path');
      path.push(DEEP);
      at += 2;
    } else if (stars === 1) {
      path.push(ANY);
      at += 1;
    } else {
      let name = '';
      while (at < text.length && text[at] !== '.' && text[at] !== '[') {
        const char = text[at] ?? '';
        if (char === '*') return fail('`*` stands alone between dots; write `\\*` where it belongs to a key');
        if (char === ']') return fail('`]` without `[`; write `\\]` where it belongs to a key');
        if (char !== '\\') {
          name += char;
          at += 1;
          continue;
        }
        const escaped = text[at + 1];
        if (escaped === undefined || !'.*[]\\'.includes(escaped)) {
          return fail('`\\` stands before `.`, `*`, `[`, `]` or `\\` only');
        }
        name += escaped;
        at += 2;
      }
      if (name === '') return fail('a key is missing');
      path.push({ kind: 'key', name });
    }

    while (text[at] === '[') {
      if (text[at + 1] !== ']') return fail('`[` is not followed by `]`; write `\\[` where it belongs to a key');
      path.push(EACH);
      at += 2;
    }
    if (path.length > MAX_SEGMENTS) return fail(`more than ${MAX_SEGMENTS} levels`);
    if (at === text.length) return { ok: true, path };
    if (text[at] !== '.') return fail('a `.` or the end of the path is missing');
    at += 1;
  }
}

/** 1 or 2 where a segment `*` or `**` begins, else 0. */
function starsAt(text: string, at: number): 0 | 1 | 2 {
  if (text[at] !== '*') return 0;
  if (text[at + 1] === '*') return 2;
  const next = text[at + 1];
  return next === undefined || next === '.' || next === '[' ? 1 : 0;
}

/** The canonical text of a path. */
export function formatPath(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (segment.kind === 'each') {
      text += '[]';
      continue;
    }
    if (text !== '') text += '.';
    if (segment.kind === 'key') text += segment.name.replaceAll(/[.*[\]\\]/g, String.raw`\$&`);
    else text += segment.kind === 'any' ? '*' : '**';
  }
  return text;
}

/** Only keys: names at most one value of a record. */
export function isPlain(path: Path): boolean {
  return path.every((segment) => segment.kind === 'key');
}

/** Holds `*` or `**`, so that one concrete path may match several declarations. */
export function hasWildcard(path: Path): boolean {
  return path.some((segment) => segment.kind === 'any' || segment.kind === 'deep');
}

/**
 * Which of two paths that match the same value is the more specific: segment by segment from the left a key beats `*`,
 * `*` beats `**`, and `[]` is as good as a key. Positive: `a`; negative: `b`; 0: one is a prefix of the other.
 */
export function compareSpecificity(a: Path, b: Path): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = rank(a[at]) - rank(b[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function rank(segment: Segment | undefined): number {
  if (segment === undefined || segment.kind === 'deep') return 0;
  return segment.kind === 'any' ? 1 : 2;
}

/** Whether every value that `inner` matches is matched by `outer`. */
export function covers(outer: Path, inner: Path): boolean {
  for (let at = 0; ; at++) {
    const wide = outer[at];
    const narrow = inner[at];
    if (wide === undefined || narrow === undefined) return wide === narrow;
    if (wide.kind === 'deep') return true;
    if (wide.kind === 'any' ? narrow.kind !== 'any' && narrow.kind !== 'key' : !sameSegment(wide, narrow)) return false;
  }
}

/** The path that matches exactly what both match, or null where no value is matched by both. */
export function intersect(a: Path, b: Path): Path | null {
  const common: Segment[] = [];
  for (let at = 0; ; at++) {
    const left = a[at];
    const right = b[at];
    if (left === undefined || right === undefined) return left === right ? common : null;
    if (left.kind === 'deep') return [...common, ...b.slice(at)];
    if (right.kind === 'deep') return [...common, ...a.slice(at)];
    if (left.kind === 'any' && right.kind === 'key') common.push(right);
    else if (right.kind === 'any' && left.kind === 'key') common.push(left);
    else if (sameSegment(left, right)) common.push(left);
    else return null;
  }
}

function sameSegment(a: Segment, b: Segment): boolean {
  return a.kind === 'key' ? b.kind === 'key' && a.name === b.name : a.kind === b.kind;
}
