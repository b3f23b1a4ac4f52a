/** TC strings written bit by bit after the IAB's specification, so that the decoder is not its own referee. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export type TcFields = {
  readonly version?: number;
  /** Epoch milliseconds. */
  readonly updated: number;
  readonly purposes: readonly number[];
  readonly vendors?: readonly number[];
  /** Written as ranges, in place of `vendors`. */
  readonly ranges?: readonly (readonly [number, number])[];
  readonly restrictions?: readonly { readonly purpose: number; readonly type: number; readonly vendor: number }[];
};

/** The core segment of a TC string of version 2 (IAB Tech Lab, "Consent string and vendor list formats v2"). */
export function tcStringOf(fields: TcFields): string {
  const { version = 2, updated, purposes, vendors = [], ranges = null, restrictions = [] } = fields;
  let bits = '';
  const put = (value: number, width: number): void => void (bits += value.toString(2).padStart(width, '0'));
  const flags = (ids: readonly number[], width: number): void => {
    for (let id = 1; id <= width; id++) put(ids.includes(id) ? 1 : 0, 1);
  };
  put(version, 6);
  put(updated / 100, 36);
  put(updated / 100, 36);
  put(10, 12); // CMP
  put(3, 12); // its version
  put(1, 6); // screen
  put(3, 6); // language D
  put(4, 6); // language E
  put(142, 12); // vendor list
  put(5, 6); // policy
  put(1, 1); // service specific
  put(0, 1);
  flags([], 12); // special features
  flags(purposes, 24);
  flags([], 24); // legitimate interest
  put(0, 1);
  put(3, 6); // country D
  put(4, 6); // country E
  if (ranges === null) {
    const max = Math.max(0, ...vendors);
    put(max, 16);
    put(0, 1);
    flags(vendors, max);
  } else {
    put(65_535, 16);
    put(1, 1);
    put(ranges.length, 12);
    for (const [first, last] of ranges) {
      put(1, 1);
      put(first, 16);
      put(last, 16);
    }
  }
  put(0, 16); // vendors by legitimate interest
  put(0, 1);
  put(restrictions.length, 12);
  for (const { purpose, type, vendor } of restrictions) {
    put(purpose, 6);
    put(type, 2);
    put(1, 12);
    put(0, 1);
    put(vendor, 16);
  }
  bits = bits.padEnd(Math.ceil(bits.length / 6) * 6, '0');
  return (bits.match(/.{6}/g) ?? []).map((six) => ALPHABET[Number.parseInt(six, 2)]).join('');
}
