import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkWatermark,
  decodePosition,
  encodePosition,
  furtherOf,
  START,
} from '../../../services/gateway/position.ts';

const watermark = (at: number, offsets: Record<string, string> = {}) => ({ at, offsets });

describe('position', () => {
  it('comes back as it went', () => {
    fc.assert(
      fc.property(
        fc.option(fc.string()),
        fc.option(fc.record({ at: fc.nat(), offsets: fc.constant({ '0': '17', '1': '9007199254740993' }) })),
        (chain, mark) => {
          const position = { chain, watermark: mark };
          expect(decodePosition(encodePosition(position))).toEqual(position);
        },
      ),
    );
  });

  it.each([null, '', 'not json', '{}', '{"v":2,"chain":"x"}', '7', 'null'])('starts anew from %j', (text) => {
    expect(decodePosition(text)).toEqual(START);
  });

  it.each([
    '5',
    '{}',
    '{"at":1}',
    '{"at":"1","offsets":{}}',
    '{"at":1,"offsets":{"0":"x"}}',
    '{"at":1,"offsets":{"0":7}}',
  ])('goes by no watermark like %s', (watermark) => {
    expect(decodePosition(`{"v":1,"chain":"abc","watermark":${watermark}}`)).toEqual({ chain: 'abc', watermark: null });
  });

  it('stays within what a broker takes, and keeps the chain', () => {
    const offsets = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [String(index), '123456789']));
    const text = encodePosition({ chain: 'abc', watermark: watermark(1, offsets) });
    expect(text.length).toBeLessThanOrEqual(3000);
    expect(decodePosition(text)).toEqual({ chain: 'abc', watermark: null });
  });
});

describe('checkWatermark', () => {
  it('asks nothing of a view without a projector', () => {
    expect(() => checkWatermark(null, null, 1e12, 1)).not.toThrow();
  });

  it('refuses a view that is too old, and takes one just young enough', () => {
    expect(() => checkWatermark(watermark(1000), null, 61_000, 60_000)).not.toThrow();
    expect(() => checkWatermark(watermark(1000), null, 61_001, 60_000)).toThrow(/old/);
  });

  it('refuses a view of the future, whose age nobody can tell', () => {
    expect(() => checkWatermark(watermark(61_000), null, 1000, 60_000)).not.toThrow();
    expect(() => checkWatermark(watermark(61_001), null, 1000, 60_000)).toThrow(/ahead/);
    expect(() => checkWatermark(watermark(Number.NaN), null, 1000, 60_000)).toThrow();
  });

  it('refuses a view that went backwards in any partition, or lost its watermark', () => {
    const last = watermark(1, { '0': '9007199254740993', '1': '5' });
    expect(() => checkWatermark(watermark(2, { '0': '9007199254740993', '1': '6' }), last, 2, 10)).not.toThrow();
    expect(() => checkWatermark(watermark(2, { '0': '9007199254740992', '1': '6' }), last, 2, 10)).toThrow(/backwards/);
    expect(() => checkWatermark(watermark(2, { '1': '6' }), last, 2, 10)).toThrow(/backwards/);
    expect(() => checkWatermark(null, last, 2, 10)).toThrow(/watermark/);
  });

  it('takes the further of two watermarks in each partition', () => {
    expect(furtherOf(null, null)).toBeNull();
    expect(furtherOf(watermark(3), null)).toEqual(watermark(3));
    expect(furtherOf(null, watermark(3))).toEqual(watermark(3));
    const [a, b] = [watermark(1, { '0': '9007199254740993', '1': '5' }), watermark(2, { '0': '7', '2': '1' })];
    const further = watermark(2, { '0': '9007199254740993', '1': '5', '2': '1' });
    expect(furtherOf(a, b)).toEqual(further);
    expect(furtherOf(b, a)).toEqual(further);
  });
});
