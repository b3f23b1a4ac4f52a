import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeTransform } from '../../../../services/core/apply/make-transform.ts';
import type { Scalar } from '../../../../services/core/apply/action.ts';
import { formChange, type FormChange } from '../../../../services/core/diff/form.ts';
import type { Action, GeneralizeSpec, MaskSpec } from '../../../../services/core/policy/plan.ts';
import { fakeKeyring } from '../engine-fixture.ts';

const keep: Action = { kind: 'keep' };
const drop: Action = { kind: 'drop' };
const nullify: Action = { kind: 'nullify' };
const encrypt: Action = { kind: 'encrypt' };
const redact = (constant: string): Action => ({ kind: 'redact', with: constant });
const mask = (spec: MaskSpec): Action => ({ kind: 'mask', mask: spec });
const ends = (first: number, last: number, char = '*'): Action => mask({ style: 'ends', first, last, char });
const pseudonym = (domain: string): Action => ({ kind: 'pseudonymize', domain });
const ip = (ipv4: number, ipv6: number): Action => ({ kind: 'truncate_ip', ipv4, ipv6 });
const coarse = (by: GeneralizeSpec): Action => ({ kind: 'generalize', by });
const date = (to: 'year' | 'month' | 'day' | 'hour'): Action => coarse({ how: 'date', to });
const step = (size: string): Action => coarse({ how: 'step', step: size });
const decimals = (count: number): Action => coarse({ how: 'decimals', decimals: count });
const bands = (...edges: number[]): Action => coarse({ how: 'bands', bands: edges });
const email = mask({ style: 'email' });
const phone = mask({ style: 'phone' });
const card = mask({ style: 'card' });

const CASES: readonly (readonly [Action, Action, FormChange])[] = [
  [keep, keep, 'same'],
  [keep, email, 'less'],
  [email, keep, 'more'],
  [keep, pseudonym('p'), 'less'],
  [drop, nullify, 'more'],
  [nullify, redact('x'), 'more'],
  [redact('x'), redact('y'), 'equal'],
  [keep, encrypt, 'less'],
  [encrypt, drop, 'less'],
  [encrypt, redact('x'), 'unordered'],
  [nullify, encrypt, 'unordered'],
  [encrypt, email, 'unordered'],
  [redact('x'), date('year'), 'more'],
  [pseudonym('a'), pseudonym('b'), 'unordered'],
  [pseudonym('a'), email, 'unordered'],
  [ip(24, 48), ip(16, 48), 'less'],
  [ip(24, 48), ip(24, 64), 'more'],
  [ip(24, 48), ip(16, 64), 'unordered'],
  [date('year'), date('day'), 'more'],
  [date('hour'), date('month'), 'less'],
  [date('year'), step('10'), 'unordered'],
  [step('10'), step('5'), 'more'],
  [step('10'), step('4'), 'unordered'],
  [step('0.5'), step('1.5'), 'less'],
  [decimals(1), decimals(3), 'more'],
  [decimals(1), step('0.1'), 'unordered'],
  [bands(18, 65), bands(18, 25, 65), 'more'],
  [bands(18, 25, 65), bands(25), 'less'],
  [bands(18), bands(25), 'unordered'],
  [phone, card, 'equal'],
  [phone, email, 'unordered'],
  [ends(1, 2), ends(1, 2, '#'), 'equal'],
  [ends(0, 0), ends(2, 0), 'more'],
  [ends(2, 2), ends(0, 0), 'less'],
  [ends(2, 0), ends(1, 0), 'unordered'],
];

describe('how a form changes', () => {
  it.each(CASES)('%j → %j is %s', (before, after, change) => {
    expect(formChange(before, after)).toBe(change);
  });

  const count = fc.integer({ min: 0, max: 3 });
  const action: fc.Arbitrary<Action> = fc.oneof(
    fc.constantFrom(
      keep,
      drop,
      nullify,
      encrypt,
      redact('x'),
      redact('y'),
      email,
      phone,
      card,
      pseudonym('a'),
      pseudonym('b'),
    ),
    fc.tuple(count, count, fc.constantFrom('*', '#')).map(([first, last, char]) => ends(first, last, char)),
    fc.tuple(fc.constantFrom(0, 8, 24, 32), fc.constantFrom(0, 48, 64)).map(([v4, v6]) => ip(v4, v6)),
    fc.constantFrom('year' as const, 'month' as const, 'day' as const, 'hour' as const).map(date),
    fc.constantFrom('0.5', '1', '2', '3', '4', '6', '10').map(step),
    count.map(decimals),
    fc.subarray([-1, 0, 2, 3, 7], { minLength: 1 }).map((edges) => bands(...edges)),
  );

  it('the other way round is the reverse', () => {
    const reverse = { same: 'same', equal: 'equal', more: 'less', less: 'more', unordered: 'unordered' } as const;
    fc.assert(
      fc.property(action, action, (a, b) => {
        expect(formChange(b, a)).toBe(reverse[formChange(a, b)]);
      }),
      { numRuns: 2_000 },
    );
  });

  const scalar: fc.Arbitrary<Scalar> = fc.oneof(
    fc
      .oneof(
        fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'b', '*', '#', '1', '@', 'é') }),
        fc.ipV4(),
        fc.ipV6(),
        fc.stringMatching(/^[0-9]{1,6}$/),
        fc
          .date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('1970-03-03T00:00:00Z'), noInvalidDate: true })
          .map((at) => at.toISOString()),
      )
      .map((text): Scalar => ({ kind: 'string', text })),
    fc.integer({ min: -300, max: 300 }).map((n): Scalar => ({ kind: 'number', text: String(n / 20) })),
  );

  const written = (rule: Action, value: Scalar): string | null => {
    if (rule.kind === 'drop') return 'absent';
    if (rule.kind === 'nullify') return 'null';
    if (rule.kind === 'keep') return JSON.stringify(value);
    // Nobody but who holds the key can tell one from another, or two of one value from each other.
    if (rule.kind === 'encrypt') return null;
    const result = makeTransform(rule, fakeKeyring)(value);
    return result === null ? null : JSON.stringify(result);
  };

  it('what does not tell more tells no two values apart that the old form did not', () => {
    let compared = 0;
    fc.assert(
      fc.property(action, action, fc.array(scalar, { minLength: 2, maxLength: 40 }), (before, after, values) => {
        const change = formChange(before, after);
        fc.pre(change === 'less' || change === 'equal');
        const byOld = new Map<string, string>();
        for (const value of values) {
          const [old, fresh] = [written(before, value), written(after, value)];
          // What either cannot handle is a dead letter.
          if (old === null || fresh === null) continue;
          const other = byOld.get(old);
          if (other !== undefined) compared++;
          expect(other ?? fresh).toBe(fresh);
          byOld.set(old, fresh);
        }
      }),
      { numRuns: 1_500 },
    );
    expect(compared).toBeGreaterThan(300);
  }, 20_000);
});
