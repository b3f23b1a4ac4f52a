import { inlineReferences } from '../../core/policy/avro-references.ts';
import { request } from './http.ts';
import type { RegistryAccess } from './http.ts';

/** A schema as the registry gives it. */
export type StoredSchema = { readonly schema: string; readonly references: readonly Reference[] };
type Reference = { readonly subject: string; readonly version: number };

/** Documents that one schema may draw in. */
const MAX_REFERENCES = 200;

/** Reads an answer's schema; null where it is none of Avro. Only other formats name their type always. */
export function storedSchema(body: unknown): StoredSchema | null {
  if (typeof body !== 'object' || body === null) return null;
  const { schema, schemaType = 'AVRO', references = [] } = body as Readonly<Record<string, unknown>>;
  if (typeof schema !== 'string' || schemaType !== 'AVRO' || !Array.isArray(references)) return null;
  return { schema, references: references.filter(isReference) };
}

function isReference(value: unknown): value is Reference {
  if (typeof value !== 'object' || value === null) return false;
  const { subject, version } = value as Readonly<Record<string, unknown>>;
  return typeof subject === 'string' && typeof version === 'number';
}

/**
 * The text of a schema with everything it refers to, however far, put into it. Null where something it refers to is not
 * there.
 */
export async function selfContained(access: RegistryAccess, stored: StoredSchema): Promise<string | null> {
  if (stored.references.length === 0) return stored.schema;
  const documents = new Map<string, unknown>();
  const open = [...stored.references];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const path = `/subjects/${encodeURIComponent(next.subject)}/versions/${next.version}`;
    if (documents.has(path)) continue;
    if (documents.size === MAX_REFERENCES) return null;
    const { status, body } = await request(access, 'GET', path);
    const found = status === 200 ? storedSchema(body) : null;
    const json = found === null ? undefined : parsed(found.schema);
    if (found === null || json === undefined) return null;
    documents.set(path, json);
    open.push(...found.references);
  }
  const main = parsed(stored.schema);
  return main === undefined ? null : JSON.stringify(inlineReferences(main, [...documents.values()]));
}

/** A type's bare name is a valid schema, though some registries store it without quotes. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
