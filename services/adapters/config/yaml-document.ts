/** YAML text to plain values that still know where they were written. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
} from 'yaml';
import { type Exact, ExactNumber } from '../../core/policy-test/exact.ts';
import type { Located } from '../../core/policy/document.ts';
import type { SourcePosition } from '../../core/policy/plan.ts';
import type { Problem } from '../../core/policy/problem.ts';

/** A parsed file, before its shape is checked. */
export type YamlDocument = Located<unknown> & {
  /** The same value, with the keys that mean something to JavaScript objects made harmless by `guardKey`. */
  readonly guarded: unknown;
  /** The same value with its numbers as they were written (those that JSON can write; `.inf` and the like stay so). */
  readonly exact: Exact;
};

export type YamlResult =
  | { readonly ok: true; readonly document: YamlDocument }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Aliases may repeat content, but not blow a small file up into a huge document. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 64;

/** Keys that zod would skip or trip over, since they mean something on plain objects. */
const GUARDED = ['__proto__', 'constructor'];
const GUARD = '\u0000';

export const guardKey = (key: string): string => (GUARDED.includes(key) ? GUARD + key : key);
export const unguardKey = (key: string): string => (key.startsWith(GUARD) ? key.slice(GUARD.length) : key);

/** Where a node stands in the text, as offsets, and its children. */
type Place = {
  readonly offset: number;
  readonly members?: ReadonlyMap<string | number, { readonly offset: number; readonly place: Place }>;
};

/** What a node became: for people, for zod, to the letter, and where. */
type Converted = { readonly value: unknown; readonly guarded: unknown; readonly exact: Exact; readonly place: Place };

/**
 * Parses one YAML 1.2 document. Every syntax error, duplicate key and key that is not text is reported at its line and
 * column. Mappings become frozen objects without a prototype, so that `__proto__` is a key like any other.
 *
 * @param exactNumbers the caller takes numbers from `exact`: whole ones may be larger than a double keeps.
 */
export function readYaml(file: string, text: string, exactNumbers = false): YamlResult {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const position = (offset: number): SourcePosition => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), col: Math.max(col, 1) };
  };
  const report = (code: string, offset: number, message: string, fix: string): void => {
    problems.push({ code, severity: 'error', position: position(offset), message, fix });
  };

  if (text.startsWith('\uFEFF')) {
    report('byte-order-mark', 0, 'the file begins with a byte order mark', 'Save it as UTF-8 without one.');
    return { ok: false, problems };
  }
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    resolveKnownTags: false,
    schema: 'core',
    // 'silent' would let several documents in one file pass.
    logLevel: 'error',
  });
  if (document.errors.some((error) => error.code === 'RESOURCE_EXHAUSTION')) {
    // The parser recurses, and reports a stack that nesting has used up wherever that happened to be.
    report('yaml-too-large', 0, 'the document is nested too deeply', `Nest at most ${MAX_DEPTH} levels.`);
    return { ok: false, problems };
  }
  for (const error of [...document.errors, ...document.warnings]) {
    const [message, fix] = explain(error.code, error.message);
    report('yaml-syntax', error.pos[0], message, fix);
  }
  if (problems.length > 0) return { ok: false, problems: distinct(problems) };
  if (document.directives.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    report('yaml-version', 0, 'the document declares an old YAML version', 'Remove the %YAML line: Lethe reads 1.2.');
    return { ok: false, problems };
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    report('empty-file', 0, 'the file is empty', 'Fill it, or remove it if nothing needs it.');
    return { ok: false, problems };
  }

  const root = convert(document, document.contents, report, exactNumbers);
  if (problems.length > 0 || root === null) return { ok: false, problems: distinct(problems) };
  const at = (path: readonly (string | number)[]): SourcePosition => {
    let here = root.place;
    let offset = 0;
    for (const step of path) {
      const member = here.members?.get(step);
      if (member === undefined) break;
      offset = member.offset;
      here = member.place;
    }
    return position(offset);
  };
  return { ok: true, document: { file, value: root.value, guarded: root.guarded, exact: root.exact, at } };
}

type Report = (code: string, offset: number, message: string, fix: string) => void;

function convert(document: Document.Parsed, root: ParsedNode, report: Report, exactNumbers: boolean): Converted | null {
  let nodes = 0;
  let tooLarge = false;

  const give = (value: unknown, offset: number, exact: Exact = value as null | boolean | string): Converted => ({
    value,
    guarded: value,
    exact,
    place: { offset },
  });

  function walk(node: Node | null, fallback: number, above: readonly Node[]): Converted {
    const offset = node?.range?.[0] ?? fallback;
    nodes += 1;
    if (nodes > MAX_NODES || above.length > MAX_DEPTH || (node !== null && above.includes(node))) {
      if (!tooLarge) {
        const fix = `Keep it under ${MAX_NODES} values and ${MAX_DEPTH} levels, aliases written out.`;
        report('yaml-too-large', offset, 'the document is too large, too deep, or contains itself', fix);
      }
      tooLarge = true;
      return give(null, offset);
    }
    if (tooLarge || node === null) return give(null, offset);
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target !== undefined) return walk(target, offset, [...above, node]);
      report('yaml-syntax', offset, `there is no anchor \`&${node.source}\` above`, 'Name one that stands above.');
      return give(null, offset);
    }
    if (isMap(node)) return walkMap(node, offset, [...above, node]);
    if (isSeq(node)) {
      const items = node.items.map((item) => walk(item as Node | null, offset, [...above, node]));
      return {
        value: Object.freeze(items.map((item) => item.value)),
        guarded: items.map((item) => item.guarded),
        exact: items.map((item) => item.exact),
        place: { offset, members: new Map(items.map(({ place }, i) => [i, { offset: place.offset, place }])) },
      };
    }
    const value = isScalar(node) ? node.value : null;
    if (typeof value !== 'number') return give(value, offset);
    if (!exactNumbers && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      report('number-imprecise', offset, 'the number is too large to be kept exactly', 'Write it in quotes, as text.');
    }
    return give(value, offset, new ExactNumber(jsonNumber((isScalar(node) && node.source) || String(value))));
  }

  function walkMap(node: Node & { items: { key: unknown; value: unknown }[] }, offset: number, above: readonly Node[]) {
    const value: Record<string, unknown> = Object.create(null);
    const guarded: Record<string, unknown> = Object.create(null);
    const exact = new Map<string, Exact>();
    const members = new Map<string | number, { offset: number; place: Place }>();
    for (const pair of node.items) {
      const key = pair.key as Node | null;
      const keyOffset = key?.range?.[0] ?? offset;
      const text = isScalar(key) ? key.value : undefined;
      if (typeof text !== 'string') {
        const shown = isScalar(key) && key.source !== undefined && key.source !== '' ? `\`${key.source}\` ` : '';
        report('key-not-text', keyOffset, `the key ${shown}is not text`, 'Write it in quotes.');
        continue;
      }
      const earlier = members.get(text);
      if (earlier !== undefined) {
        const fix = 'Keep one of the two.';
        report('duplicate-key', keyOffset, `\`${text}\` is given twice in this mapping`, fix);
        continue;
      }
      const child = walk(pair.value as Node | null, keyOffset, above);
      value[text] = child.value;
      guarded[guardKey(text)] = child.guarded;
      exact.set(text, child.exact);
      members.set(text, { offset: keyOffset, place: child.place });
    }
    return { value: Object.freeze(value), guarded, exact, place: { offset, members } };
  }

  return walk(root, 0, []);
}

/** A number of YAML's core schema (https://yaml.org/spec/1.2.2, 10.3.2) as JSON writes it; as it stands where JSON has none. */
function jsonNumber(source: string): string {
  if (/^0[xo]/.test(source)) return BigInt(source).toString();
  const [, sign = '', whole = '', fraction = '', exponent = ''] =
    /^([-+]?)(\d*)(\.\d*)?([eE][-+]?\d+)?$/.exec(source) ?? [];
  if (whole === '' && fraction.length < 2) return source;
  const digits = whole.replace(/^0+(?=\d)/, '') || '0';
  return `${sign === '-' ? '-' : ''}${digits}${fraction.length < 2 ? '' : fraction}${exponent}`;
}

function explain(code: string, message: string): [string, string] {
  switch (code) {
    case 'MULTIPLE_DOCS':
      return ['the file holds several documents', 'Keep one document per file: remove the `---` line.'];
    case 'TAB_AS_INDENT':
      return ['a tab is used for indentation', 'Indent with spaces.'];
    case 'TAG_RESOLVE_FAILED':
      return ['the value has a tag that Lethe does not read', 'Remove the `!` tag.'];
    default:
      return [message.replace(/\s+/g, ' '), 'Correct the YAML here.'];
  }
}

/** The parser may report one slip several times over at one place. */
function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ code, position, message }) => {
    const key = `${code} ${position.line}:${position.col} ${message}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}
