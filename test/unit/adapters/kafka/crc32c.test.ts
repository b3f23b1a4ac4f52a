import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32c } from '../../../../services/adapters/kafka/crc32c.ts';

const of = (bytes: Uint8Array): number => crc32c(bytes, 0, bytes.length);

it.each([
  ['no bytes', new Uint8Array(0), 0],
  ['the check value of the catalogue of CRCs', Buffer.from('123456789'), 0xe3069283],
  // RFC 3720 appendix B.4
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['32 ascending', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
] as const)('of %s', (_, bytes, sum) => {
  expect(of(bytes)).toBe(sum);
});

it('covers the range given and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), fc.uint8Array(), (before, bytes, after) => {
      const all = Uint8Array.from([...before, ...bytes, ...after]);
      expect(crc32c(all, before.length, before.length + bytes.length)).toBe(of(bytes));
    }),
  );
});
