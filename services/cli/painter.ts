import { styleText } from 'node:util';

const LOOKS = { strong: 'bold', dim: 'dim', good: 'green', bad: 'red', warn: 'yellow' } as const;

/** Puts a look on a text, or leaves it as it is. */
export type Paint = (look: keyof typeof LOOKS, text: string) => string;

/** Of stdout: colours on a terminal alone, and not there either where NO_COLOR is set (no-color.org). */
export function painter(): Paint {
  const colours = process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';
  if (!colours) return (_look, text) => text;
  return (look, text) => styleText(LOOKS[look], text, { validateStream: false });
}
