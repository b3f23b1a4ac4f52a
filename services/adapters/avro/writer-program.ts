/** A writer schema made ready for a route: what is read of its records, and what each output publishes of them. */
import type { Keyring } from '../../core/keyring.ts';
import { taggedFieldsOf } from '../../core/policy/avro-fields.ts';
import { deriveOutput } from '../../core/policy/avro-output.ts';
import { holdsRecords, printOutput } from '../../core/policy/avro-output-schema.ts';
import { parseAvroSchema } from '../../core/policy/avro-schema.ts';
import type { AvroScalar } from '../../core/policy/avro-schema.ts';
import type { CompiledRoute, RoutePlan } from '../../core/policy/plan.ts';
import { compileRead } from './read-program.ts';
import { makeRegionReader, makeSubjectReader, makeTimeReader } from './scalar-text.ts';
import type { ReadOp } from './scan.ts';
import { isValidSchema } from './valid-schema.ts';
import { compileWrite } from './write-program.ts';
import type { WriteOp } from './write-program.ts';

type ReadText = (src: Buffer, from: number, to: number) => string | null;

export type OutputProgram = {
  readonly topic: string;
  readonly schemaText: string;
  readonly write: WriteOp;
};

export type WriterProgram = {
  readonly plan: RoutePlan;
  readonly read: ReadOp;
  /** By `RawReader.roleType`. */
  readonly subjectOf: readonly ReadText[];
  readonly timeOf: readonly ((src: Buffer, from: number, to: number) => number | null)[];
  readonly regionOf: readonly ReadText[];
  /** By `OutputPlan.index`. */
  readonly outputs: readonly OutputProgram[];
};

/** The plan that governs records of a schema: what `fields` declares, and what the schema's tags do. */
export function planOf(
  route: CompiledRoute,
  parsed: { readonly type: Parameters<typeof taggedFieldsOf>[0] },
): RoutePlan {
  return route.tags === null ? route.plan : route.planWith(taggedFieldsOf(parsed.type, route.tags));
}

/**
 * Compiles a writer schema for a route. Null where it is no schema that avsc takes, or none of records.
 *
 * @param schemaText self-contained.
 */
export function compileWriter(route: CompiledRoute, schemaText: string, keyring: Keyring): WriterProgram | null {
  const parsed = isValidSchema(schemaText) ? parseAvroSchema(JSON.parse(schemaText)) : null;
  if (parsed === null || !parsed.ok || !holdsRecords(parsed.type)) return null;
  const plan = planOf(route, parsed);
  const { root, roleTypes } = compileRead(parsed.type, plan);
  const outputs = plan.outputs.map((output) => {
    const printed = printOutput(deriveOutput(parsed.type, plan, output), parsed.names);
    const write = compileWrite(parsed.type, { plan, output, printed, keyring });
    return { topic: output.topic, schemaText: JSON.stringify(printed.schema), write };
  });
  const each = <T>(make: (type: AvroScalar) => T): readonly T[] => roleTypes.map(make);
  return {
    plan,
    read: root,
    subjectOf: each(makeSubjectReader),
    timeOf: each(makeTimeReader),
    regionOf: each(makeRegionReader),
    outputs,
  };
}
