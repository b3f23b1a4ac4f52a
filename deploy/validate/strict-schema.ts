/** A JSON schema, or a part of one. */
export type Schema = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The `openAPIV3Schema` of a custom resource as a JSON schema in which a field that is not declared is an error, as the
 * API server's strict field validation has it: only where the schema says `x-kubernetes-preserve-unknown-fields` or
 * describes a map (`additionalProperties`) may there be others.
 */
export const strictSchema = (schema: Schema): Schema => {
  if (schema['x-kubernetes-int-or-string'] === true) return { type: ['string', 'integer'] };
  const strict: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    // `properties` holds names, not keywords: a field may be called "items".
    if (key === 'properties' && isObject(value)) {
      strict[key] = Object.fromEntries(
        Object.entries(value).map(([name, of]) => [name, isObject(of) ? strictSchema(of) : of]),
      );
    } else {
      // Members of `anyOf` and the like (arrays) name some fields of the object around them, and close nothing.
      strict[key] = isObject(value) && key !== 'default' ? strictSchema(value) : value;
    }
  }
  if (schema['nullable'] === true && typeof schema['type'] === 'string') strict['type'] = [schema['type'], 'null'];
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in schema;
  if (isObject(schema['properties']) && !open) strict['additionalProperties'] = false;
  return strict;
};

type Definition = {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
};

/**
 * A CustomResourceDefinition's versions as strict schemas, by the name that kubeconform looks for:
 * `GROUP/KIND_VERSION.json`.
 *
 * @param metadata the schema of `metadata`, which a definition leaves to the API server
 */
export const schemasOfDefinition = (definition: Definition, metadata: Schema): Map<string, Schema> => {
  const { group, names, versions } = definition.spec;
  return new Map(
    versions.map(({ name, schema }) => {
      const strict = strictSchema(schema.openAPIV3Schema);
      const properties = { ...(strict['properties'] as Schema), metadata };
      return [`${group}/${names.kind.toLowerCase()}_${name}.json`, { ...strict, properties }];
    }),
  );
};
