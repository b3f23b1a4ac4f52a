import { describe, expect, it } from 'vitest';
import { checkValue } from '../../../../services/adapters/detect/value-checks.ts';
import { looksLikeValue, settleKeys } from '../../../../services/core/propose/map-keys.ts';

describe('looksLikeValue', () => {
  it.each([
    'someone@example.com',
    '+4930901820',
    '192.0.2.7',
    'fe80::1',
    '2026-01-01',
    '0b8f1a9e-54b1-4a5e-9d3f-0f3c4a1b2c3d',
    'deadbeef0123',
    'DE89370400440532013000',
    '10115',
    'k12345',
    'Anna Beispiel',
    'line\nbreak',
    'x'.repeat(65),
    '',
  ])('takes %j for data', (key) => {
    expect(looksLikeValue(key, checkValue)).toBe(true);
  });

  it.each([
    'email',
    'customerId',
    'First Name',
    'straße',
    'address1',
    'app.version',
    '@type',
    '$schema',
    '_id',
    'sha256',
  ])('takes %j for a name', (key) => {
    expect(looksLikeValue(key, checkValue)).toBe(false);
  });
});

describe('settleKeys', () => {
  const uses = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([key, count]) => ({ key, count, form: 's' }));
  const mapped = (counts: Readonly<Record<string, number>>, objects: number, hidden = false, root = false) =>
    [...settleKeys(uses(counts), objects, hidden, root).mapped].toSorted();

  it('takes keys that come once each for those of a map', () => {
    expect(mapped({ alice: 1, bob: 1 }, 2)).toEqual(['alice', 'bob']);
    expect(mapped({ alice: 1, bob: 1, carol: 2, email: 3 }, 3)).toEqual([]);
    expect(mapped({ alice: 1, bob: 1, carol: 1, email: 3 }, 3)).toEqual(['alice', 'bob', 'carol']);
  });

  it('takes rare keys beside keys that look like values for those of a map, and leaves usual ones', () => {
    expect(mapped({ alice: 3, zorp: 9 }, 10, true)).toEqual(['alice']);
  });

  it('takes many rare keys over the like for a bag, though the words are known', () => {
    const words = 'color size brand weight length label title level tier group role mode unit score rank rate'.split(
      ' ',
    );
    expect(mapped(Object.fromEntries(words.map((word) => [word, 10])), 100)).toEqual(words.toSorted());
    expect(mapped(Object.fromEntries(words.map((word) => [word, 90])), 100)).toEqual([]);
  });

  it('needs words that fields are called by where there is one object, but for the record itself', () => {
    expect(mapped({ alice: 1 }, 1)).toEqual(['alice']);
    expect(mapped({ alice: 1, email: 1 }, 1)).toEqual([]);
    expect(mapped({ zorp: 1 }, 1, false, true)).toEqual([]);
  });

  it('names no key of a large sample that came once', () => {
    const settled = settleKeys(uses({ zorp: 900, blub: 900, alice: 1, giftCode: 1 }), 1_000, false, false);
    expect([...settled.unsure]).toEqual(['alice']);
    expect([...settled.named]).toEqual(['zorp', 'blub', 'giftCode']);
  });
});
