/**
 * Which keys of objects are names of fields, and which are data: an object whose keys differ from record to record is a
 * map (`*` in paths), and its keys may be as personal as any value. A key that may be data is never written anywhere.
 */
import { FIELD_WORDS, NAME_RULES, PEOPLE, SYSTEM_RULES, THINGS } from './name-table.ts';
import { wordsOf } from './name-words.ts';
import type { ValueChecks } from './value-checks.ts';

const MOST_LENGTH = 64;
/** Years, postcodes, ids: names have fewer digits. */
const MOST_DIGITS = 3;
const NAME = /^[@$_]?[\p{L}_$][\p{L}\p{M}\p{N}_$.: -]*$/u;
const HEX = /^(?=.*\d)[0-9a-f-]{12,}$/i;

/** Whether somebody chose this key as a name: it is made of words that fields are called by. */
export function isKnownName(key: string): boolean {
  const words = wordsOf(key);
  return (
    FIELD_WORDS(words) ||
    PEOPLE(words) ||
    THINGS(words) ||
    [...NAME_RULES, ...SYSTEM_RULES].some(({ fits }) => fits(words))
  );
}

/** Whether a key looks like a value: an address, a number, an id, a date, a sentence. */
export function looksLikeValue(key: string, checks: ValueChecks): boolean {
  if (key.length > MOST_LENGTH || !NAME.test(key) || HEX.test(key)) return true;
  if (key.replaceAll(/\P{N}/gu, '').length > MOST_DIGITS) return true;
  // People's names have spaces, and so have headings of tables.
  if (key.includes(' ') && !isKnownName(key)) return true;
  return checks(key).kinds.some((kind) => kind !== 'phone_likely') || checks(key).nationalIds.length > 0;
}

/** What is known of a key's place. */
export type KeyUse = {
  readonly key: string;
  /** Objects that had it. */
  readonly count: number;
  /** Kinds of what stands there, so that alike can be told from unlike. */
  readonly form: string;
};

export type Settled = {
  readonly named: ReadonlySet<string>;
  /** Keys of a map: their values belong under `*`. */
  readonly mapped: ReadonlySet<string>;
  /** Seen too rarely to tell; neither named nor mapped. */
  readonly unsure: ReadonlySet<string>;
};

const MANY_KEYS = 16;
const RARE = 0.25;
const USUAL = 0.5;
const FEW_OBJECTS = 20;
/** Good and Turing: keys seen once, by all keys seen, estimate how likely the next key is a new one. */
const NEW_KEYS = 0.05;

/**
 * Settles what the keys of an object are.
 *
 * @param objects how many objects were seen in that place.
 * @param hidden whether some keys there looked like values.
 * @param root the record itself: one alone is no map because its values are alike.
 */
export function settleKeys(uses: readonly KeyUse[], objects: number, hidden: boolean, root: boolean): Settled {
  const known = uses.filter(({ key }) => isKnownName(key));
  const knownKeys = new Set(known.map(({ key }) => key));
  const unknown = uses.filter(({ key }) => !knownKeys.has(key));
  const settled = (mapped: readonly KeyUse[], unsure: readonly KeyUse[] = []): Settled => {
    const apart = new Set([...mapped, ...unsure].map(({ key }) => key));
    return {
      named: new Set(uses.map(({ key }) => key).filter((key) => !apart.has(key))),
      mapped: new Set(mapped.map(({ key }) => key)),
      unsure: new Set(unsure.map(({ key }) => key)),
    };
  };
  const usual = ({ count }: KeyUse): boolean => count >= 2 && count >= USUAL * objects;

  if (hidden) return settled(unknown.filter((use) => !usual(use)));
  if (isBag(uses, objects)) return settled(uses.filter((use) => !usual(use) && !tellsCategory(use.key)));
  // One object does not show whether its keys vary: only words that fields are called by make them names.
  if (objects === 1) return settled(!root && known.length === 0 ? unknown : []);
  // Of a handful of records of different kinds most fields are seen once: that does not make the record a map.
  if (root && objects < FEW_OBJECTS) return settled([]);
  const once = unknown.filter(({ count }) => count === 1);
  const seen = unknown.reduce((sum, { count }) => sum + count, 0);
  const varied = (once.length >= 2 && once.length === seen) || (once.length >= 3 && once.length >= NEW_KEYS * seen);
  if (varied) return settled(unknown.filter((use) => !usual(use)));
  return settled([], objects >= FEW_OBJECTS ? once : []);
}

/** Many keys, each rare, all holding the like: a map whose keys come from some list. */
function isBag(uses: readonly KeyUse[], objects: number): boolean {
  if (uses.length < MANY_KEYS) return false;
  const mean = uses.reduce((sum, { count }) => sum + count, 0) / (uses.length * objects);
  return mean < RARE && new Set(uses.map(({ form }) => form)).size <= 2;
}

function tellsCategory(key: string): boolean {
  const words = wordsOf(key);
  return NAME_RULES.some(({ fits, category }) => !category.startsWith('user.behavior') && fits(words));
}
