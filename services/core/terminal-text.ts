/** Text from outside on a person's terminal. */

/**
 * What a terminal would obey instead of showing, what would turn the text around or not be seen, and what would begin
 * another line.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text on one line, each character that a terminal does not plainly show as `\uXXXX`. */
export function oneLine(text: string): string {
  return text.replaceAll(UNSAFE, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * JSON on one line, and still the same JSON: white space between tokens becomes a blank; inside of text, where line
 * feeds cannot stand, `\uXXXX` says the same character.
 */
export function oneLineJson(json: string): string {
  return oneLine(json.replaceAll(/[\t\n\r]/g, ' '));
}
