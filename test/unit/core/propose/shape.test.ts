import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shapeOf } from '../../../../services/core/propose/shape.ts';

describe('shapeOf', () => {
  it.each([
    ['Anna', 'A{1}a{3}'],
    ['user1@example.com', 'a{4}9{1}@a{5+}.a{3}'],
    ['+4930901820', '+9{5+}'],
    ['Weg 7', 'A{1}a{2} 9{1}'],
    ['7', '9{1}'],
    ['F', 'A{1}'],
    ['Ünal ß', 'A{1}a{3} a{1}'],
    ['#!', 'signs'],
    ['-', 'signs'],
    ['', 'empty text'],
  ])('%j is %j', (text, shape) => {
    expect(shapeOf(text)).toBe(shape);
  });

  it('is never the value, nor part of it, whatever the value', () => {
    const tricky = fc.string({ unit: fc.constantFrom('a', 'A', '9', '{', '}', '1', '5', '+', '-', '@', ' ', '.') });
    fc.assert(
      fc.property(fc.oneof(tricky, fc.string({ unit: 'grapheme' })), (text) => {
        fc.pre(text !== 'signs' && text !== 'empty text');
        const shape = shapeOf(text);
        expect(shape).not.toBe(text);
        expect(shape).toMatch(/^(?:[aA9]\{[1-5]\+?\}|[@._\-/:+,() ?])+$|^signs$|^empty text$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('tells no length from 5 up, and nothing of a long rest', () => {
    expect(shapeOf('a'.repeat(5))).toBe(shapeOf('a'.repeat(90)));
    expect(shapeOf('a1'.repeat(200)).length).toBeLessThan(80);
  });
});
