/**
 * What a value looks like, without the value. A run of letters or digits is written as its class and its length
 * (`A{1}a{5+}`), so that no text is its own shape: with a class for each character `A9` would stand for itself. Lengths
 * from 5 up are not told, signs are kept only where they give structure.
 */

const MOST_EXACT = 4;
const MOST_PARTS = 12;
/** Nobody needs the shape of the rest. */
const MOST_CHARACTERS = 120;

const UPPER = /\p{Lu}/u;
const LETTER = /[\p{L}\p{M}]/u;
const DIGIT = /\p{N}/u;
const STRUCTURE = '@._-/:+,()';

/** The shape of a text. */
export function shapeOf(text: string): string {
  const parts: string[] = [];
  let run = '';
  let length = 0;
  let told = false;
  const close = (): void => {
    if (length > 0) parts.push(`${run}{${length > MOST_EXACT ? `${MOST_EXACT + 1}+` : length}}`);
    length = 0;
  };
  for (const character of text.slice(0, MOST_CHARACTERS)) {
    const kind = classOf(character);
    if (kind === 'a' || kind === 'A' || kind === '9') {
      told = true;
      if (kind !== run) close();
      run = kind;
      length++;
    } else {
      close();
      run = '';
      if (parts.at(-1) !== kind) parts.push(kind);
    }
    if (parts.length > MOST_PARTS) break;
  }
  close();
  if (text === '') return 'empty text';
  // Signs alone would stand for themselves.
  if (!told) return 'signs';
  return parts.length > MOST_PARTS ? `${parts.slice(0, MOST_PARTS).join('')}...` : parts.join('');
}

function classOf(character: string): string {
  if (UPPER.test(character)) return 'A';
  if (LETTER.test(character)) return 'a';
  if (DIGIT.test(character)) return '9';
  if (/\s/u.test(character)) return ' ';
  return STRUCTURE.includes(character) ? character : '?';
}
