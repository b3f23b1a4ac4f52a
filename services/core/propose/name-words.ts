/**
 * Names of fields as people write them, to words: without accents, in lower case, split where a name has a seam.
 * `customerE-Mail` gives customer, e, mail; `Straße2` gives strasse.
 */

/** A name as words. */
export function wordsOf(name: string): readonly string[] {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .replaceAll(/(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu, ' ')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '');
}

/** Words, or runs of words, to be found in names. */
export type WordList = (words: readonly string[]) => boolean;

/** So long a word is found within others too: languages that join words (`Kundentelefonnummer`). */
const LONG = 5;

/**
 * Makes a finder. Entries are separated by spaces; `first_name` stands for two words in a row, or run together. One that
 * ends in `!` is found as a word of its own alone, however long it is.
 */
export function wordList(entries: string): WordList {
  const plain: string[] = [];
  const joined: string[] = [];
  for (const entry of entries.split(/\s+/).filter((one) => one !== '')) {
    const exact = entry.endsWith('!');
    const text = exact ? entry.slice(0, -1) : entry;
    plain.push(`_${text}_`);
    const compact = text.replaceAll('_', '');
    if (compact !== text && !exact) plain.push(`_${compact}_`);
    if (!exact && compact.length >= LONG) joined.push(compact);
  }
  return (words) => {
    const separated = `_${words.join('_')}_`;
    if (plain.some((entry) => separated.includes(entry))) return true;
    return words.some((word) => joined.some((entry) => word.includes(entry)));
  };
}
