import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameRecord, unframeRecord } from '../../../services/core/dead-letter.ts';

const bytes = fc.uint8Array({ maxLength: 40 });

describe('the frame of a sealed record', () => {
  it('gives back all that was in it, from any view', () => {
    const headers = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor')),
      fc.oneof(bytes, fc.array(bytes, { maxLength: 3 })),
      { noNullPrototype: false },
    );
    fc.assert(
      fc.property(fc.option(bytes), fc.option(bytes), fc.maxSafeInteger(), headers, (key, value, timestamp, named) => {
        const framed = frameRecord({ offset: 3, timestamp, key, value, headers: named });
        const shifted = new Uint8Array(framed.length + 9);
        shifted.set(framed, 4);
        const read = unframeRecord(shifted.subarray(4, 4 + framed.length));
        expect(read).toMatchObject({ timestamp });
        expect(read?.key).toEqual(key);
        expect(read?.value).toEqual(value);
        const names = Object.keys(named);
        expect(Object.keys(read?.headers ?? {})).toEqual(names);
        for (const name of names) {
          const given = named[name] as Uint8Array | Uint8Array[];
          expect(read?.headers[name]).toEqual(Array.isArray(given) ? given : [given]);
        }
      }),
    );
  });

  it('tells a tombstone from an empty value', () => {
    const record = { offset: 0, timestamp: 1, key: null, headers: null };
    expect(unframeRecord(frameRecord({ ...record, value: null }))?.value).toBeNull();
    expect(unframeRecord(frameRecord({ ...record, value: new Uint8Array(0) }))?.value).toHaveLength(0);
  });

  it('refuses what it was not made for', () => {
    const framed = frameRecord({ offset: 0, timestamp: 1, key: null, value: Uint8Array.of(1), headers: null });
    const later = Uint8Array.from(framed);
    later[0] = 2;
    const long = Uint8Array.from(framed);
    long[1] = 0xff;
    for (const broken of [new Uint8Array(0), framed.subarray(0, 4), framed.subarray(0, 12), later, long]) {
      expect(unframeRecord(broken)).toBeNull();
    }
    const text = (json: string): Uint8Array => {
      const frame = new Uint8Array(5 + json.length);
      frame[0] = 1;
      frame[4] = json.length;
      frame.set(Buffer.from(json), 5);
      return frame;
    };
    expect(unframeRecord(text('{"key":null,"timestamp":1,"headers":[],"tombstone":false}'))).not.toBeNull();
    for (const json of [
      '{}',
      'null',
      '{"key":1234,"timestamp":1,"headers":[]}',
      '{"key":null,"timestamp":1,"headers":[1]}',
    ]) {
      expect(unframeRecord(text(json)), json).toBeNull();
    }
  });
});
