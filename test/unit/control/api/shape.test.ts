import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { plainText, shape } from '../../../../services/control/api/shape.ts';

const { read } = shape(z.strictObject({ subject: plainText(10) }));

describe('a shape', () => {
  it.each([{ toString: 1 }, { toString: 1, valueOf: 1 }, { valueOf: null }, [], {}, null, true, 1e400])(
    'refuses a subject whose length is %j, and never throws',
    (length) => {
      expect(read({ subject: { length } })).toMatchObject({ ok: false });
    },
  );

  it('says where and what, and nothing of the value', () => {
    expect(read({ subject: 'abcdefghijk' })).toEqual({
      ok: false,
      errors: [{ pointer: '/subject', detail: 'must have at most 10 (string)' }],
    });
    expect(read({ subject: 'cust-1' })).toEqual({ ok: true, value: { subject: 'cust-1' } });
  });
});
