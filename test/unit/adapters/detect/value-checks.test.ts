import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkValue } from '../../../../services/adapters/detect/value-checks.ts';

describe('checkValue', () => {
  it.each([
    ['user1@example.com', 'email'],
    ['write to user1@example.com please', 'email_within'],
    ['+49 30 901820', 'phone'],
    ['0033 1 42 68 53 00', 'phone'],
    ['4930901820', 'phone_likely'],
    ['(202) 456-1111', 'phone_likely'],
    ['DE89 3704 0044 0532 0130 00', 'iban'],
    ['4111111111111111', 'card'],
    ['5555 5555 5555 4444', 'card'],
    ['192.0.2.1', 'ip'],
    ['192.0.2.1:8080', 'ip'],
    ['2001:db8::1', 'ip'],
    ['00:1B:44:11:3A:B7', 'mac'],
    ['$2b$12$abcdefghijklmnopqrstuv', 'secret'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'jwt'],
    ['0b8f1a9e-54b1-4a5e-9d3f-0f3c4a1b2c3d', 'uuid'],
    ['https://example.com/a?b=c', 'url'],
    ['Mozilla/5.0 (X11; Linux x86_64)', 'user_agent'],
    ['52.5200, 13.4050', 'coordinates'],
  ])('%j is %s', (text, kind) => {
    expect(checkValue(text).kinds).toContain(kind);
  });

  it.each([
    '',
    ' ',
    'order',
    '2026-01-01',
    '2026-01-01T00:00:00Z',
    '4111111111111112',
    'DE00370400440532013000',
    '999.1.1.1',
    '1.2.3',
    'a@',
    '1.5',
  ])('%j is nothing', (text) => {
    expect(checkValue(text).kinds).toEqual([]);
  });

  it.each([
    ['078-05-1120', 'US'],
    ['QQ123456C', null],
    ['AB123456C', 'GB'],
    ['255081416802538', 'FR'],
    ['12345678Z', 'card ES'],
    ['44051401359', 'card PL'],
    ['86095742719', 'tax de-DE'],
    ['000-12-3456', null],
  ])('%j is the national id of %s', (text, scheme) => {
    if (scheme === null) expect(checkValue(text).nationalIds).toEqual([]);
    else expect(checkValue(text).nationalIds).toContain(scheme);
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom(...'0123456789AZ+ .@/-') })),
        (text) => {
          expect(Array.isArray(checkValue(text).kinds)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
