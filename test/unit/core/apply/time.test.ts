import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coarsenDate, dateOfEpochDay, eventTimeOf, parseInstant } from '../../../../services/core/apply/time.ts';
import type { DateUnit } from '../../../../services/core/policy/plan.ts';

describe('parseInstant', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0],
    ['1985-04-12T23:20:50.52Z', Date.parse('1985-04-12T23:20:50.52Z')],
    ['1996-12-19T16:39:57-08:00', Date.parse('1996-12-20T00:39:57Z')],
    ['1937-01-01T12:00:27.87+00:20', Date.parse('1937-01-01T12:00:27.870+00:20')],
    ['2026-01-05t10:00:00z', Date.parse('2026-01-05T10:00:00Z')],
    ['2026-01-05T10:00:00-00:00', Date.parse('2026-01-05T10:00:00Z')],
    ['2026-01-05T10:00:00.123456789Z', Date.parse('2026-01-05T10:00:00.123Z')],
    ['1969-12-31T23:59:59.999Z', -1],
    ['0001-01-01T00:00:00Z', Date.parse('0001-01-01T00:00:00Z')],
    ['2024-02-29T00:00:00Z', Date.parse('2024-02-29T00:00:00Z')],
    // Leap seconds stay in their day: RFC 3339 section 5.8.
    ['1990-12-31T23:59:60Z', Date.parse('1990-12-31T23:59:59.999Z')],
    ['1990-12-31T15:59:60-08:00', Date.parse('1990-12-31T23:59:59.999Z')],
  ])('reads %s', (text, ms) => {
    expect(parseInstant(text)).toBe(ms);
  });

  it.each([
    '2026-01-05T10:00:00',
    '2026-01-05',
    '2026-01-05 10:00:00Z',
    '2026-01-05T10:00Z',
    '2026-01-05T10:00:00.Z',
    '2026-01-05T10:00:00,5Z',
    '2026-01-05T24:00:00Z',
    '2026-01-05T10:60:00Z',
    '2026-01-05T10:00:61Z',
    '2026-01-05T10:00:60Z',
    '2026-06-15T23:59:60Z',
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-01-05T10:00:00+24:00',
    '2026-01-05T10:00:00+01:60',
    '2026-01-05T10:00:00+0100',
    '2026-01-05T10:00:00+01',
    '2026-01-05T10:00:00+01:00 ',
    '2026-01-05T10:00:00Zx',
    ' 2026-01-05T10:00:00Z',
    '+002026-01-05T10:00:00Z',
    '12026-01-05T10:00:00Z',
    '2026-1-5T10:00:00Z',
    '２０２６-01-05T10:00:00Z',
    '',
    'now',
  ])('refuses %j', (text) => {
    expect(parseInstant(text)).toBeNull();
  });

  it('agrees with Date on what Date writes', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
        (date) => {
          expect(parseInstant(date.toISOString())).toBe(date.getTime());
          expect(dateOfEpochDay(Math.floor(date.getTime() / 86_400_000))).toBe(date.toISOString().slice(0, 10));
        },
      ),
    );
  });
});

describe('eventTimeOf', () => {
  it.each([
    ['number', '1767607200000', 1767607200000],
    ['number', '-1', -1],
    ['number', '0', 0],
    ['number', '8640000000000000', 8.64e15],
    ['number', '8640000000000001', null],
    ['number', '99999999999999999999', null],
    ['number', '1e3', null],
    ['number', '1.0', null],
    ['string', '1767607200000', null],
    ['string', '2026-01-05', null],
    ['string', '2026-01-05T10:00:00+01:00', Date.parse('2026-01-05T09:00:00Z')],
    ['boolean', 'true', null],
  ] as const)('%s %s', (kind, text, ms) => {
    expect(eventTimeOf(kind, text)).toBe(ms);
  });

  it('has no negative zero', () => {
    expect(Object.is(eventTimeOf('number', '-0'), 0)).toBe(true);
  });
});

describe('coarsenDate', () => {
  const all = (kind: 'string' | 'number', text: string): (string | null)[] =>
    (['year', 'month', 'day', 'hour'] satisfies DateUnit[]).map((to) => coarsenDate(kind, text, to));

  it.each([
    ['string', '1984-05-12', ['1984', '1984-05', '1984-05-12', null]],
    ['string', '1984-05-12T13:14:15Z', ['1984', '1984-05', '1984-05-12', '1984-05-12T13']],
    // In UTC it is the year before.
    ['string', '2026-01-01T00:30:00+01:00', ['2025', '2025-12', '2025-12-31', '2025-12-31T23']],
    ['string', '1990-12-31T23:59:60Z', ['1990', '1990-12', '1990-12-31', '1990-12-31T23']],
    ['string', '0099-01-02', ['0099', '0099-01', '0099-01-02', null]],
    ['number', '453215655000', ['1984', '1984-05', '1984-05-12', '1984-05-12T13']],
    ['number', '-1', ['1969', '1969-12', '1969-12-31', '1969-12-31T23']],
    ['string', '1984-02-30', [null, null, null, null]],
    ['string', '1984-05', [null, null, null, null]],
    ['string', '1984', [null, null, null, null]],
    ['string', '12.05.1984', [null, null, null, null]],
    ['string', '05/12/1984', [null, null, null, null]],
    ['string', '1984-05-12Z', [null, null, null, null]],
    ['string', '9999-12-31T23:59:59-01:00', [null, null, null, null]],
    ['string', '0000-01-01T00:00:00+01:00', [null, null, null, null]],
    ['number', '253402300800000', [null, null, null, null]],
    ['number', '1984.5', [null, null, null, null]],
    ['string', '453215655000', [null, null, null, null]],
  ] as const)('%s %s', (kind, text, expected) => {
    expect(all(kind, text)).toEqual(expected);
  });
});
