import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeys } from '../../../../services/adapters/crypto/keys.ts';
import { keyVersionOf, makeSealer, open } from '../../../../services/adapters/crypto/sealer.ts';

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const keysOf = (entries: Record<string, string>) => parseKeys(JSON.stringify(entries), 'keys.json');
const one = keysOf({ dead_letter: key(1) });
const opened = (...args: Parameters<typeof open>): Buffer => {
  const result = open(...args);
  if (!result.ok) throw new Error(result.problem);
  return Buffer.from(result.plaintext);
};

describe('seal and open', () => {
  it('gives back any bytes, from any view of a buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (plaintext, associated) => {
        const sealed = makeSealer(one).seal(plaintext, associated);
        expect(sealed).toHaveLength(plaintext.length + 33);
        const shifted = new Uint8Array(sealed.length + 5);
        shifted.set(sealed, 3);
        const view = shifted.subarray(3, 3 + sealed.length);
        expect(opened(one, view, associated).equals(Buffer.from(plaintext))).toBe(true);
      }),
    );
  });

  it('lays the envelope out as documented', () => {
    const keys = keysOf({ dead_letter: key(1), 'dead_letter@258': key(2) });
    expect(Buffer.from(makeSealer(keys).seal(Buffer.of(1), '').subarray(0, 5)).toString('hex')).toBe('0100000102');
  });

  it('never seals twice alike', () => {
    const sealer = makeSealer(one);
    const seals = Array.from({ length: 50 }, () =>
      Buffer.from(sealer.seal(Buffer.from('same'), 'same')).toString('hex'),
    );
    expect(new Set(seals.map((hex) => hex.slice(10, 34))).size).toBe(50);
    expect(new Set(seals.map((hex) => hex.slice(34))).size).toBe(50);
  });

  it('opens what an older version sealed and seals with the newer one', () => {
    const old = makeSealer(one).seal(Buffer.from('value'), 'raw/0/7');
    const rotated = keysOf({ dead_letter: key(1), 'dead_letter@2': key(2) });
    expect(opened(rotated, old, 'raw/0/7').toString()).toBe('value');
    const fresh = makeSealer(rotated).seal(Buffer.from('value'), 'raw/0/7');
    expect(opened(keysOf({ 'dead_letter@2': key(2) }), fresh, 'raw/0/7').toString()).toBe('value');
    expect(open(one, fresh, 'raw/0/7')).toEqual({ ok: false, problem: 'key_missing', version: 2 });
    expect([keyVersionOf(old), keyVersionOf(fresh)]).toEqual([1, 2]);
  });

  it('refuses every envelope of which one bit was changed', () => {
    const keys = keysOf({ dead_letter: key(1), 'dead_letter@3': key(1) });
    const sealed = makeSealer(one).seal(Buffer.from('value'), 'raw/0/7');
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(open(keys, changed, 'raw/0/7').ok, `bit ${bit}`).toBe(false);
    }
  });

  it.each(['raw/0/8', '', 'raw/0/7 '])('refuses other coordinates: %j', (associated) => {
    const sealed = makeSealer(one).seal(Buffer.from('value'), 'raw/0/7');
    expect(open(one, sealed, associated)).toEqual({ ok: false, problem: 'altered', version: 1 });
  });

  it('refuses a key that is another one under the same version', () => {
    const sealed = makeSealer(one).seal(Buffer.from('value'), 'raw/0/7');
    expect(open(keysOf({ dead_letter: key(2) }), sealed, 'raw/0/7')).toMatchObject({ problem: 'altered' });
  });

  it('refuses what is too short or of another format', () => {
    const sealed = makeSealer(one).seal(Buffer.alloc(0), '');
    for (const length of [0, 1, 5, 17, 32]) {
      expect(open(one, sealed.subarray(0, length), '')).toEqual({ ok: false, problem: 'format' });
    }
    expect(opened(one, sealed, '')).toHaveLength(0);
    expect(keyVersionOf(Buffer.of(2, 0, 0, 0, 1))).toBeNull();
  });

  it('needs a dead_letter key', () => {
    expect(() => makeSealer(keysOf({ subject: key(1) }))).toThrow('keys.json: the key "dead_letter" is missing');
  });
});
