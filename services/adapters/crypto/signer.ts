/** Ed25519 (RFC 8032) over checkpoints: the seed is the `checkpoint` key; the public key alone is enough to check. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { LetheError } from '../../core/errors.ts';
import { type Keys, type KeyVersion, requireKey } from './keys.ts';

export type Signer = {
  /** Names the public key: the first 16 hex digits of the SHA-256 of its 32 bytes. */
  readonly key: string;
  /** The signature of a text's UTF-8, base64. */
  readonly sign: (text: string) => string;
};

/** A public key by its name. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;

/** What RFC 8410 puts in front of a 32-byte seed in PKCS #8, and of a 32-byte public key in SubjectPublicKeyInfo. */
const SEED_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PUBLIC_BYTES = 32;
const PEM_BLOCK = /-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----/g;

/** Signs with the highest version of `checkpoint`. Throws `invalid_config` where that key is missing. */
export const makeSigner = (keys: Keys): Signer => {
  const [highest] = requireKey(keys, 'checkpoint');
  const key = privateKey(highest);
  return Object.freeze({
    key: nameOf(createPublicKey(key)),
    sign: (text: string) => sign(null, Buffer.from(text, 'utf8'), key).toString('base64'),
  });
};

/** The public keys of every version of `checkpoint`, the highest first. Throws `invalid_config` where there is none. */
export const publicKeysOf = (keys: Keys): PublicKeys =>
  named(requireKey(keys, 'checkpoint').map((version) => createPublicKey(privateKey(version))));

/** As PEM, one block a key. */
export const publicKeysPem = (keys: PublicKeys): string =>
  [...keys.values()].map((key) => key.export({ type: 'spki', format: 'pem' }).toString()).join('');

/**
 * Reads what people hand on as a public key: PEM, one block or several, or the base64 of the 32 bytes.
 *
 * @param file names it in messages.
 * @throws LetheError `invalid_config`; the text is not repeated: it may be a private key.
 */
export const parsePublicKeys = (text: string, file: string): PublicKeys => {
  try {
    const blocks = text.match(PEM_BLOCK);
    const keys = blocks === null ? [fromBase64(text)] : blocks.map((block) => createPublicKey(block));
    if (keys.some(({ asymmetricKeyType }) => asymmetricKeyType !== 'ed25519')) throw new Error('another kind of key');
    return named(keys);
  } catch {
    // What the parser says may quote the text.
    throw new LetheError('invalid_config', `${file}: this is no Ed25519 public key`, {
      fix: 'Give the file that `lethe keys public` prints (PEM), or the base64 of the 32 bytes.',
    });
  }
};

/** Whether a signature is good, bad, or of a key that is not among these. */
export const makeSignatureCheck =
  (keys: PublicKeys) =>
  (key: string, text: string, signature: string): 'good' | 'unknown_key' | 'bad' => {
    const known = keys.get(key);
    if (known === undefined) return 'unknown_key';
    const bytes = Buffer.from(signature, 'base64');
    // Decoding passes over what is no base64: the same signature, written otherwise, would be another line.
    if (bytes.toString('base64') !== signature) return 'bad';
    return verify(null, Buffer.from(text, 'utf8'), known, bytes) ? 'good' : 'bad';
  };

const privateKey = ({ key }: KeyVersion): KeyObject =>
  createPrivateKey({ key: Buffer.concat([SEED_PREFIX, key.export()]), format: 'der', type: 'pkcs8' });

const fromBase64 = (text: string): KeyObject => {
  const trimmed = text.trim();
  const bytes = Buffer.from(trimmed, 'base64');
  if (bytes.toString('base64') !== trimmed) throw new Error('no base64');
  const der = bytes.length === PUBLIC_BYTES ? Buffer.concat([PUBLIC_PREFIX, bytes]) : bytes;
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
};

const named = (keys: readonly KeyObject[]): PublicKeys => new Map(keys.map((key) => [nameOf(key), key]));

const nameOf = (key: KeyObject): string => {
  const bytes = key.export({ type: 'spki', format: 'der' }).subarray(PUBLIC_PREFIX.length);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
};
