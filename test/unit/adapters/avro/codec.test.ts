import { describe, expect, it } from 'vitest';
import type { RuleDocument } from '../../../../services/core/policy/document.ts';
import { avroRoute, benchOf, NOW, publish, run, typeOf, wire } from './routes.ts';

const record = (fields: readonly unknown[], name = 'Click') => ({
  type: 'record',
  name,
  namespace: 'com.example',
  doc: 'a secret about the schema',
  fields,
});
const field = (name: string, type: unknown, rest: object = {}) => ({ name, type, ...rest });
const ID = field('id', 'string');
const KEEP: RuleDocument = { select: 'system', action: 'keep' };

/** Publishes one value of a field `v` under a rule. */
async function one(type: unknown, value: unknown, rule: RuleDocument, mode = {}) {
  const route = avroRoute({ v: 'system', e: 'system' }, [rule, { select: 'e', action: 'keep' }]);
  const schema = record([ID, field('v', type), field('e', 'boolean')]);
  return publish(await benchOf(route, schema), schema, { id: 'cust-1', v: value, e: true }, mode);
}

const v = (rule: object): RuleDocument => ({ select: 'v', ...rule }) as RuleDocument;

describe('what is kept comes out as it came in', () => {
  it.each<[string, unknown, unknown]>([
    ['a string', 'string', 'ünï 😀 \u0000'],
    ['an int', 'int', -2147483648],
    ['a long beyond 2^53', 'long', 9007199254740993n],
    ['the least long', 'long', -9223372036854775808n],
    ['the greatest long', 'long', 9223372036854775807n],
    ['a long of #455', 'long', -9007199254740993n],
    ['a double', 'double', 0.1],
    ['not a number', 'double', Number.NaN],
    ['minus zero', 'double', -0],
    ['a float', 'float', Math.fround(0.1)],
    ['a boolean', 'boolean', false],
    ['bytes', 'bytes', Buffer.from([0, 255, 128])],
    ['a fixed', { type: 'fixed', name: 'F', size: 3 }, Buffer.from([1, 2, 3])],
    ['an enum', { type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'B'],
    ['a decimal', { type: 'bytes', logicalType: 'decimal', precision: 40, scale: 2 }, Buffer.from([0x80, 0, 1])],
    ['a timestamp', { type: 'long', logicalType: 'timestamp-micros' }, 1n],
    ['a nullable', ['null', 'string'], { string: 'x' }],
    ['a null', ['null', 'string'], null],
    ['a union of numbers', ['int', 'string', 'double', 'null'], { double: 1.5 }],
  ])('%s', async (_, type, value) => {
    const outcome = await one(type, value, v({ action: 'keep' }));
    expect(outcome).toMatchObject({ value: { v: value, e: true }, released: 2 });
  });

  it('keeps the type, and what makes it a logical one', async () => {
    const decimal = { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 };
    const outcome = await one(decimal, Buffer.from([1]), v({ action: 'keep' }));
    expect(outcome).toMatchObject({ schema: { fields: [field('v', decimal), field('e', 'boolean')] } });
  });
});

describe('actions', () => {
  const millis = { type: 'long', logicalType: 'timestamp-millis' };
  const micros = { type: 'long', logicalType: 'timestamp-micros' };
  const decimal = { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 };
  it.each<[string, unknown, unknown, object, unknown, unknown]>([
    ['mask', 'string', 'user1@example.com', { action: 'mask', mask: 'email' }, 'string', 'u***@example.com'],
    ['redact', 'bytes', Buffer.from('x'), { action: 'redact' }, 'string', '[redacted]'],
    ['redact to a number', 'int', 7, { action: 'redact', with: 0 }, 'int', 0],
    ['redact text to a number', 'string', 'x', { action: 'redact', with: 5 }, 'long', 5n],
    ['redact to a fraction', 'long', 7n, { action: 'redact', with: 0.5 }, 'double', 0.5],
    ['redact to a boolean', 'string', 'x', { action: 'redact', with: false }, 'boolean', false],
    ['redact NaN', 'double', Number.NaN, { action: 'redact' }, 'string', '[redacted]'],
    ['truncate_ip', 'string', '192.0.2.77', { action: 'truncate_ip', ipv4: 24, ipv6: 48 }, 'string', '192.0.2.0'],
    ['year of a millis timestamp', millis, 1768435200000n, { action: 'generalize', to: 'year' }, 'string', '2026'],
    ['hour of micros', micros, -1n, { action: 'generalize', to: 'hour' }, 'string', '1969-12-31T23'],
    [
      'month of a date',
      { type: 'int', logicalType: 'date' },
      -1,
      { action: 'generalize', to: 'month' },
      'string',
      '1969-12',
    ],
    ['step of an int', 'int', -7, { action: 'generalize', step: 5 }, 'int', -10],
    ['step of a huge long', 'long', 9007199254740993n, { action: 'generalize', step: 10 }, 'long', 9007199254740990n],
    ['half steps of an int', 'int', 8, { action: 'generalize', step: 1.5 }, 'double', 7.5],
    ['step of a double', 'double', 7.25, { action: 'generalize', step: 0.5 }, 'double', 7],
    [
      'decimals of a float',
      'float',
      Math.fround(1.19),
      { action: 'generalize', decimals: 1 },
      'float',
      Math.fround(1.1),
    ],
    [
      'decimals of a decimal',
      decimal,
      Buffer.from([0xff, 0x7d]),
      { action: 'generalize', decimals: 1 },
      decimal,
      Buffer.from([0xff, 0x7e]),
    ],
    [
      'step of a decimal',
      decimal,
      Buffer.from([0x01, 0x2c]),
      { action: 'generalize', step: 0.125 },
      { ...decimal, precision: 11, scale: 3 },
      Buffer.from([0x0b, 0xb8]),
    ],
    ['bands', 'int', 25, { action: 'generalize', bands: [18, 25, 65] }, 'string', '25-65'],
    [
      'an enum as text',
      { type: 'enum', name: 'E', symbols: ['A', 'BCD'] },
      'BCD',
      { action: 'mask', mask: { first: 1 } },
      'string',
      'B**',
    ],
    ['a nullified long', 'long', 5n, { action: 'nullify' }, ['null', 'long'], null],
  ])('%s', async (_, type, value, rule, outType, outValue) => {
    const outcome = await one(type, value, v(rule));
    expect(outcome).toMatchObject({ value: { v: outValue }, released: 2 });
    expect((outcome as { schema: { fields: { type: unknown }[] } }).schema.fields[0]?.type).toEqual(outType);
  });

  it('joins pseudonyms of a number with those of its text', async () => {
    const rule = v({ action: 'pseudonymize' });
    const number = (await one('long', 9007199254740993n, rule)) as { value: { v: string } };
    const text = (await one('string', '9007199254740993', rule)) as { value: { v: string } };
    expect(number.value.v).toBe(text.value.v);
    expect(number.value.v).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('leaves null null', async () => {
    const outcome = await one(['null', 'string'], null, v({ action: 'mask', mask: 'email' }));
    expect(outcome).toMatchObject({ value: { v: null, e: true }, released: 2 });
  });

  it.each<[string, unknown, unknown, object]>([
    ['a mask on a number', 'int', 5, { action: 'mask', mask: 'phone' }],
    ['a mask on bytes', 'bytes', Buffer.from('a@b'), { action: 'mask', mask: 'email' }],
    ['bands of NaN', 'double', Number.NaN, { action: 'generalize', bands: [1] }],
    ['a pseudonym of infinity', 'double', Infinity, { action: 'pseudonymize' }],
    ['an IP that is none', 'string', '192.0.2.1:80', { action: 'truncate_ip', ipv4: 24, ipv6: 48 }],
    ['the year of a time of day', { type: 'int', logicalType: 'time-millis' }, 5, { action: 'generalize', to: 'year' }],
    ['an empty decimal', decimal, Buffer.alloc(0), { action: 'generalize', decimals: 1 }],
  ])('%s fails', async (_, type, value, rule) => {
    expect(await one(type, value, v(rule))).toEqual({ poison: 'action_failed', path: 'v' });
  });

  it('refuses a value that the output type cannot hold', async () => {
    const outcome = await one('int', -2147483648, v({ action: 'generalize', step: 1000 }));
    expect(outcome).toEqual({ poison: 'output_invalid', path: 'v' });
  });
});

describe('containers', () => {
  const item = record([field('sku', 'string'), field('note', 'string')], 'Item');
  const schema = record([
    ID,
    field('items', { type: 'array', items: ['null', item] }),
    field('tags', { type: 'map', values: 'string' }),
    field('where', ['null', record([field('city', ['null', 'string'])], 'Where')]),
  ]);
  const sku = avroRoute({ 'items[].sku': 'system', 'where.city': 'system', 'tags.*': 'system' }, [KEEP]);
  const some = { 'com.example.Item': { sku: 'a', note: 'secret' } };

  it('walks arrays, maps, records and unions', async () => {
    const value = {
      id: 'cust-1',
      items: [some, null, some],
      tags: { a: 'x', b: 'y' },
      where: { 'com.example.Where': { city: { string: 'Bonn' } } },
    };
    const outcome = await publish(await benchOf(sku, schema), schema, value);
    expect(outcome).toMatchObject({
      value: {
        items: { array: [{ 'com.example.Item': { sku: 'a' } }, null, { 'com.example.Item': { sku: 'a' } }] },
        tags: { map: { a: 'x', b: 'y' } },
        where: { 'com.example.Where': { city: { string: 'Bonn' } } },
      },
      released: 6,
      tally: { 'items[].sku': 2, 'tags.*': 2, 'where.city': 1 },
    });
  });

  it('leaves out what is left empty, and keeps a null container null', async () => {
    const value = { id: 'cust-1', items: [], tags: {}, where: null };
    const outcome = await publish(await benchOf(sku, schema), schema, value);
    expect(outcome).toMatchObject({ value: { items: null, tags: null, where: null }, released: 1 });
  });

  it('drops the elements that leave nothing, and counts the block anew', async () => {
    const maybe = record([field('id', 'string'), field('xs', { type: 'array', items: ['string', item] })]);
    const route = avroRoute({ 'xs[].sku': 'system' }, [KEEP]);
    const xs = Array.from({ length: 100 }, (_, i) => (i === 50 ? some : { string: 'secret' }));
    const outcome = await publish(await benchOf(route, maybe), maybe, { id: 'cust-1', xs });
    expect(outcome).toMatchObject({ value: { xs: { array: [{ sku: 'a' }] } }, released: 1 });
  });

  it('tells the values of a map apart by key', async () => {
    const maps = record([ID, field('m', { type: 'map', values: 'long' })]);
    const route = avroRoute({ 'm.*': 'system', 'm.age': 'user.demographic' }, [
      KEEP,
      { select: 'user.demographic', action: 'generalize', bands: [18] },
    ]);
    const outcome = await publish(await benchOf(route, maps), maps, { id: 'cust-1', m: { age: 20n, n: 1n } });
    expect(outcome).toMatchObject({ value: { m: { map: { age: { string: '18+' }, n: { long: 1n } } } } });
  });

  it('refuses a container where a scalar is declared, whatever the output does with it', async () => {
    const nested = record([ID, field('v', ['string', { type: 'array', items: 'string' }])]);
    const bench = await benchOf(avroRoute({ v: 'user' }, []), nested);
    expect(await publish(bench, nested, { id: 'cust-1', v: { array: ['secret'] } })).toEqual({
      poison: 'action_failed',
      path: 'v',
    });
    expect(await publish(bench, nested, { id: 'cust-1', v: { string: 'x' } })).toMatchObject({ released: 0 });
  });

  it('follows recursive types under **', async () => {
    const tree = record([ID, field('v', 'int'), field('next', ['null', 'com.example.Click'])]);
    const route = avroRoute({ id: 'user.unique_id', '**': 'system' }, [KEEP]);
    const inner = { id: 'cust-2', v: 2, next: null };
    const outcome = await publish(await benchOf(route, tree), tree, {
      id: 'cust-1',
      v: 1,
      next: { 'com.example.Click': inner },
    });
    expect(outcome).toMatchObject({ released: 4, subject: 'cust-1' });
    expect(JSON.stringify(outcome, (_, x) => (typeof x === 'bigint' ? Number(x) : x))).not.toContain('"id":"cust-1"');
  });

  it('publishes records of every branch of a union at the root', async () => {
    const a = { ...record([ID, field('x', 'int'), field('y', 'int')], 'A') };
    const b = { ...record([ID, field('z', 'int')], 'B') };
    const union = [a, b];
    const bench = await benchOf(avroRoute({ x: 'system' }, [KEEP]), union);
    const first = await publish(bench, union, { 'com.example.A': { id: 'cust-1', x: 1, y: 2 } });
    expect(first).toMatchObject({ value: { 'com.example.A': { x: 1 } }, released: 1 });
    const second = await publish(bench, union, { 'com.example.B': { id: 'cust-1', z: 1 } });
    expect(second).toMatchObject({ value: { 'com.example.B': {} }, released: 0 });
  });
});

describe('what may be missing is null', () => {
  const schema = record([ID, field('blood', 'string'), field('n', 'int')]);
  const fields = { blood: 'user.health', n: 'system' };
  const rules: RuleDocument[] = [KEEP, { select: 'user.health', action: 'keep' }];
  it('without explicit consent, stripped, or beyond its own retention', async () => {
    const bench = await benchOf(avroRoute(fields, rules), schema);
    const value = { id: 'cust-1', blood: 'AB', n: 1 };
    expect(await publish(bench, schema, value)).toMatchObject({
      value: { blood: { string: 'AB' }, n: 1 },
      released: 2,
    });
    expect(await publish(bench, schema, value, { explicit: false })).toMatchObject({
      value: { blood: null, n: 1 },
      released: 1,
      tally: { blood: 1 },
    });
    const strip = await benchOf(avroRoute(fields, rules, { unconsented: 'strip' }), schema);
    expect(await publish(strip, schema, value, { stripped: true })).toMatchObject({ value: { blood: null, n: 1 } });
  });

  it('gives the released key leaf its text', async () => {
    const route = avroRoute(fields, rules, { key: 'n' });
    expect(await publish(await benchOf(route, schema), schema, { id: 'c', blood: 'A', n: -5 })).toMatchObject({
      keyText: '-5',
    });
  });
});

describe('subject, time and region', () => {
  const at = async (types: object, value: object, policy: object) => {
    const schema = record(Object.entries({ n: 'int', ...types }).map(([name, type]) => field(name, type)));
    const route = avroRoute({ n: 'system' }, [KEEP], policy);
    return publish(await benchOf(route, schema), schema, { n: 1, ...value });
  };

  it.each<[unknown, unknown, string]>([
    ['string', 'cust-1', 'cust-1'],
    ['int', -5, '-5'],
    ['long', 9007199254740993n, '9007199254740993'],
    [{ type: 'string', logicalType: 'uuid' }, 'b9a0', 'b9a0'],
    [['null', 'string'], { string: 'cust-1' }, 'cust-1'],
  ])('a subject of type %j', async (type, value, subject) => {
    expect(await at({ id: type }, { id: value }, {})).toMatchObject({ subject });
  });

  it.each<[unknown, unknown]>([
    ['string', ''],
    [['null', 'string'], null],
    ['bytes', Buffer.from('cust-1')],
    ['double', 1],
    ['boolean', true],
    [{ type: 'enum', name: 'E', symbols: ['A'] }, 'A'],
    [{ type: 'array', items: 'string' }, ['cust-1']],
  ])('no subject: %j', async (type, value) => {
    expect(await at({ id: type }, { id: value }, {})).toEqual({ poison: 'subject_missing', path: 'id' });
  });

  it.each<[unknown, unknown, number | null]>([
    [{ type: 'long', logicalType: 'timestamp-millis' }, BigInt(NOW), NOW],
    [{ type: 'long', logicalType: 'timestamp-micros' }, BigInt(NOW) * 1000n - 1n, NOW - 1],
    [{ type: 'long', logicalType: 'timestamp-nanos' }, BigInt(NOW) * 1_000_000n, NOW],
    ['long', BigInt(NOW), NOW],
    ['int', 5, 5],
    ['string', '2026-01-15T00:00:00Z', NOW],
    ['long', BigInt(NOW + 86_400_000), NOW + 86_400_000],
    ['long', BigInt(NOW + 86_400_001), null],
    ['long', 9223372036854775807n, null],
    ['string', '2026-01-15', null],
    ['string', String(NOW), null],
    ['double', NOW, null],
    [{ type: 'int', logicalType: 'date' }, 5, null],
    [{ type: 'long', logicalType: 'local-timestamp-millis' }, 5n, null],
    [['null', 'long'], null, null],
  ])('time of %j: %s', async (type, value, time) => {
    const outcome = await at({ id: 'string', t: type }, { id: 'c', t: value }, { time: 't' });
    if (time === null) expect(outcome).toEqual({ poison: 'time_invalid', path: 't' });
    else expect(outcome).toMatchObject({ eventTime: time });
  });

  it('reads the region as text or symbol, and does without', async () => {
    const symbols = { type: 'enum', name: 'E', symbols: ['DE', 'FR'] };
    expect(await at({ id: 'string', r: symbols }, { id: 'c', r: 'FR' }, { region: 'r' })).toMatchObject({
      region: 'FR',
    });
    expect(await at({ id: 'string', r: 'string' }, { id: 'c', r: '' }, { region: 'r' })).toMatchObject({
      region: null,
    });
    expect(await at({ id: 'string', r: 'int' }, { id: 'c', r: 5 }, { region: 'r' })).toMatchObject({ region: null });
    expect(await at({ id: 'string' }, { id: 'c' }, { region: 'r' })).toMatchObject({ region: null });
  });
});

describe('confluent:tags', () => {
  it('declare fields by the schema of each record', async () => {
    const route = avroRoute({}, [{ select: 'user.contact.email', action: 'mask', mask: 'email' }], {
      tags: { EMAIL: 'user.contact.email' },
    });
    const tagged = record([ID, field('mail', 'string', { 'confluent:tags': ['EMAIL'] }), field('x', 'string')]);
    const outcome = await publish(await benchOf(route, tagged), tagged, { id: 'c', mail: 'ann@example.com', x: 's' });
    expect(outcome).toMatchObject({ value: { mail: 'a***@example.com' }, released: 1 });
    const untagged = record([ID, field('mail', 'string'), field('x', 'string')]);
    const none = await publish(await benchOf(route, untagged), untagged, { id: 'c', mail: 'a@example.com', x: 's' });
    expect(none).toMatchObject({ value: {}, released: 0 });
  });

  describe('are not passed by where the policy declares everything with a wildcard', () => {
    const route = avroRoute({ 'open.**': 'system' }, [KEEP], {
      tags: { EMAIL: 'user.contact.email', HEALTH: 'user.health' },
    });
    const tag = (...tags: string[]) => ({ 'confluent:tags': tags });
    const open = async (type: object, value: unknown) => {
      const schema = record([ID, field('open', type)]);
      return publish(await benchOf(route, schema), schema, { id: 'c', open: value });
    };
    const mailed = record([field('v', 'string', tag('EMAIL')), field('n', 'int')], 'Mailed');

    it('one tag', async () => {
      expect(await open(mailed, { v: 'ann@example.com', n: 1 })).toHaveProperty('value', { open: { n: 1 } });
    });

    it('several that contradict each other', async () => {
      const type = record([field('v', 'string', tag('EMAIL', 'HEALTH')), field('n', 'int')], 'Both');
      expect(await open(type, { v: 'ann@example.com', n: 1 })).toHaveProperty('value', { open: { n: 1 } });
    });

    it('one in a branch of a union alone', async () => {
      const plain = record([field('v', 'string'), field('n', 'int')], 'Unmailed');
      const value = { 'com.example.Mailed': { v: 'ann@example.com', n: 1 } };
      const { value: out } = (await open([mailed, plain] as never, value)) as { value: object };
      expect(JSON.stringify(out)).not.toContain('ann@');
      expect(JSON.stringify(out)).toContain('"n":1');
    });

    it('one deeper in a recursive type', async () => {
      const type = record(
        [field('v', 'string', tag('EMAIL')), field('n', 'int'), field('kids', { type: 'array', items: 'Node' })],
        'Node',
      );
      const kid = (kids: unknown[]) => ({ v: 'ann@example.com', n: 1, kids });
      const { value: out } = (await open(type, kid([kid([kid([])])]))) as { value: object };
      expect(JSON.stringify(out)).not.toContain('ann@');
      expect(JSON.stringify(out)).toContain('"n":1');
    });
  });
});

describe('bad bytes', () => {
  const schema = record([
    ID,
    field('n', 'int'),
    field('l', 'long'),
    field('s', 'string'),
    field('b', 'boolean'),
    field('e', { type: 'enum', name: 'E', symbols: ['A'] }),
    field('u', ['null', 'string']),
    field('xs', { type: 'array', items: 'string' }),
    field('zs', { type: 'array', items: 'null' }),
    field('m', { type: 'map', values: 'int' }),
  ]);
  const declared = ['n', 'l', 's', 'b', 'e', 'u', 'xs[]', 'zs[]', 'm.*'];
  const parts = {
    id: '0263',
    n: '02',
    l: '02',
    s: '0278',
    b: '01',
    e: '00',
    u: '00',
    xs: '00',
    zs: '00',
    m: '00',
  };
  const bytes = (change: Partial<typeof parts>, tail = '') =>
    Buffer.from(Object.values({ ...parts, ...change }).join('') + tail, 'hex');

  const cases: [string, Partial<typeof parts>, string?][] = [
    ['bytes behind the record', {}, '00'],
    ['a string beyond the end', { s: 'ffffff0f' }],
    ['a negative length', { s: '01' }],
    ['a length of 2^63', { s: 'feffffffffffffffff01' }],
    ['a varint without end', { l: 'ff'.repeat(20) }],
    ['a long of 65 bits', { l: 'ffffffffffffffffff02' }],
    ['an int of 33 bits', { n: 'ffffffff1f' }],
    ['invalid UTF-8', { s: '02ff' }],
    ['an encoded surrogate', { s: '06eda080' }],
    ['an overlong character', { s: '04c080' }],
    ['a boolean of 2', { b: '02' }],
    ['a symbol out of range', { e: '02' }],
    ['a negative symbol', { e: '01' }],
    ['a branch out of range', { u: '04' }],
    ['a negative branch', { u: '01' }],
    ['a million strings announced', { xs: '80897a' }],
    ['a billion nulls announced', { zs: '80a8d6b907' }],
    ['2^62 nulls announced', { zs: '8080808080808080800100' }],
    ['a block of another size', { xs: '01080278' + '00' }],
    ['a block size below zero', { xs: '0101' }],
    ['a block size beyond the end', { xs: '01fe0f0278' + '00' }],
    ['the key __proto__', { m: '02' + '12' + Buffer.from('__proto__').toString('hex') + '02' + '00' }],
    ['a key twice', { m: '04' + '0261' + '02' + '0261' + '04' + '00' }],
    ['a key twice, its length spelled otherwise', { m: '04' + '0261' + '02' + '820061' + '04' + '00' }],
    ['a key twice among many', { m: many() }],
  ];
  function many(): string {
    const keys = Array.from({ length: 40 }, (_, i) => `04${Buffer.from(String((i % 39) + 10)).toString('hex')}02`);
    return `50${keys.join('')}00`;
  }

  it.each(cases)('%s', async (_, change, tail) => {
    const all = Object.fromEntries(declared.map((path) => [path, 'system']));
    for (const fields of [all, { n: 'system' }]) {
      const bench = await benchOf(avroRoute(fields, [KEEP]), schema);
      expect(await run(bench, wire(bench.id, bytes({})))).toMatchObject({ subject: 'c' });
      // Of a map that is skipped, keys are not compared.
      if (_.startsWith('a key twice') && fields !== all) continue;
      expect(await run(bench, wire(bench.id, bytes(change, tail)))).toEqual({ poison: 'undecodable', path: null });
    }
  });

  it('every truncation', async () => {
    const bench = await benchOf(avroRoute({ s: 'system' }, [KEEP]), schema);
    const whole = wire(bench.id, bytes({}));
    for (let length = 0; length < whole.length; length++) {
      expect(await run(bench, whole.subarray(0, length))).toEqual({ poison: 'undecodable', path: null });
    }
  });

  it('takes blocks with their size, and few nulls', async () => {
    const bench = await benchOf(avroRoute({ 'xs[]': 'system', 'zs[]': 'system' }, [KEEP]), schema);
    const outcome = await run(
      bench,
      wire(bench.id, bytes({ xs: '0302' + '00' + '02' + '0278' + '00', zs: '0600' })).subarray(),
    );
    expect(outcome).toEqual({ poison: 'undecodable', path: null });
    const good = await run(bench, wire(bench.id, bytes({ xs: '0308' + '0278' + '0279' + '00', zs: '0600' })));
    expect(good).toMatchObject({ value: { xs: { array: ['x', 'y'] }, zs: { array: [null, null, null] } } });
  });

  it('wrong magic, short values, too large', async () => {
    const bench = await benchOf(avroRoute({ s: 'system' }, [KEEP]), schema, { maxBytes: 100, maxDepth: 512 });
    const good = wire(bench.id, bytes({}));
    const magic = Buffer.from(good);
    magic[0] = 1;
    expect(await run(bench, magic)).toEqual({ poison: 'undecodable', path: null });
    expect(await run(bench, Buffer.alloc(4))).toEqual({ poison: 'undecodable', path: null });
    expect(await run(bench, Buffer.alloc(0))).toEqual({ poison: 'undecodable', path: null });
    expect(await run(bench, Buffer.alloc(101))).toEqual({ poison: 'too_large', path: null });
    expect(await run(bench, wire(bench.id + 1, bytes({})))).toEqual({ poison: 'schema_unknown', path: null });
  });

  it('nesting beyond the limit, declared or not', async () => {
    const tree = record([ID, field('next', ['null', 'com.example.Click'])]);
    const nested = (depth: number) => Buffer.from(`${'026302'.repeat(depth - 1)}026300`, 'hex');
    for (const fields of [{ x: 'system' }, { '**': 'system' }]) {
      const bench = await benchOf(avroRoute(fields, [KEEP]), tree);
      expect(await run(bench, wire(bench.id, nested(512)))).toMatchObject({ subject: 'c' });
      expect(await run(bench, wire(bench.id, nested(513)))).toEqual({ poison: 'undecodable', path: null });
      expect(await run(bench, wire(bench.id, nested(100_000)))).toEqual({ poison: 'undecodable', path: null });
    }
  });

  it('a value that is no record where the root is a union', async () => {
    const union = ['string', record([ID])];
    const bench = await benchOf(avroRoute({ x: 'system' }, [KEEP]), union);
    expect(await run(bench, wire(bench.id, typeOf(union).toBuffer({ string: 'x' })))).toEqual({
      poison: 'undecodable',
      path: null,
    });
  });

  it('no schema of records', async () => {
    const bench = await benchOf(avroRoute({ x: 'system' }, [KEEP]), 'string');
    expect(await run(bench, wire(bench.id, typeOf('string').toBuffer('x')))).toEqual({
      poison: 'schema_unknown',
      path: null,
    });
  });
});
