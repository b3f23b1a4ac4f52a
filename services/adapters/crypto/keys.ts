/** The keys file (DESIGN sections 9 and 12): its shape, its problems, and never its contents in a message. */
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { LetheError } from '../../core/errors.ts';

/**
 * `checkpoint` is the seed of an Ed25519 key (signer.ts), and only who signs checkpoints needs it. `data_key` wraps the
 * data keys of subjects where no other service does, `data_key_ref` seals whose key it is that a value is encrypted under:
 * only who encrypts or decrypts needs them.
 */
export const KEY_NAMES = ['subject', 'pseudonym', 'dead_letter', 'checkpoint', 'data_key', 'data_key_ref'] as const;

export type KeyName = (typeof KEY_NAMES)[number];

/** A `KeyObject` and not bytes, so that no inspection, log or JSON of it can show the key. */
export type KeyVersion = { readonly version: number; readonly key: KeyObject };

export type Keys = {
  /** Where the keys came from, for messages. */
  readonly file: string;
  /** The highest version first: it signs and seals, the others only read. Empty where the file has none. */
  readonly versions: Readonly<Record<KeyName, readonly KeyVersion[]>>;
};

const KEY_BYTES = 32;
/** 43 characters and one `=` are 32 bytes and can be nothing else. */
const BASE64_OF_32_BYTES = /^[A-Za-z0-9+/]{43}=$/;
const NAME_AND_VERSION = /^([a-z_]+?)(?:@([1-9][0-9]{0,9}))?$/;
/** What may be repeated in a message: too short and too plain to be a key that somebody put on the wrong side. */
const PRINTABLE_NAME = /^[a-z_]{1,20}(?:@[0-9]{0,10})?$/;
/** The sealed envelope holds the version in four bytes. */
const HIGHEST_VERSION = 0xffffffff;

/**
 * Parses the text of a keys file: a JSON object of key name (`pseudonym`, then `pseudonym@2`, …) to the base64 of 32
 * bytes. `file` only names it in messages.
 *
 * Throws `invalid_config` with every problem at once, one a line. No message holds any of the file's values.
 */
export const parseKeys = (text: string, file: string): Keys => {
  const entries = parseObject(text, file);
  const problems: string[] = [];
  const versions: Record<KeyName, KeyVersion[]> = {
    ...{ subject: [], pseudonym: [], dead_letter: [] },
    ...{ checkpoint: [], data_key: [], data_key_ref: [] },
  };

  for (const [index, name] of namesOf(text).entries()) {
    const shown = PRINTABLE_NAME.test(name) ? `"${name}"` : `entry ${index + 1}`;
    const parsed = parseName(name);
    if (parsed === null) {
      problems.push(`${shown} names no key: use ${KEY_NAMES.join(', ')}, with @2, @3, … for later versions`);
      continue;
    }
    const known = versions[parsed.name];
    if (known.some((each) => each.version === parsed.version)) {
      problems.push(`${shown} is version ${parsed.version} of ${parsed.name}, which occurs twice`);
      continue;
    }
    const value = entries[name];
    if (typeof value !== 'string' || !BASE64_OF_32_BYTES.test(value)) {
      problems.push(`${shown} is not the base64 of exactly ${KEY_BYTES} bytes`);
      continue;
    }
    known.push({ version: parsed.version, key: createSecretKey(value, 'base64') });
  }

  if (problems.length > 0) throw unusable(file, problems);
  for (const name of KEY_NAMES) versions[name].sort((a, b) => b.version - a.version);
  return Object.freeze({ file, versions: Object.freeze(versions) });
};

/** Reads and parses the keys file. Throws `invalid_config` naming the file, also where it cannot be read. */
export const readKeys = (file: string): Keys => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new LetheError('invalid_config', `${file}: the keys file ${missing ? 'does not exist' : 'cannot be read'}`, {
      fix: missing ? makeThem(file) : 'Let this process read the file that LETHE_KEYS_FILE names.',
      cause,
    });
  }
  return parseKeys(text, file);
};

/**
 * All versions of a key that is needed, the highest first. Throws `invalid_config` naming the file and what makes a new
 * one.
 */
export const requireKey = (keys: Keys, name: KeyName): readonly [KeyVersion, ...KeyVersion[]] => {
  const [highest, ...others] = keys.versions[name];
  if (highest === undefined) {
    throw new LetheError('invalid_config', `${keys.file}: the key "${name}" is missing`, {
      fix: `Add it to the file; \`lethe keys generate\` prints a complete set of new keys.`,
    });
  }
  return [highest, ...others];
};

/** The text of a new keys file: version 1 of every key, from the system's random source. */
export const generateKeys = (): string =>
  `${JSON.stringify(Object.fromEntries(KEY_NAMES.map((name) => [name, randomBytes(KEY_BYTES).toString('base64')])), null, 2)}\n`;

const makeThem = (file: string): string =>
  `Make one with \`lethe keys generate --out ${file}\`, or set LETHE_KEYS_FILE.`;

const unusable = (file: string, problems: readonly string[]): LetheError =>
  new LetheError('invalid_config', problems.map((problem) => `${file}: ${problem}`).join('\n'), {
    fix: '`lethe keys generate` shows how a keys file looks.',
  });

const parseName = (text: string): { readonly name: KeyName; readonly version: number } | null => {
  const match = NAME_AND_VERSION.exec(text);
  const name = KEY_NAMES.find((each) => each === match?.[1]);
  const version = Number(match?.[2] ?? 1);
  return name === undefined || version > HIGHEST_VERSION ? null : { name, version };
};

const parseObject = (text: string, file: string): Readonly<Record<string, unknown>> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, that is, keys: it is neither repeated nor kept as the cause.
    throw unusable(file, ['is not valid JSON']);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unusable(file, ['is not a JSON object of key name to base64']);
  }
  return value as Record<string, unknown>;
};

/**
 * The names as written, in order, repeated ones too: JSON.parse would silently keep the last of two keys, and which one
 * signs must not be luck. Nested objects add their names to the list, which then are problems themselves.
 */
const namesOf = (text: string): readonly string[] =>
  [...text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)]
    .filter((match) => match[2] !== undefined)
    .map((match) => JSON.parse(match[1] as string) as string);
