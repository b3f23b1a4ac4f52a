import { createHmac, createSecretKey, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../../services/adapters/crypto/digest.ts';
import { makeGenerations } from '../../../../services/adapters/crypto/generations.ts';
import { makeHmac } from '../../../../services/adapters/crypto/hmac.ts';
import { makeKeyring, makePseudonymVersions, makeSubjectTokens } from '../../../../services/adapters/crypto/keyring.ts';
import { parseKeys } from '../../../../services/adapters/crypto/keys.ts';
import { LetheError } from '../../../../services/core/errors.ts';

const bytes = (fill: number): Buffer => Buffer.alloc(32, fill);
const keysOf = (entries: Record<string, number>) =>
  parseKeys(
    JSON.stringify(Object.fromEntries(Object.entries(entries).map(([k, fill]) => [k, bytes(fill).toString('base64')]))),
    'keys.json',
  );
const hmac = (key: Uint8Array, text: string): string => createHmac('sha256', key).update(text).digest('base64url');

describe('makeHmac', () => {
  it('is HMAC-SHA-256, test case 2 of RFC 4231', () => {
    const key = createSecretKey(Buffer.from('Jefe'));
    expect(Buffer.from(makeHmac(key)('what do ya want for nothing?'), 'base64url').toString('hex')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it('equals the one of node:crypto for every text, one after another', () => {
    const key = bytes(7);
    const own = makeHmac(createSecretKey(key));
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 2000, size: 'max' }), (text) => {
        expect(own(text)).toBe(hmac(key, text));
      }),
      // Shrinking a long text takes minutes and says nothing: the table below has the edges.
      { endOnFailure: true },
    );
  });

  it.each([0, 1, 340, 341, 342, 1023, 1024, 1025, 5000])('has no edge at %d characters of three bytes', (length) => {
    const text = '€'.repeat(length);
    expect(makeHmac(createSecretKey(bytes(7)))(text)).toBe(hmac(bytes(7), text));
  });

  it('keeps texts apart that differ only in a lone surrogate', () => {
    const own = makeHmac(createSecretKey(bytes(7)));
    expect(new Set(['\ud800', '\ud801', '\udc00', '\ufffd'].map(own)).size).toBe(4);
  });
});

describe('subjectTokens', () => {
  it('is the HMAC of the subject id under the subject key, base64url', () => {
    expect(makeKeyring(keysOf({ subject: 1, pseudonym: 2 })).subjectTokens('cust-1')).toEqual([
      hmac(bytes(1), 'cust-1'),
    ]);
  });

  it('gives one token for every version, the highest first', () => {
    const tokens = makeSubjectTokens(keysOf({ 'subject@2': 2, subject: 1, 'subject@10': 10 }));
    expect(tokens('cust-1')).toEqual([10, 2, 1].map((fill) => hmac(bytes(fill), 'cust-1')));
  });

  it('needs no pseudonym key where no pseudonyms are made', () => {
    expect(() => makeKeyring(keysOf({ subject: 1 }))).toThrow('keys.json: the key "pseudonym" is missing');
    expect(() => makeKeyring(keysOf({ pseudonym: 1 }))).toThrow(LetheError);
    expect(makeSubjectTokens(keysOf({ subject: 1 }))('cust-1')).toHaveLength(1);
  });
});

describe('pseudonym', () => {
  const keyring = makeKeyring(keysOf({ subject: 1, pseudonym: 1 }));

  it('is the HMAC under a key that HKDF derives for the domain', () => {
    const derived = new Uint8Array(hkdfSync('sha256', bytes(1), Buffer.alloc(0), 'lethe/pseudonym/1/analytics', 32));
    expect(keyring.pseudonym('analytics', 'cust-1')).toBe(hmac(derived, 'cust-1'));
  });

  it('joins within a domain and does not across domains, nor with the subject token of an equal key', () => {
    expect(keyring.pseudonym('analytics', 'cust-1')).toBe(keyring.pseudonym('analytics', 'cust-1'));
    const all = [
      keyring.pseudonym('analytics', 'cust-1'),
      keyring.pseudonym('marketing', 'cust-1'),
      keyring.pseudonym('', 'analyticscust-1'),
      keyring.subjectTokens('cust-1')[0],
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('signs with the highest version alone', () => {
    const [old, both, next] = [
      keysOf({ subject: 1, pseudonym: 1 }),
      keysOf({ subject: 1, pseudonym: 1, 'pseudonym@2': 2 }),
      keysOf({ subject: 1, pseudonym: 2 }),
    ].map((keys) => makeKeyring(keys).pseudonym('analytics', 'cust-1'));
    expect(both).toBe(next);
    expect(both).not.toBe(old);
  });

  it('gives the same however much it has forgotten', () => {
    const forgetful = makeKeyring(keysOf({ subject: 1, pseudonym: 1 }), 2);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2', '3', '4', '5'))), (asks) => {
        for (const [domain, text] of asks) {
          expect(forgetful.pseudonym(domain, text)).toBe(keyring.pseudonym(domain, text));
          expect(forgetful.subjectTokens(text)).toEqual(keyring.subjectTokens(text));
        }
      }),
    );
  });
});

describe('makeGenerations', () => {
  const counting = (limit: number) => {
    const computed: string[] = [];
    const remember = makeGenerations<string>(limit);
    const ask = (text: string, space = 's') =>
      remember(space, text, () => {
        computed.push(`${space}${text}`);
        return `${space}${text}`;
      });
    return { ask, computed };
  };

  it('computes once what is asked for again', () => {
    const { ask, computed } = counting(3);
    for (const text of ['a', 'b', 'a', 'a', 'b']) expect(ask(text)).toBe(`s${text}`);
    expect(computed).toEqual(['sa', 'sb']);
  });

  it('keeps what was used since the last turn and forgets the rest', () => {
    const { ask, computed } = counting(2);
    for (const text of ['a', 'b', 'c', 'a', 'd', 'a', 'b']) ask(text);
    expect(computed).toEqual(['sa', 'sb', 'sc', 'sd', 'sb']);
  });

  it('keeps what was computed just after a turn as long as the rest', () => {
    const { ask, computed } = counting(2);
    for (const text of ['a', 'b', 'c', 'd', 'e', 'c']) ask(text);
    expect(computed).toEqual(['sa', 'sb', 'sc', 'sd', 'se']);
  });

  it('is bounded over all spaces together', () => {
    const { ask, computed } = counting(2);
    for (let round = 0; round < 2; round += 1) for (let i = 0; i < 6; i += 1) ask('a', `s${i}`);
    expect(computed).toHaveLength(12);
  });

  it('does not keep long texts', () => {
    const { ask, computed } = counting(2);
    ask('x'.repeat(129));
    ask('x'.repeat(129));
    expect(computed).toHaveLength(2);
  });
});

describe('sha256Hex', () => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ])('of %j, as FIPS 180-2 says', (text, digest) => {
    expect(sha256Hex(text)).toBe(digest);
    expect(sha256Hex(Buffer.from(text))).toBe(digest);
  });
});

describe('pseudonymsOf', () => {
  const rotated = makeKeyring(keysOf({ subject: 1, 'pseudonym@2': 2, pseudonym: 3, 'pseudonym@10': 10 }));

  it('gives one pseudonym for every version, the one that signs first', () => {
    const single = (fill: number): string =>
      makeKeyring(keysOf({ subject: 1, pseudonym: fill })).pseudonym('analytics', 'cust-1');
    expect(rotated.pseudonymsOf('analytics', 'cust-1')).toEqual([single(10), single(2), single(3)]);
    expect(rotated.pseudonym('analytics', 'cust-1')).toBe(single(10));
  });

  it('keeps domains apart under every version', () => {
    const all = ['analytics', 'marketing'].flatMap((domain) => rotated.pseudonymsOf(domain, 'cust-1'));
    expect(new Set(all).size).toBe(6);
  });

  it('names the version that made a pseudonym', () => {
    const versions = makePseudonymVersions(keysOf({ pseudonym: 1, 'pseudonym@2': 2 }));
    expect(versions.map(({ version }) => version)).toEqual([2, 1]);
    expect(versions[1]!.pseudonym('analytics', 'cust-1')).toBe(
      makeKeyring(keysOf({ subject: 1, pseudonym: 1 })).pseudonym('analytics', 'cust-1'),
    );
  });
});
