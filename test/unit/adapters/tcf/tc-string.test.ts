import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countVendors } from '../../../../services/adapters/tcf/count-vendors.ts';
import { decodeTcString } from '../../../../services/adapters/tcf/tc-string.ts';
import { type TcFields, tcStringOf } from '../../core/feeds/tc-string-of.ts';

const UPDATED = Date.UTC(2026, 0, 5);
const fields = { updated: UPDATED, purposes: [1, 7], vendors: [12, 755] } satisfies TcFields;

describe('TC strings', () => {
  it('tells what was consented to', () => {
    const tc = decodeTcString(tcStringOf(fields))!;
    const { lastUpdated, cmpId, cmpVersion, policyVersion, vendorListVersion } = tc;
    expect({ lastUpdated, cmpId, cmpVersion, policyVersion, vendorListVersion }).toEqual({
      lastUpdated: UPDATED,
      cmpId: 10,
      cmpVersion: 3,
      policyVersion: 5,
      vendorListVersion: 142,
    });
    expect([1, 2, 7, 8].filter(tc.consentsTo)).toEqual([1, 7]);
    expect([11, 12, 13, 755].filter(tc.names)).toEqual([12, 755]);
  });

  it('reads ranges, and no segment but the first', () => {
    const tc = decodeTcString(`${tcStringOf({ ...fields, ranges: [[10, 12]] })}.IFukWSQgAIQwgI0QEByFAAAAeIAACA.%%%`)!;
    expect([9, 10, 11, 12, 13].filter(tc.names)).toEqual([10, 11, 12]);
  });

  it('tells forbidden and interest-only restrictions from those that ask for consent', () => {
    const restrictions = [0, 1, 2].map((type) => ({ purpose: type + 1, type, vendor: 12 }));
    const tc = decodeTcString(tcStringOf({ ...fields, restrictions }))!;
    expect([1, 2, 3, 4].filter((purpose) => tc.restricts(12, purpose))).toEqual([1, 3]);
    expect(tc.restricts(755, 1)).toBe(false);
  });

  it.each([
    ['nothing', ''],
    ['dots', '...'],
    ['version 1', tcStringOf({ ...fields, version: 1 })],
    ['version 3', tcStringOf({ ...fields, version: 3 })],
    ['half of one', tcStringOf(fields).slice(0, 40)],
    ['one that ends in its vendors', tcStringOf(fields).slice(0, 60)],
    ['another alphabet', tcStringOf(fields).replace('C', 'ä')],
    ['standard base64', `${tcStringOf(fields)}==`],
  ])('refuses %s', (_, text) => expect(decodeTcString(text)).toBe(null));

  it('counts what the decoder would visit', () => {
    expect(
      countVendors(
        tcStringOf({
          ...fields,
          ranges: [
            [1, 10],
            [5, 5],
            [9, 3],
          ],
        }),
      ),
    ).toBe(10 + 1 + 1);
    expect(countVendors(tcStringOf({ ...fields, vendors: [] }))).toBe(0);
    expect(countVendors(tcStringOf({ ...fields, restrictions: [{ purpose: 1, type: 0, vendor: 4 }] }))).toBe(755 + 1);
  });

  it('refuses one made to keep the decoder busy, at once', () => {
    const bomb = tcStringOf({ ...fields, ranges: Array.from({ length: 2_000 }, () => [1, 65_535] as const) });
    const started = performance.now();
    expect(decodeTcString(bomb)).toBe(null);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('never throws', () => {
    const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'];
    const chars = fc.array(fc.constantFrom(...alphabet), { maxLength: 120 }).map((list) => list.join(''));
    const head = tcStringOf(fields).slice(0, 36);
    fc.assert(
      fc.property(
        fc.oneof(
          chars,
          chars.map((text) => head + text),
          fc.string(),
        ),
        (text) => {
          const tc = decodeTcString(text);
          if (tc !== null) expect(Number.isSafeInteger(tc.lastUpdated)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
