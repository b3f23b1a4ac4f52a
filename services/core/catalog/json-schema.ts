/**
 * A sketch of what a sanitized JSON record looks like, as JSON Schema (draft 2020-12), derived from the ways in which
 * values can get there. It is a sketch: nobody said of which type a raw value is, so what is kept may be any scalar; and
 * nothing is required, since any raw field may be absent.
 */
import type { Action } from '../policy/plan.ts';
import { parsePath, type Segment } from '../policy/path.ts';
import { plainForm } from './form-words.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

export type SchemaField = { readonly path: string; readonly category: string; readonly action: Action };

type Node = {
  /** What a scalar here is; null: none is expected. */
  scalar: JsonSchema | null;
  readonly fields: Map<string, Node>;
  rest: Node | null;
  items: Node | null;
  /** Anything beneath may come (`**`). */
  deep: JsonSchema | null;
};

/** @param fields those that can be released; paths are valid. */
export function sketchJsonSchema(title: string, fields: readonly SchemaField[]): JsonSchema {
  const root = emptyNode();
  for (const { path, category, action } of fields) {
    const parsed = parsePath(path);
    if (parsed.ok) place(root, parsed.path, { ...typeOf(action), description: `${category}: ${plainForm(action)}` });
  }
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title, ...print(root) };
}

function emptyNode(): Node {
  return { scalar: null, fields: new Map(), rest: null, items: null, deep: null };
}

function place(root: Node, path: readonly Segment[], schema: JsonSchema): void {
  let node = root;
  for (const segment of path) {
    switch (segment.kind) {
      case 'key': {
        const next = node.fields.get(segment.name) ?? emptyNode();
        node.fields.set(segment.name, next);
        node = next;
        break;
      }
      case 'each':
        node = node.items ??= emptyNode();
        break;
      case 'any':
        node = node.rest ??= emptyNode();
        break;
      case 'deep':
        node.deep = schema;
        return;
    }
  }
  node.scalar = schema;
}

/** Of a value that an action leaves; null stays null. */
function typeOf(action: Action): JsonSchema {
  switch (action.kind) {
    case 'keep':
      return { type: ['string', 'number', 'boolean', 'null'] };
    case 'drop':
    case 'nullify':
      return { type: 'null' };
    case 'redact':
      return { enum: [action.with, null] };
    case 'mask':
    case 'pseudonymize':
    case 'truncate_ip':
    case 'encrypt':
      return { type: ['string', 'null'] };
    case 'generalize':
      return { type: [action.by.how === 'step' || action.by.how === 'decimals' ? 'number' : 'string', 'null'] };
  }
}

function print(node: Node): JsonSchema {
  const { scalar, fields, rest, items, deep } = node;
  if (deep !== null) {
    const properties = Object.fromEntries([...fields].map(([name, child]) => [name, print(child)]));
    const said = typeof deep['description'] === 'string' ? deep['description'] : '';
    return { ...(fields.size > 0 ? { properties } : {}), description: `${said}, for every value beneath` };
  }
  const forms: JsonSchema[] = [];
  if (scalar !== null) forms.push(scalar);
  if (fields.size > 0 || rest !== null) {
    forms.push({
      type: 'object',
      ...(fields.size > 0
        ? { properties: Object.fromEntries([...fields].map(([name, child]) => [name, print(child)])) }
        : {}),
      additionalProperties: rest === null ? false : print(rest),
    });
  }
  if (items !== null) forms.push({ type: 'array', items: print(items) });
  const [only] = forms;
  if (only === undefined) return { type: 'object', additionalProperties: false };
  return forms.length === 1 ? only : { anyOf: forms };
}
