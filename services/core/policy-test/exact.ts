/** JSON values whose numbers are as they were written: no double stands between a test and what is compared. */
import { compareDecimals, parseDecimal } from '../apply/decimal.ts';

/** A number as its literal. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Exact = null | boolean | string | ExactNumber | readonly Exact[] | ReadonlyMap<string, Exact>;

/** Reads JSON. Throws a SyntaxError for anything else; of a key that occurs twice the last counts. */
export function parseExact(json: string): Exact {
  const keep = (_key: string, value: unknown, context: { readonly source?: string }): unknown => {
    if (typeof value === 'number') return new ExactNumber(context.source ?? String(value));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return new Map(Object.entries(value));
  };
  return JSON.parse(json, keep as (key: string, value: unknown) => unknown) as Exact;
}

/** Writes compact JSON, numbers to the letter. */
export function printExact(value: Exact): string {
  if (value instanceof ExactNumber) return value.text;
  if (value instanceof Map) {
    const members = [...value].map(([key, member]) => `${JSON.stringify(key)}:${printExact(member)}`);
    return `{${members.join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(printExact).join(',')}]`;
  return JSON.stringify(value);
}

/** Whether two literals stand for the same number: 1.10 is 1.1, 9007199254740993 is not 9007199254740992. */
export function sameNumber(a: ExactNumber, b: ExactNumber): boolean {
  if (a.text === b.text) return true;
  const [left, right] = [parseDecimal(a.text), parseDecimal(b.text)];
  return left !== null && right !== null && compareDecimals(left, right) === 0;
}

/** The value without members and elements that are null, however deep. */
export function withoutNulls(value: Exact): Exact {
  if (value instanceof Map) {
    return new Map([...value].filter(([, one]) => one !== null).map(([key, one]) => [key, withoutNulls(one)]));
  }
  return Array.isArray(value) ? value.filter((one) => one !== null).map(withoutNulls) : value;
}
