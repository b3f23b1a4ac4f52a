/**
 * Data keys wrapped by the `data_key` of the keys file: `lethe:1:VERSION:` and the base64url of nonce, ciphertext and tag
 * of AES-256-GCM (NIST SP 800-38D). Version and token are authenticated, so that no subject's key opens as another's.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyWrapper, WrappedKey } from '../../core/data-key.ts';
import { requireKey, type Keys } from './keys.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const WRAPPED = /^lethe:1:([1-9][0-9]{0,9}):([A-Za-z0-9_-]{80})$/;

/** Throws `invalid_config` where the keys file has no `data_key`. */
export function makeFileWrapper(keys: Keys): KeyWrapper {
  const versions = requireKey(keys, 'data_key');
  const [{ version, key: current }] = versions;

  const wrap = (token: string, key: Uint8Array): string => {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', current, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(boundTo(version, token));
    const sealed = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
    return `lethe:1:${version}:${sealed.toString('base64url')}`;
  };

  const unwrap = ({ token, wrapped }: WrappedKey): Uint8Array | null => {
    const [, number = '', text = ''] = WRAPPED.exec(wrapped) ?? [];
    const known = versions.find((each) => String(each.version) === number);
    if (known === undefined) return null;
    const sealed = Buffer.from(text, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', known.key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(boundTo(known.version, token));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      const body = sealed.subarray(NONCE_BYTES, NONCE_BYTES + KEY_BYTES);
      return Uint8Array.from(Buffer.concat([decipher.update(body), decipher.final()]));
    } catch {
      return null;
    }
  };

  return {
    version: () => Promise.resolve(version),
    versionOf: (wrapped) => {
      const number = WRAPPED.exec(wrapped)?.[1];
      return number === undefined ? null : Number(number);
    },
    wrap: (many) => Promise.resolve(many.map(({ token, key }) => wrap(token, key))),
    unwrap: (many) => Promise.resolve(many.map(unwrap)),
    rewrap: (many) =>
      Promise.resolve(
        many.map((one) => {
          const key = unwrap(one);
          return key === null ? null : wrap(one.token, key);
        }),
      ),
  };
}

function boundTo(version: number, token: string): Buffer {
  return Buffer.from(`lethe/data-key/1/${version}/${token}`, 'utf8');
}
