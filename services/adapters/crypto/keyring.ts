import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { Keyring } from '../../core/keyring.ts';
import { makeGenerations } from './generations.ts';
import { makeHmac } from './hmac.ts';
import { requireKey, type Keys } from './keys.ts';

/**
 * Values kept per generation. Measured: 20 MB once both generations of tokens and pseudonyms are full; a hit takes
 * 0.15 µs where computing takes 2.5 to 5.
 */
const REMEMBERED = 25_000;

type SubjectTokens = Keyring['subjectTokens'];

/**
 * Subject tokens alone, for commands that need no pseudonyms: HMAC-SHA-256 of the subject id under every version of
 * the `subject` key, the highest first. Throws `invalid_config` where the key is missing.
 */
export const makeSubjectTokens = (keys: Keys, remembered: number = REMEMBERED): SubjectTokens => {
  const [sign, ...read] = requireKey(keys, 'subject').map(({ key }) => makeHmac(key)) as [Hmac, ...Hmac[]];
  const remember = makeGenerations<readonly string[]>(remembered);
  const compute = (subject: string): readonly string[] => [sign, ...read].map((hmac) => hmac(subject));
  return (subject) => remember('', subject, compute);
};

/**
 * The keyed functions of the core over a keys file. A pseudonym is HMAC-SHA-256 under a key of its domain, which
 * HKDF-SHA-256 (RFC 5869) derives from the highest `pseudonym` key; the domain's name is in the `info`, so that values
 * of two domains cannot be joined. Both are remembered, bounded by `remembered` per generation.
 *
 * Throws `invalid_config` where `subject` or `pseudonym` is missing.
 */
export const makeKeyring = (keys: Keys, remembered: number = REMEMBERED): Keyring => {
  const [signing, ...earlier] = makePseudonymVersions(keys) as [PseudonymVersion, ...PseudonymVersion[]];
  const remember = makeGenerations<string>(remembered);
  const compute = (text: string, domain: string): string => signing.pseudonym(domain, text);
  const pseudonym = (domain: string, text: string): string => remember(domain, text, compute);
  return Object.freeze({
    subjectTokens: makeSubjectTokens(keys, remembered),
    pseudonym,
    pseudonymsOf: (domain: string, text: string) => [
      pseudonym(domain, text),
      ...earlier.map((version) => version.pseudonym(domain, text)),
    ],
  });
};

export type PseudonymVersion = {
  /** Of the key `pseudonym`: 1, or N of `pseudonym@N`. */
  readonly version: number;
  readonly pseudonym: (domain: string, text: string) => string;
};

/**
 * Pseudonyms by every version of the key that the file still has, the highest (which signs) first: what was published
 * before a rotation is found by the others. Throws `invalid_config` where `pseudonym` is missing.
 */
export const makePseudonymVersions = (keys: Keys): readonly PseudonymVersion[] =>
  requireKey(keys, 'pseudonym').map(({ version, key }) => {
    /** As many as the policies name: bounded by the configuration, not by data. */
    const byDomain = new Map<string, Hmac>();
    const pseudonym = (domain: string, text: string): string => {
      let hmac = byDomain.get(domain);
      if (hmac === undefined) {
        hmac = makeHmac(domainKey(key, domain));
        byDomain.set(domain, hmac);
      }
      return hmac(text);
    };
    return Object.freeze({ version, pseudonym });
  });

type Hmac = (text: string) => string;

const domainKey = (key: KeyObject, domain: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `lethe/pseudonym/1/${domain}`, 32)));
