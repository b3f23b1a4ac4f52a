/** What an Avro scalar comes out as under an action: the type that a sanitized topic shows. */
import type { AvroScalar } from './avro-schema.ts';
import { namespaceOf, shortName } from './avro-schema.ts';
import type { Action, GeneralizeSpec } from './plan.ts';

/** A piece of an Avro schema as JSON. */
export type AvroJson = string | { readonly [key: string]: unknown } | readonly AvroJson[];

export type OutScalar = {
  readonly kind: 'scalar';
  /** What a union tells its branches apart by: the primitive's name, or the full name of an enum or fixed. */
  readonly base: string;
  /** Full name of an enum or fixed, which is defined once and referred to after; empty for others. */
  readonly name: string;
  readonly schema: { readonly [key: string]: unknown } | string;
  /** Of a decimal that comes out as one: digits after the point; −1 otherwise. */
  readonly decimalScale: number;
};

/** The scale of a usable decimal; −1 for anything else. */
export function decimalScale(type: AvroScalar): number {
  if (type.logical?.name !== 'decimal' || (type.kind !== 'bytes' && type.kind !== 'fixed')) return -1;
  const { precision, scale } = type.logical;
  return precision !== null && precision > 0 && (scale ?? 0) >= 0 && (scale ?? 0) <= precision ? (scale ?? 0) : -1;
}

/**
 * The type a scalar has in the output, or null where the action drops it. A `nullify` leaves the type as it was, beside
 * null. An action that cannot handle the type gets the type it would print; it fails when a record comes.
 */
export function outScalar(type: AvroScalar, action: Action): OutScalar | null {
  switch (action.kind) {
    case 'drop':
      return null;
    case 'keep':
    case 'nullify':
      return kept(type);
    case 'redact':
      return redacted(type, action.with);
    case 'mask':
    case 'pseudonymize':
    case 'truncate_ip':
    case 'encrypt':
      return plain('string');
    case 'generalize':
      return generalized(type, action.by);
  }
}

function plain(base: string): OutScalar {
  return { kind: 'scalar', base, name: '', schema: base, decimalScale: -1 };
}

function kept(type: AvroScalar): OutScalar {
  const logical: { [key: string]: unknown } = {};
  if (type.logical !== null) {
    logical['logicalType'] = type.logical.name;
    if (type.logical.precision !== null) logical['precision'] = type.logical.precision;
    if (type.logical.scale !== null) logical['scale'] = type.logical.scale;
  }
  const scale = decimalScale(type);
  if (type.kind === 'enum' || type.kind === 'fixed') {
    const schema: { [key: string]: unknown } = { type: type.kind, ...naming(type.name) };
    if (type.kind === 'enum') schema['symbols'] = type.symbols;
    else schema['size'] = type.size;
    if (type.symbolDefault !== null) schema['default'] = type.symbolDefault;
    return {
      kind: 'scalar',
      base: type.name,
      name: type.name,
      schema: { ...schema, ...logical },
      decimalScale: scale,
    };
  }
  if (type.logical === null) return plain(type.kind);
  return {
    kind: 'scalar',
    base: type.kind,
    name: '',
    schema: { type: type.kind, ...logical },
    decimalScale: scale,
  };
}

/** `name` and `namespace` of a definition. */
export function naming(full: string): { readonly name: string; readonly namespace?: string } {
  const namespace = namespaceOf(full);
  return namespace === '' ? { name: full } : { name: shortName(full), namespace };
}

function redacted(type: AvroScalar, constant: string | number | boolean): OutScalar {
  if (typeof constant === 'string') return plain('string');
  if (typeof constant === 'boolean') return plain('boolean');
  if (!Number.isSafeInteger(constant)) return plain(type.kind === 'float' ? 'float' : 'double');
  const fits = type.kind === 'long' || type.kind === 'double' || (type.kind === 'int' && constant === (constant | 0));
  return plain(fits ? type.kind : 'long');
}

function generalized(type: AvroScalar, by: GeneralizeSpec): OutScalar {
  switch (by.how) {
    case 'date':
    case 'bands':
      return plain('string');
    case 'decimals':
      return isNumber(type) ? kept(type) : plain('double');
    case 'step':
      return stepped(type, by.step);
  }
}

function isNumber(type: AvroScalar): boolean {
  return ['int', 'long', 'float', 'double'].includes(type.kind) || decimalScale(type) >= 0;
}

/** A step with a fraction turns integers into fractions, and may need more decimals than a decimal has. */
function stepped(type: AvroScalar, step: string): OutScalar {
  const fraction = fractionDigits(step);
  const scale = decimalScale(type);
  if (scale >= 0) {
    const wider = Math.max(scale, fraction);
    const precision = (type.logical?.precision ?? 0) + (wider - scale) + 1;
    const schema = { type: 'bytes', logicalType: 'decimal', precision, scale: wider };
    return { kind: 'scalar', base: 'bytes', name: '', schema, decimalScale: wider };
  }
  if (type.kind === 'int' || type.kind === 'long') return fraction === 0 ? kept(type) : plain('double');
  return isNumber(type) ? kept(type) : plain('double');
}

function fractionDigits(step: string): number {
  const match = /^[0-9]+(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(step);
  if (match === null) return 0;
  const digits = (match[1] ?? '').replace(/0+$/, '').length;
  return Math.max(0, digits - Number(match[2] ?? '0'));
}
