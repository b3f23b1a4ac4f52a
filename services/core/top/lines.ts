/** Lines of a screen before they are painted: so that their width is known. */

/** Puts a look on a text without changing what it says. */
export type Paint = (look: 'strong' | 'dim' | 'good' | 'bad' | 'warn', text: string) => string;

export type Line = { readonly text: string; readonly look?: Parameters<Paint>[0] };

/** `details` are the first that is left out where there is no room. */
export type Row = { readonly line: Line; readonly details: readonly Line[] };

/** No longer than `width` characters; what is cut off ends in `…`. */
export function cut(text: string, width: number): string {
  const points = [...text];
  if (points.length <= width) return text;
  return width < 1 ? '' : `${points.slice(0, width - 1).join('')}…`;
}
