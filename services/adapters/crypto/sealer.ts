/**
 * The sealed envelope of dead letters: AES-256-GCM (NIST SP 800-38D).
 *
 *     1 byte   format, 1
 *     4 bytes  version of the `dead_letter` key, big-endian
 *     12 bytes nonce
 *     …        ciphertext, as long as the plaintext
 *     16 bytes tag
 *
 * Authenticated besides the ciphertext: the format and key version, then the associated data as UTF-8. Random nonces
 * are safe for 2^32 envelopes under one key version; rotate before.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Sealer } from '../../core/ports.ts';
import { requireKey, type Keys } from './keys.ts';

const FORMAT = 1;
const HEAD_BYTES = 5;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Seals under the highest version of `dead_letter`. Throws `invalid_config` where that key is missing. */
export const makeSealer = (keys: Keys): Sealer => {
  const [{ version, key }] = requireKey(keys, 'dead_letter');
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(FORMAT, 0);
  head.writeUInt32BE(version, 1);
  return Object.freeze({
    seal: (plaintext: Uint8Array, associatedData: string) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.concat([head, Buffer.from(associatedData, 'utf8')]));
      return Buffer.concat([head, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
  });
};

/** Why an envelope stays closed. */
export type Unopened =
  /** It is no envelope, or one of a later format. */
  | { readonly ok: false; readonly problem: 'format' }
  /** The keys file holds no such version of `dead_letter`. */
  | { readonly ok: false; readonly problem: 'key_missing'; readonly version: number }
  /** It, its associated data or the key are not those it was sealed with. */
  | { readonly ok: false; readonly problem: 'altered'; readonly version: number };

export type Opened = { readonly ok: true; readonly plaintext: Uint8Array } | Unopened;

/** The version of `dead_letter` that an envelope needs; null where it is no envelope of a known format. */
export const keyVersionOf = (envelope: Uint8Array): number | null =>
  envelope.length < HEAD_BYTES || envelope[0] !== FORMAT ? null : asBuffer(envelope).readUInt32BE(1);

/** Opens an envelope sealed under any version that the keys file still holds. */
export const open = (keys: Keys, envelope: Uint8Array, associatedData: string): Opened => {
  const bytes = asBuffer(envelope);
  const version = keyVersionOf(envelope);
  if (version === null || bytes.length < HEAD_BYTES + NONCE_BYTES + TAG_BYTES) return { ok: false, problem: 'format' };
  const known = keys.versions.dead_letter.find((each) => each.version === version);
  if (known === undefined) return { ok: false, problem: 'key_missing', version };
  const head = bytes.subarray(0, HEAD_BYTES);
  const nonce = bytes.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', known.key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([head, Buffer.from(associatedData, 'utf8')]));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const ciphertext = bytes.subarray(HEAD_BYTES + NONCE_BYTES, -TAG_BYTES);
    return { ok: true, plaintext: Buffer.concat([decipher.update(ciphertext), decipher.final()]) };
  } catch {
    return { ok: false, problem: 'altered', version };
  }
};

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
