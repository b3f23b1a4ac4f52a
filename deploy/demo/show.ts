/** Puts before and after side by side, in columns that fit a terminal. */

export type Styles = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
};

const paint =
  (on: boolean, code: number) =>
  (text: string): string =>
    on ? `\u001b[${code}m${text}\u001b[0m` : text;

export function makeStyles(on: boolean): Styles {
  return { bold: paint(on, 1), dim: paint(on, 2), red: paint(on, 31), green: paint(on, 32) };
}

/** Every scalar of a value by its path, as text. */
export function flatten(value: unknown, path = ''): Map<string, string> {
  const flat = new Map<string, string>();
  const visit = (at: unknown, where: string): void => {
    if (Array.isArray(at)) at.forEach((item, index) => visit(item, `${where}[${index}]`));
    else if (typeof at === 'object' && at !== null && !(at instanceof Uint8Array)) {
      for (const [key, member] of Object.entries(at)) visit(member, where === '' ? key : `${where}.${key}`);
    } else flat.set(where, at instanceof Uint8Array ? `0x${Buffer.from(at).toString('hex')}` : String(at));
  };
  visit(value, path);
  return flat;
}

/** Cuts to a width, and fills up to it. */
function cell(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

/** A line for each field of the raw record: what it was, and what an output got of it. */
export function sideBySide(raw: unknown, sanitized: unknown, styles: Styles, width: number): string[] {
  const before = flatten(raw);
  const after = sanitized === null ? new Map<string, string>() : flatten(sanitized);
  const name = Math.min(30, Math.max(...[...before.keys()].map((path) => path.length)));
  const side = Math.max(12, Math.floor((width - name - 9) / 2));
  return [...before].map(([path, value]) => {
    // Avro cannot leave a field out: what is not released is null there.
    const there = after.get(path);
    const got = there === 'null' && value !== 'null' ? undefined : there;
    const mark = got === undefined ? styles.red('✗') : got === value ? styles.dim('=') : styles.green('~');
    const shown =
      got === undefined
        ? styles.dim(cell('', side))
        : got === value
          ? styles.dim(cell(got, side))
          : styles.bold(cell(got, side));
    return `    ${styles.dim(cell(path, name))} ${cell(value, side)} ${mark} ${shown}`.trimEnd();
  });
}

/** Rows of text in columns; numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => shownCell(row[column]).length)));
  return rows.map(
    (row) =>
      `    ${row
        .map((value, column) =>
          typeof value === 'number'
            ? shownCell(value).padStart(widths[column] ?? 0)
            : shownCell(value).padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd()}`,
  );
}

function shownCell(value: string | number | undefined): string {
  return typeof value === 'number' ? value.toLocaleString('en-US') : (value ?? '');
}
