import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMask, maskDigits, maskEmail, maskEnds } from '../../../../services/core/apply/mask.ts';

describe('email', () => {
  it.each([
    ['user1@example.com', 'u***@example.com'],
    ['a@example.com', '***@example.com'],
    ['@example.com', '***@example.com'],
    ['𝒳y@example.com', '𝒳***@example.com'],
    ['𝒳@example.com', '***@example.com'],
    ['"a@b"@example.com', '"***@example.com'],
    ['user1@EXAMPLE.com', 'u***@EXAMPLE.com'],
    ['üser@münchen.example', 'ü***@münchen.example'],
    ['user1@', 'u***@'],
    ['user one@example.com', 'u***@example.com'],
  ])('%s', (text, masked) => {
    expect(maskEmail(text)).toBe(masked);
  });

  it.each([
    'user1',
    '',
    'user1 at example.com',
    'user1@example.com (first name)',
    'me @ home',
    'a@b\nc',
    'a@b\u00a0c',
    'a@b\u0085',
    'user1@example.com\u007f',
  ])('refuses %j', (text) => {
    expect(maskEmail(text)).toBeNull();
  });

  it('shows of the local part its first code point at most', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('example.com', 'xn--e1aybc.example', 'x'),
        (local, domain) => {
          const [first = ''] = local;
          const shown = [...local].length > 1 ? first : '';
          expect(maskEmail(`${local}@${domain}`)).toBe(`${shown}***@${domain}`);
        },
      ),
    );
  });
});

describe('phone and card', () => {
  it.each([
    ['+49 170 1234567', '+** *** ***4567'],
    ['4111 1111 1111 1234', '**** **** **** 1234'],
    ['4111-1111-1111-1234', '****-****-****-1234'],
    ['12345', '*2345'],
    // To the letter of the table: of four digits or fewer none is before the last four.
    ['1234', '1234'],
    ['no digits', 'no digits'],
    ['', ''],
    ['٠١٢٣٤٥٦٧', '****٤٥٦٧'],
    ['𝟎𝟏𝟐𝟑𝟒𝟓', '**𝟐𝟑𝟒𝟓'],
  ])('%s', (text, masked) => {
    expect(maskDigits(text)).toBe(masked);
  });
});

describe('first and last', () => {
  it.each([
    ['abcdef', 1, 2, '*', 'a***ef'],
    ['abc', 1, 2, '*', '***'],
    ['ab', 1, 2, '#', '##'],
    ['abcd', 1, 2, '#', 'a#cd'],
    ['', 1, 2, '*', ''],
    ['abc', 0, 0, '*', '***'],
    ['𝒳𝒴𝒵𝒲', 1, 1, '•', '𝒳••𝒲'],
    ['abcd', 2, 0, '*', 'ab**'],
    ['abcd', 0, 2, '*', '**cd'],
  ] as const)('%s, %d and %d', (text, first, last, char, masked) => {
    expect(maskEnds(text, first, last, char)).toBe(masked);
  });
});

it('masks work on text alone', () => {
  const mask = makeMask({ style: 'card' });
  expect(mask({ kind: 'number', text: '4111111111111234' })).toBeNull();
  expect(mask({ kind: 'boolean', text: 'true' })).toBeNull();
  expect(mask({ kind: 'string', text: '4111111111111234' })).toEqual({ kind: 'string', text: '************1234' });
  expect(makeMask({ style: 'phone' })({ kind: 'string', text: '123456' })?.text).toBe('**3456');
  expect(makeMask({ style: 'email' })({ kind: 'string', text: 'nobody' })).toBeNull();
  expect(makeMask({ style: 'ends', first: 1, last: 0, char: '*' })({ kind: 'string', text: 'abc' })?.text).toBe('a**');
});

it('masks ASCII, which it does by a shorter way, as it masks other text', () => {
  const ascii = fc.string({ unit: fc.constantFrom(...'0123456789 -+ab') });
  fc.assert(
    fc.property(ascii, fc.nat(4), fc.nat(4), (text, first, last) => {
      expect(maskDigits(`${text}é`)).toBe(`${maskDigits(text)}é`);
      if (text.length > first + last) {
        expect(maskEnds(`é${text}`, first + 1, last, '*')).toBe(`é${maskEnds(text, first, last, '*')}`);
      }
    }),
  );
});
