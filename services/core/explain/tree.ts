/**
 * A record as a tree, for explaining what became of it. Deciding and redacting never build one: this is only to find the
 * values again, before and after.
 */

export type TreeScalar = {
  readonly kind: 'scalar';
  /** As JSON; to the letter where the record is JSON. */
  readonly literal: string;
};

export type TreeObject = { readonly kind: 'object'; readonly members: ReadonlyMap<string, Tree> };
export type TreeArray = { readonly kind: 'array'; readonly items: readonly Tree[] };
export type Tree = TreeScalar | TreeObject | TreeArray;

const NULL = 'null';

export function isNull(tree: Tree): tree is TreeScalar {
  return tree.kind === 'scalar' && tree.literal === NULL;
}

/** What kind of value stands there, as people say it. */
export function kindOf(tree: Tree): 'object' | 'array' | 'text' | 'number' | 'boolean' | 'null' {
  if (tree.kind !== 'scalar') return tree.kind;
  const { literal } = tree;
  if (literal === NULL) return 'null';
  if (literal === 'true' || literal === 'false') return 'boolean';
  return literal.startsWith('"') ? 'text' : 'number';
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The tree of JSON bytes; null where they are none. Of a key that occurs twice the last counts. */
export function treeOfJson(bytes: Uint8Array): Tree | null {
  try {
    // ECMA-262 JSON.parse source text access: numbers keep every digit.
    const literals = function (this: unknown, _key: string, value: unknown, context: { readonly source?: string }) {
      return typeof value === 'object' && value !== null
        ? value
        : { kind: 'scalar', literal: context.source ?? NULL, IS };
    };
    const text = decoder.decode(bytes);
    return treeOf(JSON.parse(text, literals as (this: unknown, key: string, value: unknown) => unknown));
  } catch {
    return null;
  }
}

/** Tells our scalars from objects of the record. */
const IS: unique symbol = Symbol('scalar');

type Parsed = readonly Parsed[] | { readonly [key: string]: Parsed } | (TreeScalar & { readonly IS: typeof IS });

function treeOf(parsed: Parsed): Tree {
  if (isList(parsed)) return { kind: 'array', items: parsed.map(treeOf) };
  if (isScalar(parsed)) return { kind: 'scalar', literal: parsed.literal };
  return { kind: 'object', members: new Map(Object.entries(parsed).map(([key, value]) => [key, treeOf(value)])) };
}

function isList(parsed: Parsed): parsed is readonly Parsed[] {
  return Array.isArray(parsed);
}

function isScalar(parsed: Exclude<Parsed, readonly Parsed[]>): parsed is TreeScalar & { readonly IS: typeof IS } {
  return (parsed as { readonly IS?: unknown }).IS === IS;
}
