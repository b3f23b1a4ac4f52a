/** What an Avro schema has and the policy does not declare: it never leaves. */
import { childNode, walksArrays, walksObjects } from '../policy/avro-output.ts';
import { type AvroType, parseAvroSchema } from '../policy/avro-schema.ts';
import { formatPath, type Segment } from '../policy/path.ts';
import type { RoutePlan } from '../policy/plan.ts';

/**
 * Paths, in the schema's order, each once; what is beneath an undeclared record, array or map is not told of.
 *
 * @param rawSchema parsed JSON.
 * @param plan the one that governs records of the schema.
 */
export function undeclaredFields(rawSchema: unknown, plan: RoutePlan): readonly string[] {
  const parsed = parseAvroSchema(rawSchema);
  if (!parsed.ok) return [];
  const found = new Set<string>();
  const open = new Set<string>();

  const walk = (type: AvroType, id: number, path: readonly Segment[]): void => {
    const node = plan.nodes[id];
    if (type.kind === 'null') return;
    if (type.kind === 'union') {
      for (const branch of type.branches) walk(branch, id, path);
      return;
    }
    if (node === undefined) {
      found.add(formatPath(path));
      return;
    }
    // A type within itself is followed once.
    const key = `${type.id}:${id}`;
    if (open.has(key)) return;
    open.add(key);
    switch (type.kind) {
      case 'record':
        if (!walksObjects(node)) found.add(formatPath(path));
        else {
          for (const field of type.fields) {
            walk(field.type, childNode(node, field.name), [...path, { kind: 'key', name: field.name }]);
          }
        }
        break;
      case 'map':
        if (!walksObjects(node)) found.add(formatPath(path));
        else if (node.rest >= 0) walk(type.values, node.rest, [...path, { kind: 'any' }]);
        else found.add(formatPath([...path, { kind: 'any' }]));
        break;
      case 'array':
        if (walksArrays(node)) walk(type.items, node.items, [...path, { kind: 'each' }]);
        else found.add(formatPath(path));
        break;
      default:
        if ((plan.leaves[node.leaf]?.category ?? null) === null) found.add(formatPath(path));
    }
    open.delete(key);
  };
  const roots = parsed.type.kind === 'union' ? parsed.type.branches : [parsed.type];
  for (const root of roots) if (root.kind === 'record') walk(root, 0, []);
  return [...found].filter((path) => path !== '');
}
