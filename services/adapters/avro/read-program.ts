/** Compiles a writer schema and a plan into functions that put what is declared onto the tape. */
import { childNode, mapPairs, pairKey, walksArrays, walksObjects } from '../../core/policy/avro-output.ts';
import type { Pair } from '../../core/policy/avro-output.ts';
import type { AvroArray, AvroMap, AvroRecord, AvroScalar, AvroType, AvroUnion } from '../../core/policy/avro-schema.ts';
import type { RoutePlan, ShapeNode } from '../../core/policy/plan.ts';
import { AMBIGUOUS, MISSING } from './raw-reader.ts';
import { deeper, readBlocks, Scanners } from './scan.ts';
import type { ReadOp } from './scan.ts';

type Role = 'subject' | 'time' | 'region';

export type ReadProgram = {
  readonly root: ReadOp;
  /** The types of subject, time and region wherever they may stand: `RawReader.roleType` says which it was. */
  readonly roleTypes: readonly AvroScalar[];
};

/**
 * What comes onto the tape, in the order of the bytes. Nothing for what no node of the plan governs. A scalar with a
 * leaf: from, to. A union: branch, then what it holds. An array that is walked: count, elements. A map that is walked:
 * count, then for each entry key from, key to, child (index of `mapPairs`, −1: undeclared), value. A record: its fields.
 */
export function compileRead(type: AvroType, plan: RoutePlan): ReadProgram {
  const compiler = new ReadCompiler(plan);
  return { root: compiler.root(type), roleTypes: compiler.roleTypes };
}

class ReadCompiler {
  readonly roleTypes: AvroScalar[] = [];
  readonly #plan: RoutePlan;
  readonly #scanners = new Scanners();
  readonly #known = new Map<string, ReadOp>();

  constructor(plan: RoutePlan) {
    this.#plan = plan;
  }

  /** A value that is no record cannot be one of this route. */
  root(type: AvroType): ReadOp {
    if (type.kind === 'record') return this.#op({ type, node: 0 });
    if (type.kind !== 'union') return () => false;
    const branches = type.branches.map((branch) =>
      branch.kind === 'record' ? this.#op({ type: branch, node: 0 }) : () => false,
    );
    return unionOp(branches);
  }

  #op(pair: Pair): ReadOp {
    const node = this.#plan.nodes[pair.node];
    if (node === undefined) return this.#scanners.of(pair.type);
    const key = pairKey(pair);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    let made: ReadOp = () => false;
    this.#known.set(key, (reader) => made(reader));
    made = this.#make(pair.type, node);
    this.#known.set(key, made);
    return made;
  }

  #make(type: AvroType, node: ShapeNode): ReadOp {
    switch (type.kind) {
      case 'null':
        return () => true;
      case 'union':
        return this.#union(type, node);
      case 'record':
        return walksObjects(node) ? this.#record(type, node) : this.#stray(type, node);
      case 'map':
        return walksObjects(node) ? this.#map(type, node) : this.#stray(type, node);
      case 'array':
        return walksArrays(node) ? this.#array(type, node) : this.#stray(type, node);
      default:
        return node.leaf < 0 ? this.#scanners.of(type) : this.#scalar(type, node.leaf);
    }
  }

  /** A container where none is declared: refused where a scalar is. */
  #stray(type: AvroType, node: ShapeNode): ReadOp {
    const scan = this.#scanners.of(type);
    const declared = (this.#plan.leaves[node.leaf]?.category ?? null) !== null;
    if (!declared) return scan;
    const { leaf } = node;
    return (reader) => {
      if (reader.refused < 0) reader.refused = leaf;
      return scan(reader);
    };
  }

  #union(type: AvroUnion, node: ShapeNode): ReadOp {
    return unionOp(type.branches.map((branch) => this.#op({ type: branch, node: node.id })));
  }

  #record(type: AvroRecord, node: ShapeNode): ReadOp {
    const fields = type.fields.map((field) => this.#op({ type: field.type, node: childNode(node, field.name) }));
    return deeper((reader) => {
      for (let i = 0; i < fields.length; i++) if (!(fields[i] as ReadOp)(reader)) return false;
      return true;
    });
  }

  #array(type: AvroArray, node: ShapeNode): ReadOp {
    const item = this.#op({ type: type.items, node: node.items });
    const least = this.#scanners.leastSize(type.items);
    return deeper((reader) => {
      const at = reader.length;
      reader.put(0);
      const count = readBlocks(reader, least, item);
      reader.tape[at] = count;
      return count >= 0;
    });
  }

  #map(type: AvroMap, node: ShapeNode): ReadOp {
    const values = mapPairs(type, node).map((pair) => this.#op(pair));
    const undeclared = this.#scanners.of(type.values);
    const rest = node.rest >= 0 ? values.length - 1 : -1;
    const named = new Map([...(node.fields?.keys() ?? [])].sort().map((name, index) => [name, index]));
    const entry: ReadOp = (reader) => {
      const from = reader.pos;
      if (!reader.skipKey()) return false;
      reader.noteKey();
      const child =
        named.size === 0 ? rest : (named.get(reader.src.toString('utf8', reader.textFrom, reader.pos)) ?? rest);
      reader.putSpan(from, reader.pos);
      reader.put(child);
      return child < 0 ? undeclared(reader) : (values[child] as ReadOp)(reader);
    };
    return deeper((reader) => {
      const at = reader.length;
      reader.put(0);
      const base = reader.openKeys();
      const count = readBlocks(reader, 1, entry);
      reader.tape[at] = count;
      return count >= 0 && reader.closeKeys(base);
    });
  }

  #scalar(type: AvroScalar, leaf: number): ReadOp {
    const scan = this.#scanners.of(type);
    const { subject, time, region } = this.#plan.read;
    const roles: Role[] = [];
    if (leaf === subject) roles.push('subject');
    if (leaf === time) roles.push('time');
    if (leaf === region) roles.push('region');
    if (roles.length === 0) {
      return (reader) => {
        const from = reader.pos;
        if (!scan(reader)) return false;
        reader.putSpan(from, reader.pos);
        return true;
      };
    }
    const id = this.roleTypes.push(type) - 1;
    return (reader) => {
      const from = reader.pos;
      if (!scan(reader)) return false;
      for (const role of roles) {
        reader.read[role] = reader.read[role] === MISSING ? reader.length : AMBIGUOUS;
        reader.roleType[role] = id;
      }
      reader.putSpan(from, reader.pos);
      return true;
    };
  }
}

function unionOp(branches: readonly ReadOp[]): ReadOp {
  return (reader) => {
    const index = reader.long();
    const branch = branches[index];
    if (branch === undefined) return false;
    reader.put(index);
    return branch(reader);
  };
}
