/** A value as `lethe init` looks at it, whatever it was encoded in. It lives in memory while it is counted. */

/** A number that a double cannot hold: a long of Avro, a card number written as a number. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Objects are records with named fields; what a schema calls a map is a `ReadonlyMap`. */
export type Datum =
  | null
  | boolean
  | string
  | number
  | ExactNumber
  | readonly Datum[]
  | ReadonlyMap<string, Datum>
  | DatumFields;

export type DatumFields = { readonly [key: string]: Datum };

export function isFields(datum: Datum): datum is DatumFields {
  return (
    typeof datum === 'object' &&
    datum !== null &&
    !Array.isArray(datum) &&
    !(datum instanceof Map) &&
    !(datum instanceof ExactNumber)
  );
}

/** Whole numbers of so many digits may not survive as a double. To ask for the text of each number is slow. */
const MANY_DIGITS = /[:[,]\s*-?\d{16,}\s*[,\]}]/;

type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

const exactly: Reviver = (_key, value, context) =>
  typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source !== undefined
    ? new ExactNumber(context.source)
    : value;

/** Reads JSON text; undefined where it is none. Errors of `JSON.parse` quote the text and are not passed on. */
export function jsonDatum(text: string): Datum | undefined {
  try {
    const parsed: unknown = MANY_DIGITS.test(text)
      ? JSON.parse(text, exactly as (key: string, value: unknown) => unknown)
      : JSON.parse(text);
    return parsed as Datum;
  } catch {
    return undefined;
  }
}
