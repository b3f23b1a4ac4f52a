import { deriveOutput } from '../../core/policy/avro-output.ts';
import { holdsRecords, printOutput } from '../../core/policy/avro-output-schema.ts';
import { parseAvroSchema } from '../../core/policy/avro-schema.ts';
import type { CompiledRoute } from '../../core/policy/plan.ts';
import { isValidSchema } from './valid-schema.ts';
import { planOf } from './writer-program.ts';

/** The subject under which the schemas of a topic's values are registered (TopicNameStrategy). */
export function valueSubject(topic: string): string {
  return `${topic}-value`;
}

export type OutputSchemas = {
  readonly topic: string;
  readonly subject: string;
  /** One per raw schema, in their order, each once. */
  readonly schemas: readonly string[];
};

/**
 * What the outputs of a route publish, as Avro schemas, for each version of the raw schema, oldest first. `push`
 * registers them, a worker derives the same for a version that appears while it runs.
 *
 * @param rawSchemas texts of the raw topic's schemas, self-contained; those that are no schema of records are left out,
 * as their records are dead letters.
 */
export function outputSchemasOf(route: CompiledRoute, rawSchemas: readonly string[]): readonly OutputSchemas[] {
  const byTopic = new Map(route.plan.outputs.map((output) => [output.topic, new Set<string>()]));
  for (const text of rawSchemas) {
    const parsed = isValidSchema(text) ? parseAvroSchema(JSON.parse(text)) : null;
    if (parsed === null || !parsed.ok || !holdsRecords(parsed.type)) continue;
    const plan = planOf(route, parsed);
    for (const output of plan.outputs) {
      const { schema } = printOutput(deriveOutput(parsed.type, plan, output), parsed.names);
      byTopic.get(output.topic)?.add(JSON.stringify(schema));
    }
  }
  return [...byTopic].map(([topic, schemas]) => ({ topic, subject: valueSubject(topic), schemas: [...schemas] }));
}
