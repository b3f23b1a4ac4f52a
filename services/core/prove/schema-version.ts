/** What one version of a raw Avro schema makes of a route: the plan that governs its records, and where values can be. */
import { taggedFieldsOf } from '../policy/avro-fields.ts';
import { childNode, mapPairs, type Pair, pairKey, walksArrays, walksObjects } from '../policy/avro-output.ts';
import { holdsRecords } from '../policy/avro-output-schema.ts';
import { type AvroType, parseAvroSchema } from '../policy/avro-schema.ts';
import type { CompiledRoute, RoutePlan } from '../policy/plan.ts';

export type SchemaVersion = {
  readonly plan: RoutePlan;
  /** Ids of the leaves at which a record of the schema can have a value. */
  readonly reached: ReadonlySet<number>;
};

/**
 * Reads a version; null where it is no schema of records: what is written with it is a dead letter.
 *
 * @param schemaText self-contained.
 */
export function readVersion(route: CompiledRoute, schemaText: string): SchemaVersion | null {
  const parsed = parseAvroSchema(parseJson(schemaText));
  if (!parsed.ok || !holdsRecords(parsed.type)) return null;
  const plan = route.tags === null ? route.plan : route.planWith(taggedFieldsOf(parsed.type, route.tags));
  return { plan, reached: reachedLeaves(parsed.type, plan) };
}

/**
 * The leaves that a walk over a schema comes to: through every branch of a union, every element, every value of a map,
 * every named type wherever it is used, and round recursive types until nothing new is found. It goes where the codec
 * goes (policy/avro-output.ts).
 */
export function reachedLeaves(root: AvroType, plan: RoutePlan): ReadonlySet<number> {
  const leaves = new Set<number>();
  const seen = new Set<string>();
  const records = root.kind === 'union' ? root.branches : [root];
  const open: Pair[] = records.filter(({ kind }) => kind === 'record').map((type) => ({ type, node: 0 }));
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const node = plan.nodes[pair.node];
    const key = pairKey(pair);
    if (node === undefined || seen.has(key)) continue;
    seen.add(key);
    const { type } = pair;
    switch (type.kind) {
      case 'union':
        for (const branch of type.branches) open.push({ type: branch, node: pair.node });
        break;
      case 'array':
        if (walksArrays(node)) open.push({ type: type.items, node: node.items });
        break;
      case 'map':
        if (walksObjects(node)) open.push(...mapPairs(type, node));
        break;
      case 'record':
        if (walksObjects(node)) {
          for (const field of type.fields) open.push({ type: field.type, node: childNode(node, field.name) });
        }
        break;
      default:
        if (node.leaf >= 0) leaves.add(node.leaf);
    }
  }
  return leaves;
}

/** Whatever the text holds; null where it is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
