/** Compiles what an output publishes into functions that follow the tape and write the sanitized record. */
import { type CipherSlot, placeOf } from '../../core/apply/encrypt.ts';
import { makeTransform } from '../../core/apply/make-transform.ts';
import type { Keyring } from '../../core/keyring.ts';
import type { DeadLetterCode } from '../../core/outcome.ts';
import { childNode, mapPairs, pairKey, walksArrays, walksObjects } from '../../core/policy/avro-output.ts';
import type { OutRecord, OutSlot, Pair } from '../../core/policy/avro-output.ts';
import { elementNullable } from '../../core/policy/avro-output-schema.ts';
import type { PrintedOutput } from '../../core/policy/avro-output-schema.ts';
import type { AvroArray, AvroMap, AvroScalar, AvroType } from '../../core/policy/avro-schema.ts';
import type { LeafRule, OutputPlan, RoutePlan } from '../../core/policy/plan.ts';
import type { RecordWriter } from './record-writer.ts';
import { makeScalarReader, makeTextReader } from './scalar-text.ts';
import { makeScalarWriter } from './scalar-write.ts';

/** Nothing was written. */
export const ABSENT = 0;
export const WRITTEN = 1;
/** The record cannot be published: `RecordWriter.poison` says why. */
export const FAILED = 2;

/** Takes one datum off the tape and writes what is released of it. */
export type WriteOp = (writer: RecordWriter) => number;

export type WriteContext = {
  readonly plan: RoutePlan;
  readonly output: OutputPlan;
  readonly printed: PrintedOutput;
  readonly keyring: Keyring;
};

/** The writer of a whole record: never `ABSENT` but for a record that leaves nothing, which is written empty. */
export function compileWrite(type: AvroType, context: WriteContext): WriteOp {
  return new WriteCompiler(context).root(type);
}

const NOTHING: WriteOp = () => ABSENT;

class WriteCompiler {
  readonly #context: WriteContext;
  readonly #known = new Map<string, WriteOp>();
  readonly #slotIds = new Map<OutSlot, number>();
  readonly #records: ReadonlyMap<string, OutRecord>;

  constructor(context: WriteContext) {
    this.#context = context;
    this.#records = new Map(
      context.printed.shape.records.map((record) => [pairKey({ type: record.source, node: record.node }), record]),
    );
  }

  root(type: AvroType): WriteOp {
    const slot = this.#context.printed.shape.root;
    const branches = (type.kind === 'union' ? type.branches : [type]).map((branch) =>
      branch.kind === 'record' ? this.#record({ type: branch, node: 0 }, slot, false, true) : NOTHING,
    );
    return type.kind === 'union' ? dispatch(branches) : (branches[0] ?? NOTHING);
  }

  /** @param slot null: nothing of the value is released, but what is in it is counted. */
  #value(pair: Pair, slot: OutSlot | null, nullable: boolean): WriteOp {
    const { type, node } = pair;
    if (this.#context.plan.nodes[node] === undefined) return NOTHING;
    if (slot !== null && !this.#slotIds.has(slot)) this.#slotIds.set(slot, this.#slotIds.size);
    const key = `${pairKey(pair)} ${slot === null ? -1 : this.#slotIds.get(slot)} ${nullable}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    let made: WriteOp = NOTHING;
    this.#known.set(key, (writer) => made(writer));
    made =
      type.kind === 'union'
        ? dispatch(type.branches.map((branch) => this.#value({ type: branch, node }, slot, nullable)))
        : this.#branch(pair, slot, nullable);
    this.#known.set(key, made);
    return made;
  }

  #branch(pair: Pair, wanted: OutSlot | null, nullable: boolean): WriteOp {
    const { type } = pair;
    if (type.kind === 'null') return this.#null(pair.node, wanted);
    const slot = wanted?.branchOf.has(pairKey(pair)) === true ? wanted : null;
    switch (type.kind) {
      case 'union':
        return NOTHING;
      case 'record':
        return this.#record(pair, slot, nullable, false);
      case 'array':
        return this.#array(type, pair, slot, nullable);
      case 'map':
        return this.#map(type, pair, slot, nullable);
      default:
        return this.#scalar(type, pair, slot, nullable);
    }
  }

  /** The number a union shows before this branch; −1: no union. */
  #prefix(pair: Pair, slot: OutSlot, nullable: boolean): number {
    return this.#context.printed.unionIndex(slot, nullable, slot.branchOf.get(pairKey(pair)) ?? 0);
  }

  #null(node: number, slot: OutSlot | null): WriteOp {
    const { plan, output } = this.#context;
    const shape = plan.nodes[node];
    const leaf = shape?.leaf ?? -1;
    const bare = slot?.branches.length === 0;
    const write = (writer: RecordWriter): number => {
      if (!bare) writer.byte(0);
      writer.count++;
      return WRITTEN;
    };
    if (leaf >= 0) {
      const releases = slot !== null && slot.hasNull && output.leaves[leaf]?.action.kind !== 'drop';
      return (writer) => {
        countLeaf(writer, leaf);
        return releases && writer.released[leaf] === 1 ? write(writer) : ABSENT;
      };
    }
    const beneath = (shape?.beneath ?? []).filter((id) => output.leaves[id]?.action.kind !== 'drop');
    if (slot === null || !slot.hasNull || beneath.length === 0) return NOTHING;
    return (writer) => {
      for (const id of beneath) if (writer.released[id] === 1) return write(writer);
      return ABSENT;
    };
  }

  #scalar(type: AvroScalar, pair: Pair, slot: OutSlot | null, nullable: boolean): WriteOp {
    const { plan, output } = this.#context;
    const leaf = plan.nodes[pair.node]?.leaf ?? -1;
    const rule = output.leaves[leaf];
    if (leaf < 0) return NOTHING;
    if (slot === null || rule === undefined) return skipLeaf(leaf);
    const prefix = this.#prefix(pair, slot, nullable);
    const isKey = output.key.kind === 'leaf' && output.key.leaf === leaf;
    switch (rule.action.kind) {
      case 'drop':
        return skipLeaf(leaf);
      case 'nullify':
        return (writer) => {
          countLeaf(writer, leaf);
          writer.at += 2;
          if (writer.released[leaf] !== 1) return ABSENT;
          writer.byte(0);
          writer.count++;
          return WRITTEN;
        };
      case 'keep':
        return keepLeaf(type, leaf, prefix, isKey);
      default:
        return this.#change(type, pair, slot, leaf, rule, prefix, isKey);
    }
  }

  #change(
    type: AvroScalar,
    pair: Pair,
    slot: OutSlot,
    leaf: number,
    rule: LeafRule,
    prefix: number,
    isKey: boolean,
  ): WriteOp {
    const { plan, output, keyring } = this.#context;
    const { action } = rule;
    const branch = slot.branches[slot.branchOf.get(pairKey(pair)) ?? -1];
    if (action.kind === 'keep' || action.kind === 'drop' || action.kind === 'nullify') return skipLeaf(leaf);
    if (branch === undefined || branch.kind !== 'scalar') return skipLeaf(leaf);
    const path = plan.leaves[leaf]?.path ?? null;
    const read = makeScalarReader(type, action);
    const key: CipherSlot = { cipher: null };
    const transform = makeTransform(action, keyring, { place: placeOf(output, path ?? ''), slot: key });
    const write = makeScalarWriter(type, branch);
    return (writer) => {
      countLeaf(writer, leaf);
      const from = writer.tape[writer.at++] as number;
      const to = writer.tape[writer.at++] as number;
      if (writer.released[leaf] !== 1) return ABSENT;
      const value = read(writer.src, from, to);
      key.cipher = writer.cipher;
      const changed = value === null ? null : transform(value);
      if (changed === null) return fail(writer, 'action_failed', path);
      if (prefix >= 0) writer.size(prefix);
      if (!write(writer, changed)) return fail(writer, 'output_invalid', path);
      writer.count++;
      if (isKey && writer.keyText === null) writer.keyText = changed.text;
      return WRITTEN;
    };
  }

  #record(pair: Pair, slot: OutSlot | null, nullable: boolean, isRoot: boolean): WriteOp {
    const { type } = pair;
    const shape = this.#context.plan.nodes[pair.node];
    if (type.kind !== 'record' || !walksObjects(shape)) return isRoot ? emptyRecord(slot, this.#context) : NOTHING;
    const out = slot === null ? undefined : this.#records.get(pairKey(pair));
    const fields = type.fields.map((field, index) => {
      const place = out?.fields[index];
      const child = { type: field.type, node: childNode(shape, field.name) };
      return fieldOp(
        this.#value(child, place?.slot ?? null, place?.nullable ?? false),
        place?.slot ?? null,
        place?.nullable ?? false,
      );
    });
    // Fields that nothing is declared of left nothing on the tape.
    const ops = fields.filter((op) => op !== NOTHING);
    if (slot === null) return sequence(ops);
    const prefix = this.#prefix(pair, slot, nullable);
    return (writer) => {
      const mark = writer.mark();
      if (prefix >= 0) writer.size(prefix);
      let written = ABSENT;
      for (let i = 0; i < ops.length; i++) {
        const result = (ops[i] as WriteOp)(writer);
        if (result === FAILED) return FAILED;
        if (result === WRITTEN) written = WRITTEN;
      }
      if (written === ABSENT && !isRoot) writer.rewind(mark);
      return written;
    };
  }

  #array(type: AvroArray, pair: Pair, slot: OutSlot | null, nullable: boolean): WriteOp {
    const shape = this.#context.plan.nodes[pair.node];
    if (!walksArrays(shape)) return NOTHING;
    const branch = slot?.branches[slot.branchOf.get(pairKey(pair)) ?? -1];
    const items = branch?.kind === 'array' ? branch.items : null;
    const item = this.#value(
      { type: type.items, node: shape.items },
      items,
      items === null ? false : elementNullable(items),
    );
    return elementsOp(slot === null || items === null ? null : this.#prefix(pair, slot, nullable), item);
  }

  #map(type: AvroMap, pair: Pair, slot: OutSlot | null, nullable: boolean): WriteOp {
    const shape = this.#context.plan.nodes[pair.node];
    if (!walksObjects(shape)) return NOTHING;
    const branch = slot?.branches[slot.branchOf.get(pairKey(pair)) ?? -1];
    const values = branch?.kind === 'map' ? branch.values : null;
    const inner = values === null ? false : elementNullable(values);
    const ops = mapPairs(type, shape).map((child) => this.#value(child, values, inner));
    const entry: WriteOp = (writer) => {
      const from = writer.tape[writer.at++] as number;
      const to = writer.tape[writer.at++] as number;
      const op = ops[writer.tape[writer.at++] as number];
      if (op === undefined) return ABSENT;
      const mark = writer.mark();
      writer.copy(from, to);
      const result = op(writer);
      if (result === ABSENT) writer.rewind(mark);
      return result;
    };
    return elementsOp(slot === null || values === null ? null : this.#prefix(pair, slot, nullable), entry);
  }
}

function countLeaf(writer: RecordWriter, leaf: number): void {
  writer.tally[leaf] = (writer.tally[leaf] as number) + 1;
}

function fail(writer: RecordWriter, code: DeadLetterCode, path: string | null): number {
  writer.poison = { code, path };
  return FAILED;
}

function dispatch(branches: readonly WriteOp[]): WriteOp {
  return (writer) => (branches[writer.tape[writer.at++] as number] ?? NOTHING)(writer);
}

function skipLeaf(leaf: number): WriteOp {
  return (writer) => {
    countLeaf(writer, leaf);
    writer.at += 2;
    return ABSENT;
  };
}

function keepLeaf(type: AvroScalar, leaf: number, prefix: number, isKey: boolean): WriteOp {
  const text = makeTextReader(type);
  return (writer) => {
    countLeaf(writer, leaf);
    const from = writer.tape[writer.at++] as number;
    const to = writer.tape[writer.at++] as number;
    if (writer.released[leaf] !== 1) return ABSENT;
    if (prefix >= 0) writer.size(prefix);
    writer.copy(from, to);
    writer.count++;
    if (isKey && writer.keyText === null) writer.keyText = text(writer.src, from, to);
    return WRITTEN;
  };
}

function emptyRecord(slot: OutSlot | null, context: WriteContext): WriteOp {
  const prefix = slot === null ? -1 : context.printed.unionIndex(slot, false, 0);
  return (writer) => {
    if (prefix >= 0) writer.size(prefix);
    return ABSENT;
  };
}

/** A field always stands in its record: what is absent is null there. */
function fieldOp(value: WriteOp, slot: OutSlot | null, nullable: boolean): WriteOp {
  if (slot === null) return value;
  const bare = slot.branches.length === 0;
  return (writer) => {
    const result = value(writer);
    if (result !== ABSENT || bare) return result;
    if (!nullable) return fail(writer, 'output_invalid', null);
    writer.byte(0);
    return ABSENT;
  };
}

/** Runs all, for what they count. */
function sequence(ops: readonly WriteOp[]): WriteOp {
  return (writer) => {
    for (const op of ops) op(writer);
    return ABSENT;
  };
}

/** Elements of an array or entries of a map in one block; the ones that leave nothing are left out. */
function elementsOp(prefix: number | null, element: WriteOp): WriteOp {
  if (prefix === null) {
    return (writer) => {
      const count = writer.tape[writer.at++] as number;
      for (let i = 0; i < count; i++) element(writer);
      return ABSENT;
    };
  }
  return (writer) => {
    const count = writer.tape[writer.at++] as number;
    const start = writer.mark();
    if (prefix >= 0) writer.size(prefix);
    const before = writer.mark();
    writer.size(count);
    let written = 0;
    for (let i = 0; i < count; i++) {
      const result = element(writer);
      if (result === FAILED) return FAILED;
      if (result === WRITTEN) written++;
    }
    if (written === 0) {
      writer.rewind(start);
      return ABSENT;
    }
    if (written !== count) writer.correct(before, count, written);
    writer.byte(0);
    return WRITTEN;
  };
}
