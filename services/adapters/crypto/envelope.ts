/**
 * The envelope of an encrypted value: the text `lethe:v1:` and the base64url of
 *
 *     4 bytes   version of the `data_key_ref` key, big-endian
 *     24 bytes  nonce
 *     2 bytes   length of the reference, big-endian
 *     …         the reference: subject token, purpose and path as JSON; AES-256-GCM
 *     16 bytes  its tag
 *     …         the value's JSON text; AES-256-GCM
 *     16 bytes  its tag
 *
 * The reference says whose key it is, to those alone who hold `data_key_ref`: a bare token, or anything made of it, would
 * tell which records of different purposes are one person's. Its key is made anew for every value from the first half of
 * the nonce, so that one `data_key_ref` lasts for ever: a random 96-bit nonce is safe for 2^32 values of one key only
 * (NIST SP 800-38D section 8.3). The value's key is derived from the subject's data key for the purpose (HKDF-SHA-256,
 * RFC 5869). Topic, purpose and path are authenticated with it: a value moved to another field or topic does not open.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { EncryptedPlace, SubjectCipher } from '../../core/data-key.ts';
import type { EnvelopeReader, Reference } from '../../core/decrypt.ts';
import { requireKey, type Keys } from './keys.ts';

export const ENVELOPE_PREFIX = 'lethe:v1:';
const HEAD_BYTES = 30;
const NONCE_AT = 4;
const HALF = 12;
const LENGTH_AT = 28;
const TAG_BYTES = 16;
const DATA_KEY_BYTES = 32;

/** A new data key, from the system's random source. */
export const newDataKey = (): Uint8Array => randomBytes(DATA_KEY_BYTES);

/**
 * Makes the cipher of a subject from its data key. Throws `invalid_config` where the keys file has no `data_key_ref`.
 */
export function makeCipherMaker(keys: Keys): (token: string, dataKey: Uint8Array) => SubjectCipher {
  const [{ version, key: refKey }] = requireKey(keys, 'data_key_ref');
  return (token, dataKey) => {
    const root = createSecretKey(dataKey);
    /** As many as the policies name. */
    const byPurpose = new Map<string, KeyObject>();
    return {
      encrypt: (place, json) => {
        let key = byPurpose.get(place.purpose);
        if (key === undefined) byPurpose.set(place.purpose, (key = purposeKey(root, place.purpose)));
        const head = Buffer.alloc(HEAD_BYTES);
        head.writeUInt32BE(version, 0);
        randomBytes(2 * HALF).copy(head, NONCE_AT);
        const [salt, nonce] = halves(head);
        const reference = JSON.stringify([token, place.purpose, place.path]);
        const sealedRef = seal(referenceKey(refKey, salt), nonce, `ref ${place.topic}`, reference);
        head.writeUInt16BE(sealedRef.length - TAG_BYTES, LENGTH_AT);
        const sealed = seal(key, nonce, boundTo(place), json);
        return ENVELOPE_PREFIX + Buffer.concat([head, sealedRef, sealed]).toString('base64url');
      },
    };
  };
}

/** Reads envelopes under any version of `data_key_ref` that the keys file still holds. Throws as `makeCipherMaker`. */
export function makeEnvelopeReader(keys: Keys): EnvelopeReader {
  const versions = requireKey(keys, 'data_key_ref');
  return {
    reference: (text, topic) => {
      const parts = split(text);
      if (parts === null) return { ok: false, problem: 'format' };
      const known = versions.find(({ version }) => version === parts.version);
      if (known === undefined) return { ok: false, problem: 'key_missing' };
      const json = open(referenceKey(known.key, parts.salt), parts.nonce, `ref ${topic}`, parts.reference);
      const reference = json === null ? null : parseReference(json);
      return reference === null ? { ok: false, problem: 'altered' } : { ok: true, reference };
    },
    value: (text, topic, { purpose, path }, dataKey) => {
      const parts = split(text);
      if (parts === null) return null;
      const key = purposeKey(createSecretKey(dataKey), purpose);
      return open(key, parts.nonce, boundTo({ topic, purpose, path }), parts.value);
    },
  };
}

type Parts = {
  readonly version: number;
  readonly salt: Buffer;
  readonly nonce: Buffer;
  readonly reference: Buffer;
  readonly value: Buffer;
};

const BASE64URL = /^[A-Za-z0-9_-]+$/;

function split(text: string): Parts | null {
  const body = text.startsWith(ENVELOPE_PREFIX) ? text.slice(ENVELOPE_PREFIX.length) : '';
  if (!BASE64URL.test(body)) return null;
  const bytes = Buffer.from(body, 'base64url');
  // Bits that no byte takes could be changed unnoticed: a text is an envelope in one way only.
  if (bytes.length < HEAD_BYTES + 2 * TAG_BYTES || bytes.toString('base64url') !== body) return null;
  const end = HEAD_BYTES + bytes.readUInt16BE(LENGTH_AT) + TAG_BYTES;
  if (bytes.length < end + TAG_BYTES) return null;
  const [salt, nonce] = halves(bytes);
  return {
    ...{ version: bytes.readUInt32BE(0), salt, nonce },
    ...{ reference: bytes.subarray(HEAD_BYTES, end), value: bytes.subarray(end) },
  };
}

function halves(head: Buffer): readonly [Buffer, Buffer] {
  return [head.subarray(NONCE_AT, NONCE_AT + HALF), head.subarray(NONCE_AT + HALF, LENGTH_AT)];
}

function parseReference(json: string): Reference | null {
  const value: unknown = JSON.parse(json);
  if (!Array.isArray(value) || value.length !== 3 || !value.every((one) => typeof one === 'string')) return null;
  const [token, purpose, path] = value as [string, string, string];
  return { token, purpose, path };
}

function referenceKey(key: KeyObject, salt: Buffer): Buffer {
  return createHmac('sha256', key).update('lethe/encrypt/1/reference').update(salt).digest();
}

function purposeKey(dataKey: KeyObject, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', dataKey, Buffer.alloc(0), `lethe/encrypt/1/${purpose}`, 32)));
}

function boundTo({ topic, purpose, path }: EncryptedPlace): string {
  return `value ${JSON.stringify([topic, purpose, path])}`;
}

function seal(key: KeyObject | Buffer, nonce: Buffer, bound: string, text: string): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(`lethe/encrypt/1 ${bound}`, 'utf8'));
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

function open(key: KeyObject | Buffer, nonce: Buffer, bound: string, sealed: Buffer): string | null {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(`lethe/encrypt/1 ${bound}`, 'utf8'));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}
