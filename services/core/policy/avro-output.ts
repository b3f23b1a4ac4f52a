/**
 * The shape of a sanitized Avro record, derived from a writer schema and what an output does with each leaf. It is a
 * graph like the writer's: `slots` (places a value may stand in) hold the branches that are left. The codec writes
 * along it (adapters/avro) and its schema is printed from it (avro-output-schema.ts), so the two cannot disagree.
 *
 * A place is worked out for a set of (writer type, plan node) pairs, not for one: the values of a map may come out
 * differently by key, and Avro knows one array, one map and one string per union.
 */
import { outScalar } from './avro-output-scalar.ts';
import type { OutScalar } from './avro-output-scalar.ts';
import type { AvroField, AvroMap, AvroRecord, AvroType } from './avro-schema.ts';
import type { LeafRule, OutputPlan, RoutePlan, ShapeNode } from './plan.ts';

/** A writer type and the node of the plan that governs it. */
export type Pair = { readonly type: AvroType; readonly node: number };

export type OutField = {
  readonly source: AvroField;
  /** Null where nothing of the field is released. */
  readonly slot: OutSlot | null;
  /** Set once the whole shape is known. */
  nullable: boolean;
  /** A default taken over from the writer schema; undefined where there is none. */
  readonly defaultValue: unknown;
};

export type OutRecord = {
  readonly kind: 'record';
  readonly index: number;
  readonly source: AvroRecord;
  readonly node: number;
  readonly fields: OutField[];
  /** Everything in it may be absent at once. */
  mayBeEmpty: boolean;
};

export type OutArray = { readonly kind: 'array'; readonly items: OutSlot };
export type OutMap = { readonly kind: 'map'; readonly values: OutSlot };
export type OutBranch = OutScalar | OutRecord | OutArray | OutMap;

export type OutSlot = {
  readonly branches: OutBranch[];
  /** By `pairKey`: index in `branches`; what is not in it leaves nothing. */
  readonly branchOf: Map<string, number>;
  /** A null in the raw record is a null here. */
  hasNull: boolean;
  /** Something that may stand here in the raw record leaves nothing. */
  mayBeAbsent: boolean;
};

export type OutShape = { readonly root: OutSlot; readonly records: readonly OutRecord[] };

export function pairKey(pair: Pair): string {
  return `${pair.type.id}:${pair.node}`;
}

/** The plan goes on below an object here; where it does not, an object is skipped or refused. */
export function walksObjects(node: ShapeNode | undefined): node is ShapeNode {
  return node !== undefined && !node.leafWins && (node.fields !== null || node.rest >= 0);
}

/** As `walksObjects`, for arrays. */
export function walksArrays(node: ShapeNode | undefined): node is ShapeNode {
  return node !== undefined && !node.leafWins && node.items >= 0;
}

/** The node of an object's member; −1: undeclared. */
export function childNode(node: ShapeNode, key: string): number {
  return node.fields?.get(key) ?? node.rest;
}

/** The pairs that the values of a map can be, by key: first those declared by name (sorted), then all others. */
export function mapPairs(type: AvroMap, node: ShapeNode): readonly Pair[] {
  const names = [...(node.fields?.keys() ?? [])].sort();
  const nodes = [...names.map((name) => childNode(node, name)), node.rest];
  return nodes.filter((id) => id >= 0).map((id) => ({ type: type.values, node: id }));
}

/** A leaf that a rule releases may still be missing from a record (decide/variant.ts). */
function conditional(plan: RoutePlan, output: OutputPlan, leaf: number, rule: LeafRule): boolean {
  const category = plan.leaves[leaf]?.category ?? null;
  if (category === null || category.sensitive || rule.maxAgeMs < output.purpose.retentionMs) return true;
  if (rule.action.kind === 'encrypt') return true;
  return output.unconsented === 'strip' && category.personal;
}

/** Derives what an output publishes of records written with a schema. The root's records are never left out. */
export function deriveOutput(root: AvroType, plan: RoutePlan, output: OutputPlan): OutShape {
  return new Derivation(plan, output).derive(root);
}

class Derivation {
  readonly #plan: RoutePlan;
  readonly #output: OutputPlan;
  readonly #slots = new Map<string, OutSlot>();
  readonly #records = new Map<string, OutRecord>();

  constructor(plan: RoutePlan, output: OutputPlan) {
    this.#plan = plan;
    this.#output = output;
  }

  derive(type: AvroType): OutShape {
    const root: OutSlot = { branches: [], branchOf: new Map(), hasNull: false, mayBeAbsent: false };
    for (const pair of expand([{ type, node: 0 }])) {
      if (pair.type.kind !== 'record') continue;
      root.branchOf.set(pairKey(pair), root.branches.push(this.#record(pair.type, 0)) - 1);
    }
    const records = [...this.#records.values()];
    settle(records, [...this.#slots.values()]);
    return { root, records };
  }

  #rule(node: number): { readonly leaf: number; readonly rule: LeafRule } | null {
    const leaf = this.#plan.nodes[node]?.leaf ?? -1;
    const rule = this.#output.leaves[leaf];
    const declared = (this.#plan.leaves[leaf]?.category ?? null) !== null;
    return rule === undefined || !declared || rule.action.kind === 'drop' ? null : { leaf, rule };
  }

  /** Something beneath the pair can be released. */
  #reaches(pair: Pair, seen: Set<string>): boolean {
    const { type } = pair;
    const node = this.#plan.nodes[pair.node];
    const key = pairKey(pair);
    if (node === undefined || seen.has(key)) return false;
    seen.add(key);
    switch (type.kind) {
      case 'union':
        return type.branches.some((branch) => this.#reaches({ type: branch, node: pair.node }, seen));
      case 'array':
        return walksArrays(node) && this.#reaches({ type: type.items, node: node.items }, seen);
      case 'map':
        return walksObjects(node) && mapPairs(type, node).some((inner) => this.#reaches(inner, seen));
      case 'record':
        return (
          walksObjects(node) &&
          type.fields.some((field) => this.#reaches({ type: field.type, node: childNode(node, field.name) }, seen))
        );
      default:
        return this.#rule(pair.node) !== null;
    }
  }

  /** Null where nothing of these pairs is ever released. */
  #slot(pairs: readonly Pair[]): OutSlot | null {
    if (!pairs.some((pair) => this.#reaches(pair, new Set()))) return null;
    const expanded = expand(pairs);
    const key = expanded.map(pairKey).join(' ');
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot: OutSlot = { branches: [], branchOf: new Map(), hasNull: false, mayBeAbsent: false };
    this.#slots.set(key, slot);
    for (const pair of expanded) this.#addSimple(slot, pair);
    this.#addArray(
      slot,
      expanded.filter((pair) => pair.type.kind === 'array'),
    );
    this.#addMap(
      slot,
      expanded.filter((pair) => pair.type.kind === 'map'),
    );
    if (expanded.some((pair) => pair.type.kind === 'null')) this.#addNull(slot, expanded);
    return slot;
  }

  #addSimple(slot: OutSlot, pair: Pair): void {
    const { type } = pair;
    if (type.kind === 'array' || type.kind === 'map' || type.kind === 'null' || type.kind === 'union') return;
    if (type.kind === 'record') {
      if (!this.#reaches(pair, new Set())) slot.mayBeAbsent = true;
      else slot.branchOf.set(pairKey(pair), slot.branches.push(this.#record(type, pair.node)) - 1);
      return;
    }
    const found = this.#rule(pair.node);
    const scalar = found === null ? null : outScalar(type, found.rule.action);
    const index = scalar === null ? -1 : addScalar(slot, scalar);
    if (index < 0 || found === null) {
      slot.mayBeAbsent = true;
      return;
    }
    slot.branchOf.set(pairKey(pair), index);
    if (found.rule.action.kind === 'nullify') slot.hasNull = true;
    if (conditional(this.#plan, this.#output, found.leaf, found.rule)) slot.mayBeAbsent = true;
  }

  #addArray(slot: OutSlot, arrays: readonly Pair[]): void {
    if (arrays.length === 0) return;
    slot.mayBeAbsent = true;
    const walked = arrays.filter((pair) => walksArrays(this.#plan.nodes[pair.node]));
    const items = this.#slot(
      walked.flatMap(({ type, node }) =>
        type.kind === 'array' ? [{ type: type.items, node: this.#plan.nodes[node]?.items ?? -1 }] : [],
      ),
    );
    if (items === null) return;
    const index = slot.branches.push({ kind: 'array', items }) - 1;
    for (const pair of walked) slot.branchOf.set(pairKey(pair), index);
  }

  #addMap(slot: OutSlot, maps: readonly Pair[]): void {
    if (maps.length === 0) return;
    slot.mayBeAbsent = true;
    const walked = maps.filter((pair) => walksObjects(this.#plan.nodes[pair.node]));
    const values = this.#slot(
      walked.flatMap(({ type, node }) => {
        const shape = this.#plan.nodes[node];
        return type.kind === 'map' && shape !== undefined ? mapPairs(type, shape) : [];
      }),
    );
    if (values === null) return;
    const index = slot.branches.push({ kind: 'map', values }) - 1;
    for (const pair of walked) slot.branchOf.set(pairKey(pair), index);
  }

  /** A null where a leaf is declared follows the leaf's rule; elsewhere it is a container that is null. */
  #addNull(slot: OutSlot, pairs: readonly Pair[]): void {
    slot.mayBeAbsent = true;
    for (const pair of pairs) {
      if (pair.type.kind !== 'null') continue;
      const hasLeaf = (this.#plan.nodes[pair.node]?.leaf ?? -1) >= 0;
      if (hasLeaf ? this.#rule(pair.node) !== null : slot.branches.length > 0) slot.hasNull = true;
    }
  }

  #record(source: AvroRecord, node: number): OutRecord {
    const key = pairKey({ type: source, node });
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    const fields: OutField[] = [];
    const record: OutRecord = {
      kind: 'record',
      index: this.#records.size,
      source,
      node,
      fields,
      mayBeEmpty: false,
    };
    this.#records.set(key, record);
    const shape = this.#plan.nodes[node];
    for (const field of source.fields) {
      const child = walksObjects(shape) ? childNode(shape, field.name) : -1;
      const slot = this.#slot([{ type: field.type, node: child }]);
      const kept = slot !== null && this.#rule(child)?.rule.action.kind === 'keep';
      const carries = kept && isScalar(field.type) && field.defaultValue !== undefined;
      fields.push({
        source: field,
        slot,
        nullable: false,
        defaultValue: carries ? field.defaultValue : undefined,
      });
    }
    return record;
  }
}

function isScalar(type: AvroType): boolean {
  return !['null', 'union', 'array', 'map', 'record'].includes(type.kind);
}

/** Adds a scalar to the branches of a slot and returns its index; −1 where a like one stands in its way. */
function addScalar(slot: OutSlot, scalar: OutScalar): number {
  const index = slot.branches.findIndex((branch) => branch.kind === 'scalar' && branch.base === scalar.base);
  const known = slot.branches[index];
  if (known === undefined || known.kind !== 'scalar') return slot.branches.push(scalar) - 1;
  if (JSON.stringify(known.schema) === JSON.stringify(scalar.schema)) return index;
  // Two decimals of different scale would print different numbers with the same bytes.
  if (known.decimalScale >= 0 || scalar.decimalScale >= 0) return -1;
  slot.branches[index] = { ...known, schema: known.base };
  return index;
}

/** Resolves unions, keeps the order, says everything once. */
function expand(pairs: readonly Pair[]): readonly Pair[] {
  const found = new Map<string, Pair>();
  for (const pair of pairs) {
    const types = pair.type.kind === 'union' ? pair.type.branches : [pair.type];
    for (const type of types) found.set(pairKey({ type, node: pair.node }), { type, node: pair.node });
  }
  return [...found.values()];
}

/** Brings emptiness to rest: a record may be empty if all in it may be absent, and a place with such a record too. */
function settle(records: readonly OutRecord[], slots: readonly OutSlot[]): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const record of records) {
      if (record.mayBeEmpty || !record.fields.every((field) => field.slot === null || field.slot.mayBeAbsent)) continue;
      record.mayBeEmpty = true;
      changed = true;
    }
    for (const slot of slots) {
      if (slot.mayBeAbsent || !slot.branches.some((branch) => branch.kind === 'record' && branch.mayBeEmpty)) continue;
      slot.mayBeAbsent = true;
      changed = true;
    }
  }
  for (const record of records) {
    for (const field of record.fields) {
      const { slot } = field;
      // A field added to the raw schema with a default must stay one that readers of older records can do without.
      const added = field.source.defaultValue !== undefined && field.defaultValue === undefined;
      field.nullable = slot !== null && (slot.hasNull || slot.mayBeAbsent || added);
    }
  }
}
