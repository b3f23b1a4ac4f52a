/** The paths of an Avro schema, and what its `confluent:tags` say about them (DESIGN section 4). */
import { parseAvroSchema } from './avro-schema.ts';
import type { AvroField, AvroType } from './avro-schema.ts';

/**
 * What tags say about a place: a category, `none` (nothing was said), or `unclear` (tags that contradict each other:
 * nothing is released there).
 */
type Said = { readonly category: string } | 'none' | 'unclear';

type Visit = (path: string, said: Said) => void;

/**
 * The category of a place about which tags say something that cannot be told. None is called so, and what has no category
 * is never released: without it, a wildcard of the policy would release there what a single tag would have kept back.
 */
const UNCLEAR = '';

/**
 * The path of every scalar of a schema, in the order of the schema, as a policy would declare it: dots between fields,
 * `[]` for elements, `*` for values of a map. Unions add nothing. A recursive type is followed once.
 *
 * @param schema a self-contained Avro schema, parsed from JSON; one that is none has no paths.
 */
export function avroPaths(schema: unknown): readonly string[] {
  const parsed = parseAvroSchema(schema);
  const paths = new Set<string>();
  if (parsed.ok) walk(parsed.type, '', 'none', new Map(), new Set(), (path) => paths.add(path));
  return [...paths];
}

/**
 * The categories that a schema's `confluent:tags` give to its scalars, by path. A tag on a field speaks for everything
 * beneath it, unless a nearer one (on an inner field, or on an items, values or type object) speaks too. Of several
 * mapped tags in one place the deepest category counts where they lie on one branch of the taxonomy; else the place has
 * the category `''`, which releases nothing, as has a path that comes out differently in two branches of a union, and
 * all beneath a recursive type's second level if there are tags in it. Tags that `tags` does not map say nothing.
 *
 * @param schema a self-contained Avro schema, parsed from JSON; one that is none has no fields.
 * @param tags tag → category.
 */
export function taggedFields(schema: unknown, tags: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const parsed = parseAvroSchema(schema);
  return parsed.ok ? taggedFieldsOf(parsed.type, tags) : new Map();
}

/** As `taggedFields`, for a schema already read. */
export function taggedFieldsOf(type: AvroType, tags: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const said = new Map<string, Said>();
  walk(type, '', 'none', tags, new Set(), (path, here) => {
    const before = said.get(path);
    said.set(path, before === undefined ? here : merged(before, here));
  });
  const tagged = new Map<string, string>();
  for (const [path, what] of said) if (what !== 'none') tagged.set(path, what === 'unclear' ? UNCLEAR : what.category);
  return tagged;
}

function walk(
  type: AvroType,
  path: string,
  inherited: Said,
  tags: ReadonlyMap<string, string>,
  open: Set<AvroType>,
  visit: Visit,
): void {
  const said = nearest(type.tags, inherited, tags);
  switch (type.kind) {
    case 'null':
      return;
    case 'union':
      for (const branch of type.branches) walk(branch, path, said, tags, open, visit);
      return;
    case 'array':
      walk(type.items, `${path}[]`, said, tags, open, visit);
      return;
    case 'map':
      walk(type.values, below(path, '*'), said, tags, open, visit);
      return;
    case 'record': {
      if (open.has(type)) {
        if (said !== 'none' || speaks(type, tags, new Set())) visit(below(path, '**'), 'unclear');
        return;
      }
      open.add(type);
      for (const field of type.fields) {
        const own = nearest(field.tags, said, tags);
        walk(field.type, below(path, keyOf(field)), own, tags, open, visit);
      }
      open.delete(type);
      return;
    }
    default:
      if (path !== '') visit(path, said);
  }
}

/** Whether a mapped tag stands anywhere in a type. */
function speaks(type: AvroType, tags: ReadonlyMap<string, string>, seen: Set<AvroType>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  const mapped = (own: readonly string[]): boolean => own.some((tag) => tags.has(tag));
  if (mapped(type.tags)) return true;
  switch (type.kind) {
    case 'union':
      return type.branches.some((branch) => speaks(branch, tags, seen));
    case 'array':
      return speaks(type.items, tags, seen);
    case 'map':
      return speaks(type.values, tags, seen);
    case 'record':
      return type.fields.some((field) => mapped(field.tags) || speaks(field.type, tags, seen));
    default:
      return false;
  }
}

function keyOf(field: AvroField): string {
  return field.name.replaceAll('\\', '\\\\').replaceAll('.', '\\.');
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** What the tags of one place say; what was said above where they say nothing. */
function nearest(own: readonly string[], inherited: Said, tags: ReadonlyMap<string, string>): Said {
  let said: Said = 'none';
  for (const tag of own) {
    const category = tags.get(tag);
    if (category === undefined || said === 'unclear') continue;
    said = said === 'none' ? { category } : deeper(said.category, category);
  }
  return said === 'none' ? inherited : said;
}

function deeper(a: string, b: string): Said {
  if (a === b || a.startsWith(`${b}.`)) return { category: a };
  return b.startsWith(`${a}.`) ? { category: b } : 'unclear';
}

/** Of two values found at one path, none must ride on what was said of the other. */
function merged(a: Said, b: Said): Said {
  if (a === 'none' && b === 'none') return 'none';
  if (typeof a === 'string' || typeof b === 'string') return 'unclear';
  return a.category === b.category ? a : 'unclear';
}
