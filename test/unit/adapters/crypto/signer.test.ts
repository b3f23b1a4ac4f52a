import { generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateKeys, parseKeys } from '../../../../services/adapters/crypto/keys.ts';
import {
  makeSignatureCheck,
  makeSigner,
  parsePublicKeys,
  publicKeysOf,
  publicKeysPem,
} from '../../../../services/adapters/crypto/signer.ts';

const keysOf = (entries: Record<string, Buffer>) =>
  parseKeys(
    JSON.stringify(Object.fromEntries(Object.entries(entries).map(([name, seed]) => [name, seed.toString('base64')]))),
    'keys.json',
  );
const seed = (byte: number): Buffer => Buffer.alloc(32, byte);

describe('the checkpoint key', () => {
  it('signs as RFC 8032, section 7.1, test 1 has it', () => {
    const keys = keysOf({
      checkpoint: Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'),
    });
    expect(Buffer.from(makeSigner(keys).sign(''), 'base64').toString('hex')).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
    const [key] = publicKeysOf(keys).values();
    expect(key?.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex')).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
  });

  it('is checked with the public key alone, as PEM or as base64', () => {
    const keys = parseKeys(generateKeys(), 'keys.json');
    const signer = makeSigner(keys);
    const signature = signer.sign('text');
    const pem = publicKeysPem(publicKeysOf(keys));
    expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n[^-]+\n-----END PUBLIC KEY-----\n$/);
    const [key] = publicKeysOf(keys).values();
    const raw = key!.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
    for (const text of [pem, `# ours\n${pem}`, raw, `${raw}\n`]) {
      const check = makeSignatureCheck(parsePublicKeys(text, 'checkpoint.pem'));
      expect(check(signer.key, 'text', signature)).toBe('good');
      expect(check(signer.key, 'texts', signature)).toBe('bad');
      expect(check(signer.key, 'text', ` ${signature}`)).toBe('bad');
      expect(check(signer.key, 'text', '')).toBe('bad');
      expect(check('0123456789abcdef', 'text', signature)).toBe('unknown_key');
    }
    expect(verify(null, Buffer.from('text'), key!, Buffer.from(signature, 'base64'))).toBe(true);
  });

  it('of the highest version signs, all are known', () => {
    const old = keysOf({ checkpoint: seed(1) });
    const both = keysOf({ checkpoint: seed(1), 'checkpoint@2': seed(2) });
    const [newest, oldest] = [makeSigner(both).key, makeSigner(old).key];
    expect(newest).not.toBe(oldest);
    expect([...publicKeysOf(both).keys()]).toEqual([newest, oldest]);
    expect([...parsePublicKeys(publicKeysPem(publicKeysOf(both)), 'f').keys()]).toEqual([newest, oldest]);
    expect(makeSignatureCheck(publicKeysOf(both))(oldest, 'x', makeSigner(old).sign('x'))).toBe('good');
  });

  it('is only missed by who needs it', () => {
    expect(() => makeSigner(keysOf({ subject: seed(1) }))).toThrow('keys.json: the key "checkpoint" is missing');
  });
});

describe('what is no Ed25519 public key', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['31 bytes', Buffer.alloc(31).toString('base64')],
    ['a private key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['a key of another kind', publicKey.export({ type: 'spki', format: 'pem' }).toString()],
  ])('%s is refused and not repeated', (_, text) => {
    expect(() => parsePublicKeys(text, 'some.pem')).toThrow(/^some\.pem: this is no Ed25519 public key$/);
  });
});
