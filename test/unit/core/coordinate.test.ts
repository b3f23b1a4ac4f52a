import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCoordinate } from '../../../services/core/coordinate.ts';

describe('coordinates', () => {
  it('reads what Lethe writes', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/),
        fc.nat(),
        fc.maxSafeNat(),
        (topic, partition, offset) => {
          expect(parseCoordinate(`${topic}/${partition}/${offset}`)).toEqual({ topic, partition, offset });
        },
      ),
    );
  });

  it.each([
    '',
    'raw',
    'raw/0',
    'raw/0/',
    '/0/1',
    'raw/0/1/2',
    'raw/-1/0',
    'raw/0/1.5',
    'raw/01/1',
    'raw/0/1e3',
    'raw/0/1 ',
    'raw/0/1\n',
    'a b/0/1',
    'raw/0/9007199254740992',
    'raw/2147483648/0',
  ])('refuses %j', (text) => {
    expect(parseCoordinate(text)).toBeNull();
  });
});
