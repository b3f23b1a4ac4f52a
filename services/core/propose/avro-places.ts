/** The fields of an Avro schema as places: unions, maps, arrays and named types walked, tags and docs remembered. */
import { type AvroType, parseAvroSchema } from '../policy/avro-schema.ts';
import { Place } from './place.ts';

/** How a field's `doc` travels through the schema reader, which knows tags and not docs. No tag begins so. */
const DOC = '\u0000doc:';

/** Reads a self-contained schema, parsed from JSON; null where it is none. Docs come as tags that `docsOf` tells apart. */
export function schemaWithDocs(json: unknown): AvroType | null {
  const parsed = parseAvroSchema(docsAsTags(json));
  return parsed.ok ? parsed.type : null;
}

function docsAsTags(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(docsAsTags);
  if (typeof json !== 'object' || json === null) return json;
  const copy: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(json)) {
    // Defaults are data in the writer's hands, symbols are text: neither holds types.
    copy[key] = key === 'default' || key === 'symbols' ? value : docsAsTags(value);
  }
  const { doc } = copy;
  if (typeof doc === 'string') {
    const tags = copy['confluent:tags'];
    copy['confluent:tags'] = [...(Array.isArray(tags) ? (tags as unknown[]) : []), DOC + doc];
  }
  return copy;
}

/**
 * Adds the fields of a schema to a tree of places.
 *
 * @param version counts as a record that has them all; null: the schema is there beside records, which are counted.
 */
export function declareType(root: Place, type: AvroType, version: number | null): void {
  const open = new Set<AvroType>();

  const walk = (place: Place, here: AvroType, above: readonly string[]): void => {
    const said = here.tags.length === 0 ? above : [...here.tags, ...above];
    switch (here.kind) {
      case 'null':
        return;
      case 'union':
        for (const branch of here.branches) walk(place, branch, said);
        return;
      case 'array':
        walk((place.items ??= visited(new Place())), here.items, said);
        return;
      case 'map':
        walk((place.values ??= visited(new Place())), here.values, said);
        return;
      case 'record':
        place.fixed = true;
        // A type within itself is followed once; that an object stands here is all that is noted then.
        if (open.has(here)) {
          place.objects++;
          return;
        }
        open.add(here);
        for (const field of here.fields) {
          const known = place.fields.get(field.name) ?? new Place();
          place.fields.set(field.name, visited(known));
          walk(known, field.type, [...field.tags, ...said]);
        }
        open.delete(here);
        return;
      default: {
        const isDoc = (tag: string): boolean => tag.startsWith(DOC);
        place.schema.push({
          kind: here.kind,
          logical: here.logical,
          tags: [...new Set(said.filter((tag) => !isDoc(tag)))],
          docs: [...new Set(said.filter(isDoc).map((tag) => tag.slice(DOC.length)))],
        });
      }
    }
  };
  const visited = (place: Place): Place => {
    if (version !== null) place.visit(version);
    return place;
  };
  walk(visited(root), type, []);
}
