/** Markdown in which names and texts from files can break nothing out of. */

/** A table; cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('\n', ' ')).join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...rows.map(row)];
}

/** Text as code. */
export function code(text: string): string {
  return `\`${flat(text).replaceAll('`', "'").replaceAll('|', String.raw`\|`)}\``;
}

/** Text that must not be taken for markup, on one line. */
export function escapeText(text: string): string {
  return flat(text).replace(/[\\*_<>|#[\]`&~]/g, String.raw`\$&`);
}

/** A block of code, whatever its text holds. */
export function block(language: string, text: string): readonly string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, ...text.split('\n'), fence];
}

/** No line begins within a text, and no control character reaches a terminal. */
function flat(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
}
