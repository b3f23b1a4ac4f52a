/** Schema references of a registry, resolved into one schema that stands alone. */
import { fullName, isPrimitive, namespaceOf } from './avro-schema.ts';

type JsonObject = { readonly [key: string]: unknown };
type Definition = { readonly json: JsonObject; readonly namespace: string };

/**
 * Puts the named types that a schema takes from other documents into it, each where it is first met, so that what they
 * tag is seen as well (confluent-kafka-python#2254). What is defined nowhere is left as it is; reading the schema then
 * finds it.
 *
 * @param schema parsed JSON, not changed.
 * @param referenced the other documents, parsed JSON, in any order.
 */
export function inlineReferences(schema: unknown, referenced: readonly unknown[]): unknown {
  const definitions = new Map<string, Definition>();
  for (const document of referenced) collect(document, '', definitions);
  return new Inliner(definitions).type(schema, '');
}

class Inliner {
  readonly #definitions: ReadonlyMap<string, Definition>;
  readonly #defined = new Set<string>();

  constructor(definitions: ReadonlyMap<string, Definition>) {
    this.#definitions = definitions;
  }

  type(json: unknown, namespace: string): unknown {
    if (typeof json === 'string') return this.#name(json, namespace);
    if (Array.isArray(json)) return json.map((branch) => this.type(branch, namespace));
    return isObject(json) ? this.#object(json, namespace) : json;
  }

  #name(name: string, namespace: string): unknown {
    if (isPrimitive(name)) return name;
    const full = fullName(name, namespace);
    // Within a namespace a bare name may also mean a type that has none.
    for (const candidate of [full, name]) {
      if (this.#defined.has(candidate)) return candidate;
      const definition = this.#definitions.get(candidate);
      if (definition === undefined) continue;
      return this.#object({ ...definition.json, namespace: namespaceOf(candidate) }, definition.namespace);
    }
    return name;
  }

  #object(json: JsonObject, namespace: string): unknown {
    const kind = json['type'];
    if (kind === 'array') return { ...json, items: this.type(json['items'], namespace) };
    if (kind === 'map') return { ...json, values: this.type(json['values'], namespace) };
    const full = definedName(json, namespace);
    if (full === null) return { ...json, type: this.type(kind, namespace) };
    if (this.#defined.has(full)) return full;
    this.#defined.add(full);
    if (!Array.isArray(json['fields'])) return json;
    const fields = (json['fields'] as readonly unknown[]).map((field) =>
      isObject(field) ? { ...field, type: this.type(field['type'], namespaceOf(full)) } : field,
    );
    return { ...json, fields };
  }
}

/** Every named type that a document defines, nested ones too. */
function collect(json: unknown, namespace: string, into: Map<string, Definition>): void {
  if (Array.isArray(json)) for (const branch of json) collect(branch, namespace, into);
  if (!isObject(json)) return;
  const full = definedName(json, namespace);
  if (full === null) {
    for (const part of ['type', 'items', 'values']) collect(json[part], namespace, into);
    return;
  }
  if (!into.has(full)) into.set(full, { json, namespace });
  if (!Array.isArray(json['fields'])) return;
  for (const field of json['fields'] as readonly unknown[]) {
    if (isObject(field)) collect(field['type'], namespaceOf(full), into);
  }
}

function definedName(json: JsonObject, namespace: string): string | null {
  const { type, name } = json as { readonly type?: unknown; readonly name?: unknown };
  if (typeof name !== 'string' || typeof type !== 'string') return null;
  if (!['record', 'error', 'enum', 'fixed'].includes(type)) return null;
  return fullName(name, typeof json['namespace'] === 'string' ? json['namespace'] : namespace);
}

function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
