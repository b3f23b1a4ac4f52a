import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { plainText, shape } from '../../../../services/control/api/shape.ts';

const { read } = shape(z.strictObject({ subject: plainText(10) }));

const POSING: readonly unknown[] = [{ toString: 1 }, { toString: 1, valueOf: 1 }, { valueOf: null }, [], {}, null];

describe('a shape', () => {
  it('refuses what poses as text by having a length, and never throws', () => {
    for (const length of POSING) expect(read({ subject: { length } })).toMatchObject({ ok: false });
  });

  it('says where and what, and nothing of the value', () => {
    expect(read({ subject: 'abcdefghijk' })).toEqual({
      ok: false,
      errors: [{ pointer: '/subject', detail: 'must have at most 10 (string)' }],
    });
    expect(read({ subject: 'cust-1' })).toEqual({ ok: true, value: { subject: 'cust-1' } });
  });
});
