import { describe, expect, it } from 'vitest';
import { makeJsonCodec } from '../../../../../services/core/apply/json/json-codec.ts';
import type { Decoded, RecordCodec } from '../../../../../services/core/apply/codec.ts';
import type { RoutePlan } from '../../../../../services/core/policy/plan.ts';
import { allReleased, applyOne, decodeText, keyring, NOW, planOf, sanitize } from './plan-fixture.ts';

const PLAN = planOf({ outputs: [{ id: 'keep', 'a.*': 'keep', 'b.**': 'keep' }] });

function decoded(codec: RecordCodec, input: string): Decoded {
  const result = decodeText(codec, input);
  if ('code' in result) throw new Error(result.code);
  return result;
}

describe('bounds', () => {
  it('refuses nesting over the limit, however deep, declared or not', () => {
    const nested = (key: string, open: string, close: string, depth: number): string =>
      `{"id":"s","${key}":${open.repeat(depth)}1${close.repeat(depth)}}`;
    for (const key of ['b', 'undeclared']) {
      for (const [open, close] of [
        ['[', ']'],
        ['{"x":', '}'],
      ] as const) {
        // The record itself is the first of 512.
        expect(sanitize(PLAN, nested(key, open, close, 511))).toHaveProperty('value');
        expect(sanitize(PLAN, nested(key, open, close, 512))).toEqual({ code: 'undecodable', path: null });
        expect(sanitize(PLAN, nested(key, open, close, 100_000))).toEqual({ code: 'undecodable', path: null });
        expect(sanitize(PLAN, `{"id":"s","${key}":${open.repeat(1_000_000)}`)).toHaveProperty('code', 'undecodable');
      }
    }
    expect(sanitize(PLAN, nested('b', '[', ']', 4000), 0, { maxBytes: 1e6, maxDepth: 5000 })).toHaveProperty('value');
    expect(sanitize(PLAN, '{"id":"s"}', 0, { maxBytes: 1e6, maxDepth: 1 })).toHaveProperty('value');
    expect(sanitize(PLAN, '{"id":"s","b":[1]}', 0, { maxBytes: 1e6, maxDepth: 1 })).toHaveProperty('code');
  });

  it('refuses records over the limit, before anything else', () => {
    const filled = (bytes: number): string => `{"id":"s","x":"${'x'.repeat(bytes - 17)}"}`;
    const limits = { maxBytes: 1000, maxDepth: 512 };
    expect(sanitize(PLAN, filled(1000), 0, limits)).toHaveProperty('value', '{"id":"s"}');
    expect(sanitize(PLAN, filled(1001), 0, limits)).toEqual({ code: 'too_large', path: null });
    expect(sanitize(PLAN, Buffer.alloc(20 << 20, '['))).toEqual({ code: 'too_large', path: null });
    expect(sanitize(PLAN, Buffer.alloc(20 << 20))).toEqual({ code: 'too_large', path: null });
  });

  it('takes a record of ten megabytes, and the next one', async () => {
    const codec = makeJsonCodec(PLAN, keyring);
    const elements = Array.from({ length: 1_000_000 }, (_, n) => n % 10_000).join(',');
    const large = `{"id":"s","b":[${elements},"${'x'.repeat(4 << 20)}"]}`;
    for (let round = 0; round < 2; round++) {
      const small = decoded(codec, '{"id":"s","a":{"x":1}}');
      const [first, second] = [decoded(codec, large), decoded(codec, '{"id":"t","a":{"x":2}}')];
      expect(applyOne(codec, PLAN, small)).toMatchObject({ value: '{"id":"s","a":{"x":1}}' });
      const result = applyOne(codec, PLAN, first);
      expect('value' in result && result.value === large).toBe(true);
      expect(applyOne(codec, PLAN, second)).toMatchObject({ value: '{"id":"t","a":{"x":2}}' });
      await codec.begin([]);
    }
  }, 30_000);
});

describe('keys', () => {
  it('finds a key that comes twice among any number', () => {
    for (const count of [2, 23, 24, 25, 40, 5000]) {
      const members = Array.from({ length: count }, (_, n) => `"k${n}":${n}`);
      const record = (more: string): string => `{"id":"s","a":{${[...members, more].join(',')}}}`;
      expect(sanitize(PLAN, record('"other":1'))).toHaveProperty('value');
      for (const n of [0, 1, count - 1]) {
        expect(sanitize(PLAN, record(`"k${n}":1`))).toHaveProperty('code', 'undecodable');
        expect(sanitize(PLAN, record(`"\\u006b${n}":1`))).toHaveProperty('code', 'undecodable');
      }
    }
  });

  it('finds it behind objects within', () => {
    const inner = JSON.stringify(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`k${n}`, n])));
    const record = (last: string): string => `{"id":"s","b":{"k0":${inner},"k1":{"k0":${inner}},"${last}":1}}`;
    expect(sanitize(PLAN, record('k2'))).toHaveProperty('value', record('k2'));
    expect(sanitize(PLAN, record('k0'))).toHaveProperty('code', 'undecodable');
    expect(sanitize(PLAN, record('k1'))).toHaveProperty('code', 'undecodable');
  });

  it('takes large objects with the same keys one behind the other', () => {
    const large = JSON.stringify(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`k${n}`, n])));
    const record = `{"id":"s","b":[${large},${large},{"x":${large}},${large}]}`;
    expect(sanitize(PLAN, record)).toHaveProperty('value', record);
  });

  it('tells a hundred declared fields apart, and finds each that comes twice', () => {
    const names = Array.from({ length: 100 }, (_, n) => `field_${n}`);
    const wide = planOf({
      outputs: [
        Object.fromEntries(['id', ...names.map((n) => `o.${n}`)].map((n) => [n, 'keep'])) as Record<string, 'keep'>,
      ],
    });
    const members = names.map((name, n) => `"${name}":${n}`);
    const record = (list: readonly string[]): string => `{"id":"s","o":{${list.join(',')}}}`;
    expect(sanitize(wide, record(members))).toHaveProperty('value', record(members));
    expect(sanitize(wide, record(members.toReversed()))).toHaveProperty('value', record(members.toReversed()));
    for (const member of members) {
      expect(sanitize(wide, record([...members, member]))).toHaveProperty('code', 'undecodable');
    }
  });

  it('reads records whose keys come in ever other orders, with ever other neighbours', () => {
    const plan = planOf({
      outputs: [{ id: 'keep', a: 'keep', long_enough_to_compare: 'keep', é: 'keep' }],
    });
    const codec = makeJsonCodec(plan, keyring);
    let seed = 7;
    const next = (bound: number): number => (seed = (seed * 48_271) % 2_147_483_647) % bound;
    for (let n = 0; n < 2000; n++) {
      const keep = ['"id":"s"', '"a":1', '"long_enough_to_compare":2', '"é":4'].filter(
        (_, i) => i === 0 || next(3) > 0,
      );
      const drop = Array.from(
        { length: next(5) },
        () => `"${'long_enough_to_comparf'.slice(0, next(22))}_${next(200)}":"${next(9)}"`,
      );
      const members = [...keep, ...drop].map((member) => [next(1000), member] as const).sort(([a], [b]) => a - b);
      const input = `{${members.map(([, member]) => member).join(',')}}`;
      const output = `{${members
        .map(([, member]) => member)
        .filter((member) => keep.includes(member))
        .join(',')}}`;
      expect(applyOne(codec, plan, decoded(codec, input))).toMatchObject({ value: output });
    }
  });

  it('knows keys of every length again, and takes no other for them', () => {
    for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 100, 115, 116, 117, 118, 119, 120, 121, 200]) {
      const key = 'k'.repeat(length);
      const plan = planOf({ outputs: [{ id: 'keep', [key]: 'keep' }] });
      const codec = makeJsonCodec(plan, keyring);
      const check = (input: string, value: string): void => {
        expect(applyOne(codec, plan, decoded(codec, input))).toMatchObject({ value });
      };
      for (let at = 0; at < length; at++) {
        const other = `${key.slice(0, at)}l${key.slice(at + 1)}`;
        check(`{"${key}":1,"id":"s"}`, `{"${key}":1,"id":"s"}`);
        check(`{"${other}":1,"id":"s"}`, '{"id":"s"}');
        check(`{"${key}k":1,"id":"s"}`, '{"id":"s"}');
        // Where the key was, nothing is.
        expect(decodeText(codec, '{')).toHaveProperty('code', 'undecodable');
        expect(decodeText(codec, Buffer.from([0x7b, 0, 0, 0, 0]))).toHaveProperty('code', 'undecodable');
      }
    }
  });

  it('lets what is undeclared come as often as it likes', () => {
    const codec = makeJsonCodec(PLAN, keyring);
    for (let n = 0; n < 3; n++) {
      const result = applyOne(codec, PLAN, decoded(codec, '{"u":1,"u":2,"id":"s","u":{"u":1,"u":2},"u":3}'));
      expect(result).toMatchObject({ value: '{"id":"s"}' });
    }
  });
});

describe('batches', () => {
  const plan = planOf({
    outputs: [
      { id: 'keep', 'a[].b': 'keep' },
      { id: { action: 'pseudonymize', domain: 'd' }, 'a[].b': { action: 'mask', mask: 'card' } },
    ],
  });

  it('gives each record its own, in whatever order and however often it is asked', async () => {
    const codec = makeJsonCodec(plan, keyring);
    for (let round = 0; round < 3; round++) {
      await codec.begin([]);
      const inputs = Array.from({ length: 3000 }, (_, n) => `{"id":"s${n}","x":"${'x'.repeat(n)}","a":[{"b":"${n}"}]}`);
      const records = inputs.map((input, n) => {
        if (n % 7 === 0) expect(decodeText(codec, `${input}}`)).toHaveProperty('code', 'undecodable');
        if (n % 11 === 0) expect(decodeText(codec, '{"a":[{"b":"12345"}]}')).toHaveProperty('code', 'subject_missing');
        return decoded(codec, input);
      });
      const [output] = plan.outputs;
      if (output === undefined) throw new Error('no output');
      const tally = new Uint32Array(plan.leaves.length);
      const values = records.toReversed().map((record) => codec.apply(record, output, allReleased(plan), tally));
      // What was handed out stays as it is.
      await codec.begin([]);
      decoded(codec, `{"id":"other","a":[{"b":"${'y'.repeat(1 << 18)}"}]}`);
      for (const [n, value] of values.toReversed().entries()) {
        if (!value.ok) throw new Error(value.poison.code);
        expect(Buffer.from(value.value).toString()).toBe(`{"id":"s${n}","a":[{"b":"${n}"}]}`);
      }
    }
  });

  it('hands out memory that is never written again', () => {
    const codec = makeJsonCodec(plan, keyring);
    const [, output] = plan.outputs;
    if (output === undefined) throw new Error('no output');
    const made: { value: Uint8Array; text: string }[] = [];
    for (let n = 0; n < 6000; n++) {
      const record = decoded(codec, `{"id":"s${n}","a":[{"b":"${String(n).repeat(1 + (n % 50))}"}]}`);
      const result = codec.apply(record, output, allReleased(plan, 1), new Uint32Array(plan.leaves.length));
      if (result.ok) made.push({ value: result.value, text: Buffer.from(result.value).toString() });
    }
    expect(new Set(made.map(({ value }) => value.buffer)).size).toBeGreaterThan(2);
    for (const { value, text } of made) expect(Buffer.from(value).toString()).toBe(text);
  });

  it('leaves nothing of an output that fails behind the ones handed out', () => {
    const failing = planOf({ outputs: [{ id: 'keep', a: 'keep', m: { action: 'mask', mask: 'email' } }] });
    const codec = makeJsonCodec(failing, keyring);
    const before = applyOne(codec, failing, decoded(codec, '{"id":"s","a":1}'));
    expect(applyOne(codec, failing, decoded(codec, '{"id":"s","a":"partial","m":"x"}'))).toEqual({
      code: 'action_failed',
      path: 'm',
    });
    const after = applyOne(codec, failing, decoded(codec, '{"id":"t","a":2}'));
    expect([before, after]).toMatchObject([{ value: '{"id":"s","a":1}' }, { value: '{"id":"t","a":2}' }]);
  });
});

describe('variants', () => {
  const plan = planOf({ outputs: [{ id: 'keep', 'a.b': 'keep', 'a.c': 'drop', 'd[]': 'keep' }] });
  const input = '{"id":"s","a":{"b":1,"c":2},"d":[1,2,3],"u":1}';

  function apply(released: Readonly<Record<string, number>>, of: RoutePlan = plan) {
    const codec = makeJsonCodec(of, keyring);
    const [output] = of.outputs;
    if (output === undefined) throw new Error('no output');
    const tally = new Uint32Array(of.leaves.length);
    const variant = {
      ...allReleased(of),
      released: Uint8Array.from(of.leaves, ({ path }) => released[path] ?? 0),
    };
    const result = codec.apply(decoded(codec, input), output, variant, tally);
    if (!result.ok) throw new Error(result.poison.code);
    const byPath = Object.fromEntries(of.leaves.map(({ id, path }) => [path, tally[id]]));
    return { value: Buffer.from(result.value).toString(), released: result.released, tally: byPath };
  }

  it('releases what the variant releases, and counts what is there', () => {
    const tally = { id: 1, 'a.b': 1, 'a.c': 1, 'd[]': 3 };
    expect(apply({ id: 1, 'a.b': 1, 'd[]': 1 })).toEqual({
      value: '{"id":"s","a":{"b":1},"d":[1,2,3]}',
      released: 5,
      tally,
    });
    expect(apply({ id: 1 })).toEqual({ value: '{"id":"s"}', released: 1, tally });
    expect(apply({})).toEqual({ value: '{}', released: 0, tally });
  });

  it('never releases what the rule drops, nor what is only read, whatever the variant says', () => {
    expect(apply({ 'a.c': 1 }).value).toBe('{}');
    const read = planOf({ outputs: [{ 'a.b': 'keep' }] });
    expect(apply({ id: 1, 'a.b': 1 }, read).value).toBe('{"a":{"b":1}}');
    const undeclared = { ...plan, leaves: plan.leaves.map((leaf) => ({ ...leaf, category: null })) };
    expect(apply({ id: 1, 'a.b': 1, 'd[]': 1 }, undeclared).value).toBe('{}');
  });

  it('goes by the variant it is given, not by one it was given before', () => {
    const codec = makeJsonCodec(plan, keyring);
    const [output] = plan.outputs;
    if (output === undefined) throw new Error('no output');
    const all = allReleased(plan);
    const none = { ...all, released: new Uint8Array(plan.leaves.length) };
    const texts = [all, none, all].map((variant) => {
      const result = codec.apply(decoded(codec, input), output, variant, new Uint32Array(plan.leaves.length));
      return result.ok ? Buffer.from(result.value).toString() : result.poison.code;
    });
    expect(texts).toEqual(['{"id":"s","a":{"b":1},"d":[1,2,3]}', '{}', '{"id":"s","a":{"b":1},"d":[1,2,3]}']);
  });

  it('counts nothing of a record that fails', () => {
    const failing = planOf({ outputs: [{ id: 'keep', 'a.b': { action: 'mask', mask: 'email' } }] });
    const codec = makeJsonCodec(failing, keyring);
    const [output] = failing.outputs;
    if (output === undefined) throw new Error('no output');
    const tally = new Uint32Array(failing.leaves.length).fill(5);
    expect(codec.apply(decoded(codec, input), output, allReleased(failing), tally).ok).toBe(false);
    expect([...tally]).toEqual([5, 5]);
  });
});

describe('reading', () => {
  it('takes a value that lies in the middle of a larger buffer', () => {
    const larger = Buffer.from('xx{"id":"s","a":{"x":1}}yy');
    expect(sanitize(PLAN, larger.subarray(2, larger.length - 2))).toHaveProperty('value', '{"id":"s","a":{"x":1}}');
  });

  it('does not care what becomes of the raw value after it was decoded', () => {
    const codec = makeJsonCodec(PLAN, keyring);
    const raw = Buffer.from('{"id":"s","a":{"x":1}}');
    const record = codec.decode(raw, NOW, NOW);
    raw.fill(0x78);
    if (!record.ok) throw new Error(record.poison.code);
    expect(applyOne(codec, PLAN, record.record)).toMatchObject({ value: '{"id":"s","a":{"x":1}}' });
  });

  it.each(['-0', '0.0', '-0e0', '1E2'])('takes %s for no subject', (literal) => {
    expect(sanitize(PLAN, `{"id":${literal}}`)).toEqual({ code: 'subject_missing', path: 'id' });
  });

  it('takes an object for a subject that may stand in several places for none', () => {
    const plan = planOf({ outputs: [{ 'a.*': 'keep' }], subject: 'a.id' });
    expect(sanitize(plan, '{"a":{"x":1,"id":"s"}}')).toHaveProperty('value', '{"a":{"x":1,"id":"s"}}');
    expect(sanitize(plan, '{"a":[{"id":"s"}]}')).toEqual({ code: 'subject_missing', path: 'a.id' });
    expect(sanitize(plan, '{"a":{"id":{"id":"s"}}}')).toEqual({ code: 'subject_missing', path: 'a.id' });
  });
});
