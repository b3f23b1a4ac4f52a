import { describe, expect, it } from 'vitest';
import { deriveOutputSchema } from '../../../../services/core/policy/avro-output-schema.ts';
import type { RuleDocument } from '../../../../services/core/policy/document.ts';
import { isValidSchema } from '../../../../services/adapters/avro/valid-schema.ts';
import { avroRoute } from '../../adapters/avro/routes.ts';

type Json = { [key: string]: unknown };

const record = (name: string, fields: readonly object[], rest: object = {}) => ({
  type: 'record',
  name,
  fields,
  ...rest,
});
const field = (name: string, type: unknown, rest: object = {}) => ({ name, type, ...rest });
const keep = (select: string): RuleDocument => ({ select, action: 'keep' });

function derive(schema: unknown, fields: Record<string, string>, rules: readonly RuleDocument[], rest = {}): Json {
  const route = avroRoute(fields, rules, rest);
  const [output] = route.plan.outputs;
  if (output === undefined) throw new Error('no output');
  const derived = deriveOutputSchema(schema, route.plan, output);
  expect(isValidSchema(JSON.stringify(derived))).toBe(true);
  expect(deriveOutputSchema(schema, route.plan, output)).toEqual(derived);
  return derived as unknown as Json;
}

const fieldsOf = (schema: Json): readonly Json[] => schema['fields'] as readonly Json[];

describe('the schema of a sanitized topic', () => {
  it('has what is released, without docs, tags, aliases and orders', () => {
    const raw = record(
      'Order',
      [
        field('id', 'string', { doc: 'the customer', order: 'ignore' }),
        field('n', { type: 'int', 'confluent:tags': ['PII'], 'connect.name': 'x' }, { aliases: ['m'], doc: 'd' }),
        field('secret', 'string'),
      ],
      { namespace: 'com.example', doc: 'd', aliases: ['Old'] },
    );
    expect(derive(raw, { n: 'system', id: 'user.unique_id' }, [keep('system')])).toEqual({
      type: 'record',
      name: 'Order',
      namespace: 'com.example',
      fields: [{ name: 'n', type: 'int' }],
    });
  });

  it('makes nullable what may be missing, and nothing else', () => {
    const raw = record(
      'R',
      ['always', 'sensitive', 'short', 'personal'].map((name) => field(name, 'int')),
    );
    const fields = {
      always: 'system',
      sensitive: 'user.health',
      short: 'user.location',
      personal: 'user.contact.email',
    };
    const rules = [keep('system'), keep('user')];
    const types = (rest: object) => fieldsOf(derive(raw, fields, rules, rest)).map(({ type }) => type);
    const nullable = ['null', 'int'];
    expect(types({})).toEqual(['int', nullable, nullable, 'int']);
    expect(types({ unconsented: 'strip' })).toEqual(['int', nullable, nullable, nullable]);
    const [, sensitive] = fieldsOf(derive(raw, fields, rules));
    expect(sensitive).toEqual({ name: 'sensitive', type: nullable, default: null });
  });

  it('keeps a default where the value is kept, and is nullable where the type changes', () => {
    const raw = record('R', [field('a', 'int', { default: 5 }), field('b', 'string', { default: 'secret' })]);
    expect(fieldsOf(derive(raw, { a: 'system', b: 'user' }, [keep('a'), { select: 'b', action: 'redact' }]))).toEqual([
      { name: 'a', type: 'int', default: 5 },
      { name: 'b', type: ['null', 'string'], default: null },
    ]);
  });

  it('merges union branches that come out alike', () => {
    const raw = record('R', [field('u', ['int', 'null', 'string', 'bytes'])]);
    const rule: RuleDocument = { select: 'u', action: 'pseudonymize' };
    expect(fieldsOf(derive(raw, { u: 'user' }, [rule]))).toEqual([
      { name: 'u', type: ['null', 'string'], default: null },
    ]);
  });

  it('names a type by its place where it comes out in several shapes', () => {
    const address = record('Address', [field('city', 'string'), field('street', 'string')]);
    const raw = record(
      'Order',
      [field('bill', address), field('ship', 'Address'), field('work', 'Address'), field('gone', 'Address')],
      { namespace: 'com.example' },
    );
    const derived = derive(
      raw,
      { 'bill.city': 'system', 'ship.city': 'system', 'ship.street': 'system', 'work.city': 'system' },
      [keep('system')],
    );
    const city = field('city', 'string');
    expect(fieldsOf(derived)).toEqual([
      field('bill', { type: 'record', name: 'Address', namespace: 'com.example', fields: [city] }),
      field('ship', {
        type: 'record',
        name: 'Address_ship',
        namespace: 'com.example',
        fields: [city, field('street', 'string')],
      }),
      field('work', 'com.example.Address'),
    ]);
  });

  it('never takes a name the schema has', () => {
    const address = record('A', [field('x', 'int'), field('y', 'int')]);
    const raw = record('R', [field('p', address), field('q', 'A'), field('r', record('A_q', [field('z', 'int')]))]);
    const derived = derive(raw, { 'p.x': 'system', 'q.y': 'system', 'r.z': 'system' }, [keep('system')]);
    expect(fieldsOf(derived).map(({ type }) => (type as Json)['name'])).toEqual(['A', 'A_q_', 'A_q']);
  });

  it('leaves out containers in which nothing is released', () => {
    const raw = record('R', [
      field('a', record('A', [field('secret', 'int')])),
      field('b', { type: 'array', items: 'A' }),
      field('c', { type: 'map', values: ['null', 'A'] }),
    ]);
    const derived = derive(raw, { 'a.other': 'system', 'b[].other': 'system', 'c.*.other': 'system' }, [
      keep('system'),
    ]);
    expect(fieldsOf(derived)).toEqual([]);
  });

  it('follows recursive types', () => {
    const tree = record('Tree', [field('v', 'int'), field('secret', 'int'), field('next', ['null', 'Tree'])]);
    const next = (name: string) => field('next', ['null', name], { default: null });
    expect(derive(tree, { '**': 'system' }, [keep('system')])).toEqual(
      record('Tree', [field('v', 'int'), field('secret', 'int'), next('Tree')]),
    );
    // At the root the field is declared otherwise, so the root is of another shape than what lies beneath.
    const beneath = record('Tree_next', [field('v', 'int'), field('secret', 'int'), next('Tree_next')]);
    expect(derive(tree, { '**': 'system', secret: 'user' }, [keep('system')])).toEqual(
      record('Tree', [field('v', 'int'), field('next', ['null', beneath], { default: null })]),
    );
  });

  it('keeps enums, fixed and decimals once defined', () => {
    const kind = { type: 'enum', name: 'Kind', symbols: ['A', 'B'], default: 'A' };
    const amount = { type: 'fixed', name: 'Amount', size: 4, logicalType: 'decimal', precision: 9, scale: 2 };
    const raw = record('R', [field('a', kind), field('b', 'Kind'), field('c', amount), field('d', ['null', 'Amount'])]);
    expect(fieldsOf(derive(raw, { '*': 'system' }, [keep('system')]))).toEqual([
      field('a', kind),
      field('b', 'Kind'),
      field('c', amount),
      field('d', ['null', 'Amount'], { default: null }),
    ]);
  });

  it('is none of what is no schema of records', () => {
    const route = avroRoute({ a: 'system' }, [keep('system')]);
    const [output] = route.plan.outputs;
    if (output === undefined) throw new Error('no output');
    for (const bad of ['string', 5, ['null', 'int'], { type: 'record', name: 'R', fields: [field('a', 'Unknown')] }]) {
      expect(deriveOutputSchema(bad, route.plan, output)).toBeNull();
    }
  });
});
