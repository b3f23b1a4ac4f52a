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
import { LetheError } from '../../core/errors.ts';
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

/**
 * Opens an envelope sealed under any version that the keys file still holds. Throws `invalid_config` where the version
 * is not there, and where the envelope, its coordinates or the key are not those it was sealed with.
 */
export const open = (keys: Keys, envelope: Uint8Array, associatedData: string): Uint8Array => {
  const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength);
  if (bytes.length < HEAD_BYTES + NONCE_BYTES + TAG_BYTES || bytes[0] !== FORMAT) {
    throw new LetheError('invalid_config', 'this is no sealed envelope of a known format', {
      fix: 'Check that the value is a dead letter of Lethe, whole and decoded from base64 once.',
    });
  }
  const version = bytes.readUInt32BE(1);
  const known = requireKey(keys, 'dead_letter').find((each) => each.version === version);
  if (known === undefined) {
    throw new LetheError('invalid_config', `${keys.file}: version ${version} of the key "dead_letter" is missing`, {
      fix: 'Put the version that sealed this envelope back into the keys file.',
    });
  }
  const head = bytes.subarray(0, HEAD_BYTES);
  const nonce = bytes.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', known.key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([head, Buffer.from(associatedData, 'utf8')]));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const ciphertext = bytes.subarray(HEAD_BYTES + NONCE_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch (cause) {
    throw new LetheError('invalid_config', 'the envelope does not open: it, its coordinates or the key were changed', {
      fix: `Check that ${keys.file} holds the key that sealed it, under the same version.`,
      cause,
    });
  }
};
