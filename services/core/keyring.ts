/**
 * Keyed functions the core needs. Keys never enter the core; an implementation closes over them
 * (adapters/crypto/keyring.ts). All results are base64url without padding.
 */
export type Keyring = {
  /**
   * The tokens under which a subject may be known, the signing (highest) version of the `subject` key first. More than
   * one only while a rotated key is still read.
   */
  readonly subjectTokens: (subject: string) => readonly string[];
  /**
   * HMAC-SHA-256 of a value's text under the pseudonym key of a domain: same domain and text, same pseudonym; another
   * domain, unlinkable.
   */
  readonly pseudonym: (domain: string, text: string) => string;
  /**
   * The same under every version of the `pseudonym` key that is still read, the signing (highest) first: under the others
   * lies what was published before a rotation.
   */
  readonly pseudonymsOf: (domain: string, text: string) => readonly string[];
};
