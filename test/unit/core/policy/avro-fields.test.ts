import { describe, expect, it } from 'vitest';
import { avroPaths, taggedFields } from '../../../../services/core/policy/avro-fields.ts';
import { inlineReferences } from '../../../../services/core/policy/avro-references.ts';
import { parseAvroSchema } from '../../../../services/core/policy/avro-schema.ts';

const record = (name: string, fields: readonly object[], rest: object = {}) => ({
  type: 'record',
  name,
  fields,
  ...rest,
});
const field = (name: string, type: unknown, ...tags: string[]) => ({
  name,
  type,
  ...(tags.length === 0 ? {} : { 'confluent:tags': tags }),
});

const TAGS = new Map([
  ['PII', 'user'],
  ['CONTACT', 'user.contact'],
  ['EMAIL', 'user.contact.email'],
  ['HEALTH', 'user.health'],
]);

/** What the tags of a record with these fields say, as an object. */
function said(...fields: object[]): object {
  return Object.fromEntries(taggedFields(record('R', fields), TAGS));
}

describe('paths', () => {
  it('dots, elements, values, transparent unions, named references', () => {
    const address = record('Address', [
      field('city', ['null', 'string']),
      field('geo', { type: 'array', items: 'double' }),
    ]);
    const schema = record('R', [
      field('a', 'int'),
      field('home', ['null', address]),
      field('others', { type: 'array', items: 'Address' }),
      field('m', { type: 'map', values: { type: 'map', values: { type: 'array', items: 'bytes' } } }),
      field('xs', { type: 'array', items: { type: 'array', items: { type: 'enum', name: 'E', symbols: ['A'] } } }),
      field('nothing', 'null'),
      field('wrapped', { type: { type: 'string', logicalType: 'uuid' } }),
    ]);
    expect(avroPaths(schema)).toEqual([
      'a',
      'home.city',
      'home.geo[]',
      'others[].city',
      'others[].geo[]',
      'm.*.*[]',
      'xs[][]',
      'wrapped',
    ]);
  });

  it('follow a recursive type once', () => {
    const tree = record('Tree', [field('v', 'int'), field('kids', { type: 'array', items: 'Tree' })]);
    expect(avroPaths(tree)).toEqual(['v']);
    expect(avroPaths(record('R', [field('a', tree), field('b', 'Tree')]))).toEqual(['a.v', 'b.v']);
  });

  it('are none of what is no schema', () => {
    for (const bad of [null, 5, 'Unknown', {}, { type: 'record' }, record('R', [field('__proto__', 'int')])]) {
      expect(avroPaths(bad)).toEqual([]);
    }
  });
});

describe('tags', () => {
  it('speak for every scalar beneath, unless a nearer one does', () => {
    const inner = record('Inner', [field('mail', 'string', 'EMAIL'), field('x', { type: 'map', values: 'int' })]);
    expect(said(field('who', ['null', inner], 'PII'), field('free', 'string'))).toEqual({
      'who.mail': 'user.contact.email',
      'who.x.*': 'user',
    });
  });

  it('are found on items, values and type objects', () => {
    const tagged = { type: 'string', 'confluent:tags': ['EMAIL'] };
    expect(
      said(
        field('a', tagged),
        field('b', { type: 'array', items: tagged }),
        field('c', { type: 'map', values: tagged }),
        field('d', ['null', tagged]),
        field('e', record('E', [field('f', 'int')], { 'confluent:tags': ['PII'] })),
        field('g', { type: 'E', 'confluent:tags': ['HEALTH'] }),
      ),
    ).toEqual({
      a: 'user.contact.email',
      'b[]': 'user.contact.email',
      'c.*': 'user.contact.email',
      d: 'user.contact.email',
      'e.f': 'user',
      'g.f': 'user.health',
    });
  });

  it('several: the deepest of one branch, else one that releases nothing', () => {
    expect(said(field('a', 'string', 'EMAIL', 'PII', 'CONTACT'))).toEqual({ a: 'user.contact.email' });
    expect(said(field('a', 'string', 'EMAIL', 'HEALTH'))).toEqual({ a: '' });
    expect(said(field('a', 'string', 'EMAIL', 'HEALTH', 'PII'))).toEqual({ a: '' });
    const inner = record('Inner', [field('x', 'int'), field('y', 'int', 'PII')]);
    expect(said(field('a', inner, 'EMAIL', 'HEALTH'))).toEqual({ 'a.x': '', 'a.y': 'user' });
  });

  it('that are not mapped say nothing', () => {
    expect(said(field('a', 'string', 'INTERNAL'), field('b', 'string', 'INTERNAL', 'PII'))).toEqual({ b: 'user' });
  });

  it('must not let the untagged value of another branch ride along', () => {
    const a = record('A', [field('x', 'string', 'EMAIL')]);
    const plain = record('B', [field('x', 'string')]);
    const like = record('C', [field('x', 'int', 'EMAIL')]);
    const other = record('D', [field('x', 'int', 'PII')]);
    expect(said(field('u', ['null', a, plain]))).toEqual({ 'u.x': '' });
    expect(said(field('u', [a, like]))).toEqual({ 'u.x': 'user.contact.email' });
    expect(said(field('u', [a, other]))).toEqual({ 'u.x': '' });
  });

  it('speak of what lies deeper in a recursive type, too', () => {
    const tree = record('Tree', [field('v', 'int', 'PII'), field('kids', { type: 'array', items: 'Tree' })]);
    expect(said(field('a', tree))).toEqual({ 'a.v': 'user', 'a.kids[].**': '' });
    const plain = record('Plain', [field('v', 'int'), field('next', ['null', 'Plain'])]);
    expect(said(field('a', plain))).toEqual({});
    expect(said(field('a', plain, 'PII'))).toEqual({ 'a.v': 'user', 'a.next.**': '' });
  });

  it('reach through types defined elsewhere in the schema (confluent-kafka-python#2254)', () => {
    const mail = record('Mail', [field('address', 'string', 'EMAIL')], { namespace: 'com.example' });
    expect(said(field('first', mail), field('again', ['null', 'com.example.Mail']))).toEqual({
      'first.address': 'user.contact.email',
      'again.address': 'user.contact.email',
    });
  });
});

describe('references', () => {
  const mail = record('Mail', [field('address', 'string', 'EMAIL')], { namespace: 'com.a' });
  const person = record(
    'Person',
    [field('mail', 'Mail'), field('kind', { type: 'enum', name: 'Kind', symbols: ['A'] })],
    {
      namespace: 'com.a',
    },
  );

  it('are put in where they are first met, each once', () => {
    const order = record('Order', [field('by', 'com.a.Person'), field('to', ['null', 'com.a.Mail'])], {
      namespace: 'com.b',
    });
    const whole = inlineReferences(order, [person, mail]);
    expect(parseAvroSchema(whole)).toMatchObject({ ok: true });
    expect([...taggedFields(whole, TAGS).keys()]).toEqual(['by.mail.address', 'to.address']);
    expect(JSON.stringify(whole).match(/"name":"Mail"/g)).toHaveLength(1);
  });

  it('may name a type nested in another document, and a type without a namespace', () => {
    const loose = record('Loose', [field('x', 'int')]);
    const order = record('Order', [field('kind', 'com.a.Kind'), field('by', 'com.a.Person'), field('l', 'Loose')], {
      namespace: 'com.b',
    });
    expect(avroPaths(inlineReferences(order, [mail, person, loose]))).toEqual([
      'kind',
      'by.mail.address',
      'by.kind',
      'l.x',
    ]);
  });

  it('to nowhere leave a schema that cannot be read', () => {
    const order = record('Order', [field('by', 'com.a.Person')]);
    expect(parseAvroSchema(inlineReferences(order, []))).toEqual({
      ok: false,
      reason: 'type com.a.Person is not defined',
    });
  });
});
