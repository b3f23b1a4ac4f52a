/** Instants and calendar dates as records write them (RFC 3339) and as coarser text. All in UTC. */
import type { ScalarKind } from './action.ts';
import type { DateUnit } from '../policy/plan.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** ECMA-262: no Date lies further from the epoch. */
const MAX_DATE_MS = 8.64e15;
const INTEGER = /^-?(?:0|[1-9][0-9]{0,15})$/;

/** Digits of `text` from `start` as a number; NaN where one of them is no ASCII digit. */
function digitsAt(text: string, start: number, count: number): number {
  let value = 0;
  for (let i = start; i < start + count; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar (`Date.UTC` takes years below 100 for 19xx). */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Days since 1970-01-01 of the `YYYY-MM-DD` at the start of `text`; NaN where there is no such day. */
function civilDayAt(text: string): number {
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 2);
  const day = digitsAt(text, 8, 2);
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return Number.NaN;
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return Number.NaN;
  return daysFromCivil(year, month, day);
}

/** Minutes east of UTC of the zone that fills `text` from `start`; NaN where it is none. */
function zoneAt(text: string, start: number): number {
  const sign = text.charCodeAt(start);
  if (sign === 0x5a || sign === 0x7a) return start + 1 === text.length ? 0 : Number.NaN;
  if (sign !== 0x2b && sign !== 0x2d) return Number.NaN;
  const hours = digitsAt(text, start + 1, 2);
  const minutes = digitsAt(text, start + 4, 2);
  if (start + 6 !== text.length || text.charCodeAt(start + 3) !== 0x3a) return Number.NaN;
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  return sign === 0x2d ? -(hours * 60 + minutes) : hours * 60 + minutes;
}

/**
 * Epoch milliseconds (fractions cut) of an RFC 3339 date-time, which always has a zone; null where it is none. A leap
 * second (`:60`) is taken at 23:59 UTC on the last day of a month alone (RFC 3339 section 5.7) and counts as the last
 * millisecond of that day, so that it stays in it.
 */
export function parseInstant(text: string): number | null {
  const t = text.charCodeAt(10);
  if (text.length < 20 || (t !== 0x54 && t !== 0x74)) return null;
  const hours = digitsAt(text, 11, 2);
  const minutes = digitsAt(text, 14, 2);
  const seconds = digitsAt(text, 17, 2);
  if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return null;
  if (!(hours <= 23 && minutes <= 59 && seconds <= 60)) return null;
  let end = 19;
  let ms = 0;
  if (text.charCodeAt(19) === 0x2e) {
    end = 20;
    for (let weight = 100; ; end++, weight /= 10) {
      const digit = text.charCodeAt(end) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      if (weight >= 1) ms += digit * weight;
    }
    if (end === 20) return null;
  }
  const leap = seconds === 60;
  const minute = civilDayAt(text) * 1440 + hours * 60 + minutes - zoneAt(text, end);
  if (Number.isNaN(minute)) return null;
  if (!leap) return minute * MINUTE_MS + seconds * 1000 + ms;
  // The minute after it must begin a month.
  const next = minute + 1;
  return next % 1440 === 0 && civilFromDays(next / 1440).day === 1 ? next * MINUTE_MS - 1 : null;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** Epoch milliseconds of an integer literal; null where it is none or no Date reaches so far. */
function epochOf(literal: string): number | null {
  if (!INTEGER.test(literal)) return null;
  const ms = Number(literal);
  // `+ 0` turns −0 to 0.
  return Math.abs(ms) <= MAX_DATE_MS ? ms + 0 : null;
}

/**
 * Event time of a record, epoch milliseconds: an integer literal in milliseconds, or RFC 3339 text with a zone. Null
 * (`time_invalid`) for anything else: numeric text, bare dates, `1e3`, `1.0`, beyond what a Date can hold (DESIGN
 * section 12).
 *
 * @param text as of `Scalar`.
 */
export function eventTimeOf(kind: ScalarKind, text: string): number | null {
  if (kind === 'number') return epochOf(text);
  return kind === 'string' ? parseInstant(text) : null;
}

/** `YYYY-MM-DD` of a day counted from 1970-01-01 (Avro's `date`); null outside the years 0000 to 9999. */
export function dateOfEpochDay(days: number): string | null {
  const { year, month, day } = civilFromDays(days);
  if (!(year >= 0 && year <= 9999)) return null;
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** How much of `YYYY-MM-DDTHH` a unit shows. */
const SHOWN: Readonly<Record<DateUnit, number>> = { year: 4, month: 7, day: 10, hour: 13 };

/**
 * A date or time cut to a unit, in UTC: `1984`, `1984-05`, `1984-05-12`, `1984-05-12T13`. Takes what `eventTimeOf`
 * takes, and bare dates (`1984-05-12`) for units of a day or more. Null for anything else, and for years outside 0000
 * to 9999.
 */
export function coarsenDate(kind: ScalarKind, text: string, to: DateUnit): string | null {
  if (kind === 'string' && text.length === 10) {
    return to === 'hour' || Number.isNaN(civilDayAt(text)) ? null : text.slice(0, SHOWN[to]);
  }
  const ms = eventTimeOf(kind, text);
  if (ms === null) return null;
  const days = Math.floor(ms / DAY_MS);
  const date = dateOfEpochDay(days);
  if (date === null || to !== 'hour') return date === null ? null : date.slice(0, SHOWN[to]);
  const hour = Math.floor((ms - days * DAY_MS) / 3_600_000);
  return `${date}T${String(hour).padStart(2, '0')}`;
}
