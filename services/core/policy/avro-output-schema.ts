/** Prints the Avro schema of a sanitized topic, deterministically, and numbers the branches of its unions. */
import { deriveOutput } from './avro-output.ts';
import type { OutBranch, OutField, OutRecord, OutShape, OutSlot } from './avro-output.ts';
import { naming } from './avro-output-scalar.ts';
import type { AvroJson } from './avro-output-scalar.ts';
import { namespaceOf, parseAvroSchema } from './avro-schema.ts';
import type { AvroType } from './avro-schema.ts';
import type { OutputPlan, RoutePlan } from './plan.ts';

export type PrintedOutput = {
  readonly shape: OutShape;
  readonly schema: AvroJson;
  /**
   * Where a branch of a slot stands in its printed union, from 0; −1 where it is printed without a union. Null, where
   * it is allowed, stands first.
   */
  readonly unionIndex: (slot: OutSlot, nullable: boolean, branch: number) => number;
};

/**
 * The Avro schema of what an output publishes of records written with `rawSchema` (parsed JSON). What is dropped or
 * undeclared is not in it; what an action changes has the type it is changed to; what may be missing from a record is
 * nullable, null by default; docs, tags, aliases and orders are left out. A named type that comes out in several shapes
 * keeps its name for the first and is named after its place for the others. Null where `rawSchema` is no usable schema
 * of records.
 */
export function deriveOutputSchema(rawSchema: unknown, plan: RoutePlan, output: OutputPlan): AvroJson | null {
  const parsed = parseAvroSchema(rawSchema);
  if (!parsed.ok || !holdsRecords(parsed.type)) return null;
  return printOutput(deriveOutput(parsed.type, plan, output), parsed.names).schema;
}

/** Whether a schema can be that of a topic's values: a record, or a union with one. */
export function holdsRecords(type: AvroType): boolean {
  return type.kind === 'record' || (type.kind === 'union' && type.branches.some((branch) => branch.kind === 'record'));
}

/** @param taken the names the writer schema defines, which no new name may be. */
export function printOutput(shape: OutShape, taken: ReadonlySet<string>): PrintedOutput {
  const printer = new Printer(classesOf(shape.records), taken);
  printer.assign(shape.root);
  return {
    shape,
    schema: printer.slot(shape.root, false),
    unionIndex: (slot, nullable, branch) => printer.unionIndex(slot, nullable, branch),
  };
}

/** Whether a slot's union has null in it, for a place that is no field of a record. */
export function elementNullable(slot: OutSlot): boolean {
  return slot.hasNull;
}

/**
 * Groups records that would print the same: two places whose rules come out alike share one type. Starts from the names
 * and splits groups until nothing tells their members apart.
 */
function classesOf(records: readonly OutRecord[]): readonly number[] {
  let classes = group(records.map((record) => record.source.name));
  for (;;) {
    const current = classes;
    const next = group(records.map((record) => `${current[record.index]} ${signature(record, current)}`));
    if (Math.max(-1, ...next) === Math.max(-1, ...current)) return next;
    classes = next;
  }
}

function group(keys: readonly string[]): readonly number[] {
  const known = new Map<string, number>();
  return keys.map((key) => {
    const id = known.get(key) ?? known.size;
    known.set(key, id);
    return id;
  });
}

function signature(record: OutRecord, classes: readonly number[]): string {
  return JSON.stringify(
    record.fields
      .filter((field) => field.slot !== null)
      .map((field) => [
        field.source.name,
        field.nullable,
        field.nullable ? null : field.defaultValue,
        field.slot === null ? [] : slotSignature(field.slot, classes),
      ]),
  );
}

function slotSignature(slot: OutSlot, classes: readonly number[]): unknown {
  return slot.branches.map((branch) => {
    switch (branch.kind) {
      case 'scalar':
        return branch.schema;
      case 'record':
        return classes[branch.index];
      case 'array':
        return ['array', branch.items.hasNull, slotSignature(branch.items, classes)];
      case 'map':
        return ['map', branch.values.hasNull, slotSignature(branch.values, classes)];
    }
  });
}

class Printer {
  readonly #classes: readonly number[];
  readonly #taken: ReadonlySet<string>;
  /** By class. */
  readonly #names = new Map<number, string>();
  readonly #printed = new Set<string>();
  /** Namespace of the record that is being printed. */
  #around = '';
  readonly #positions = new Map<OutSlot, readonly number[]>();

  constructor(classes: readonly number[], taken: ReadonlySet<string>) {
    this.#classes = classes;
    this.#taken = taken;
  }

  /** Names the records in the order in which a reader of the schema meets them. */
  assign(root: OutSlot): void {
    const used = new Set<string>();
    this.#assign(root, '', used);
  }

  #assign(slot: OutSlot, place: string, used: Set<string>): void {
    for (const branch of slot.branches) {
      if (branch.kind === 'array') this.#assign(branch.items, `${place}_item`, used);
      else if (branch.kind === 'map') this.#assign(branch.values, `${place}_value`, used);
      else if (branch.kind === 'record') this.#assignRecord(branch, place, used);
    }
  }

  #assignRecord(record: OutRecord, place: string, used: Set<string>): void {
    const shape = this.#classes[record.index] ?? -1;
    if (this.#names.has(shape)) return;
    let name = record.source.name;
    if (used.has(name)) {
      name = `${name}${place}`;
      while (used.has(name) || this.#taken.has(name)) name = `${name}_`;
    }
    used.add(name);
    this.#names.set(shape, name);
    for (const field of record.fields) {
      if (field.slot !== null) this.#assign(field.slot, `${place}_${field.source.name}`, used);
    }
  }

  /** Each branch's place among the distinct printed ones: records of one shape are one branch. */
  #positionsOf(slot: OutSlot): readonly number[] {
    const known = this.#positions.get(slot);
    if (known !== undefined) return known;
    const keys = slot.branches.map((branch) =>
      branch.kind === 'record' ? `record ${this.#classes[branch.index]}` : branch.kind + JSON.stringify(baseOf(branch)),
    );
    const positions = group(keys);
    this.#positions.set(slot, positions);
    return positions;
  }

  unionIndex(slot: OutSlot, nullable: boolean, branch: number): number {
    const positions = this.#positionsOf(slot);
    if (!nullable && Math.max(...positions) === 0) return -1;
    return (positions[branch] ?? 0) + (nullable ? 1 : 0);
  }

  slot(slot: OutSlot, nullable: boolean): AvroJson {
    const positions = this.#positionsOf(slot);
    const distinct = slot.branches.filter((_, index) => positions.indexOf(positions[index] ?? -1) === index);
    if (distinct.length === 0) return 'null';
    const printed = distinct.map((branch) => this.#branch(branch));
    const [only] = printed;
    if (!nullable && only !== undefined && printed.length === 1) return only;
    return nullable ? ['null', ...printed] : printed;
  }

  #branch(branch: OutBranch): AvroJson {
    switch (branch.kind) {
      case 'scalar':
        if (branch.name === '') return branch.schema;
        if (this.#printed.has(branch.name)) return branch.name;
        this.#printed.add(branch.name);
        return { ...this.#rootNamespace(branch.name), ...(branch.schema as object) };
      case 'array':
        return { type: 'array', items: this.slot(branch.items, elementNullable(branch.items)) };
      case 'map':
        return { type: 'map', values: this.slot(branch.values, elementNullable(branch.values)) };
      case 'record':
        return this.#record(branch);
    }
  }

  #record(record: OutRecord): AvroJson {
    const name = this.#names.get(this.#classes[record.index] ?? -1) ?? record.source.name;
    if (this.#printed.has(name)) return name;
    this.#printed.add(name);
    const head = { type: 'record', ...this.#rootNamespace(name), ...naming(name) };
    const around = this.#around;
    this.#around = namespaceOf(name);
    const fields = record.fields.flatMap((field) => (field.slot === null ? [] : [this.#field(field, field.slot)]));
    this.#around = around;
    return { ...head, fields };
  }

  /** A type without a namespace must say so where it is defined within one. */
  #rootNamespace(name: string): { readonly namespace?: '' } {
    return this.#around !== '' && namespaceOf(name) === '' ? { namespace: '' } : {};
  }

  #field(field: OutField, slot: OutSlot): AvroJson {
    const head = { name: field.source.name, type: this.slot(slot, field.nullable) };
    if (field.nullable) return { ...head, default: null };
    return field.defaultValue === undefined ? head : { ...head, default: field.defaultValue };
  }
}

function baseOf(branch: OutBranch): string {
  return branch.kind === 'scalar' ? branch.base : branch.kind;
}
