import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeSingleObjectCodec } from '../../../../services/adapters/avro-single-object/codec.ts';
import { schemaFingerprint } from '../../../../services/adapters/avro-single-object/fingerprint.ts';

const SCHEMA = {
  type: 'record',
  name: 'Thing',
  namespace: 'test',
  fields: [
    { name: 'n', type: 'long' },
    { name: 'maybe', type: ['null', 'long'] },
    { name: 'names', type: { type: 'array', items: 'string' } },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
    { name: 'blob', type: 'bytes' },
  ],
};
type Thing = { n: number; maybe: number | null; names: string[]; kind: 'A' | 'B'; blob: Uint8Array };

const thing = (over: Partial<Thing> = {}): Thing => ({
  n: 1,
  maybe: null,
  names: ['x'],
  kind: 'A',
  blob: Buffer.from([7]),
  ...over,
});
const codec = makeSingleObjectCodec<Thing>(SCHEMA);

describe('single-object codec', () => {
  it('writes C3 01, the little-endian fingerprint and the datum', () => {
    const int = makeSingleObjectCodec<number>('int');
    expect(Buffer.from(int.encode(-3)).toString('hex')).toBe('c3018f5c393f1ad5757205');
  });

  it('reads what it wrote', () => {
    const arbitrary = fc.record({
      n: fc.maxSafeInteger(),
      maybe: fc.option(fc.maxSafeInteger()),
      names: fc.array(fc.string({ unit: fc.constantFrom('a', '\u0000', 'é', '漢', '😀') })),
      kind: fc.constantFrom('A' as const, 'B' as const),
      blob: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(arbitrary, (value) => {
        const read = codec.decode(codec.encode(value));
        expect(read).toMatchObject({ ok: true });
        if (read.ok) expect({ ...read.value }).toEqual(value);
      }),
    );
  });

  it.each([0, -1, 63, -64, 2 ** 31, -(2 ** 31), 2 ** 32 + 1, -(2 ** 48), 2 ** 53 - 1, -(2 ** 53 - 1)])(
    'long %d as the specification writes it',
    (n) => {
      const long = makeSingleObjectCodec<number>('long');
      let rest = BigInt.asUintN(64, (BigInt(n) << 1n) ^ (BigInt(n) >> 63n));
      const bytes: number[] = [];
      for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
      bytes.push(Number(rest));
      expect([...long.encode(n).subarray(10)]).toEqual(bytes);
      expect(long.decode(long.encode(n))).toEqual({ ok: true, value: n });
    },
  );

  it('refuses longs that a number cannot hold', () => {
    const long = makeSingleObjectCodec<number>('long');
    expect(() => long.encode(2 ** 53)).toThrow();
    const header = Buffer.from(long.encode(0).subarray(0, 10));
    const tooBig = Buffer.concat([header, Buffer.from('8080808080808020', 'hex')]);
    expect(long.decode(tooBig)).toEqual({ ok: false, problem: 'undecodable' });
  });

  it('never puts the value in an error', () => {
    let caught: unknown;
    try {
      codec.encode(thing({ n: 'canary-1' as never }));
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'bug' });
    const error = caught as Error;
    expect(`${error.message} ${String(error.cause)} ${JSON.stringify(error)}`).not.toContain('canary-1');
  });

  it.each([
    ['nothing', '', 'not_single_object'],
    ['JSON', Buffer.from('{"n":1,"maybe":null}').toString('hex'), 'not_single_object'],
    ['a Confluent header', '000000000102', 'not_single_object'],
    ['a half header', 'c3018f5c', 'not_single_object'],
    ['another schema', 'c3018f5c393f1ad5757206', 'schema_unknown'],
  ])('%s is %s', (_name, hex, problem) => {
    expect(codec.decode(Buffer.from(hex, 'hex'))).toEqual({ ok: false, problem });
  });

  it('refuses every truncation and any trailing byte', () => {
    const whole = codec.encode(thing({ maybe: 300, names: ['abc', 'd'] }));
    for (let length = 10; length < whole.length; length++) {
      expect(codec.decode(whole.subarray(0, length))).toEqual({ ok: false, problem: 'undecodable' });
    }
    expect(codec.decode(Buffer.concat([whole, Buffer.from([0])]))).toEqual({ ok: false, problem: 'undecodable' });
  });

  it.each([
    ['a billion elements', '02' + '00' + '80a8d6b907'],
    ['a billion elements by a negative count', '02' + '00' + 'ffa7d6b907' + '02'],
    ['a string of a gigabyte', '02' + '00' + '02' + '8080808008'],
    ['a string of negative length', '02' + '00' + '02' + '03' + '00'],
    ['a union branch that is not there', '02' + '04'],
    ['an enum symbol that is not there', '02' + '00' + '00' + '0c' + '00'],
    ['a long without end', 'ffffffffffffffffffffffffff'],
  ])('refuses %s at once', (_name, hex) => {
    const header = Buffer.from(codec.encode(thing()).subarray(0, 10));
    const before = process.memoryUsage().heapTotal;
    expect(codec.decode(Buffer.concat([header, Buffer.from(hex, 'hex')]))).toEqual({
      ok: false,
      problem: 'undecodable',
    });
    expect(process.memoryUsage().heapTotal - before).toBeLessThan(50_000_000);
  });

  it('never throws on noise behind a good header', () => {
    const header = Buffer.from(codec.encode(thing()).subarray(0, 10));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        expect(codec.decode(Buffer.concat([header, noise])).ok).toBeTypeOf('boolean');
      }),
      { numRuns: 2000 },
    );
  });

  it('reads data of an older schema as the current one', () => {
    const older = { ...SCHEMA, fields: SCHEMA.fields.slice(0, 2) };
    const newer = {
      ...SCHEMA,
      fields: [...SCHEMA.fields.slice(0, 2), { name: 'note', type: ['null', 'string'], default: null }],
    };
    const bytes = makeSingleObjectCodec(older).encode({ n: 5, maybe: -6 });
    const read = makeSingleObjectCodec<object>(newer, [older]).decode(bytes);
    expect(read.ok && { ...read.value }).toEqual({ n: 5, maybe: -6, note: null });
    expect(schemaFingerprint(older)).not.toBe(schemaFingerprint(newer));
  });
});
