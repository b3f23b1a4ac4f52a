import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONSENT_DECISIONS, type ConsentDecision, type ConsentEvent } from '../../../../services/core/consent-event.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import type { Basis, PurposePlan } from '../../../../services/core/policy/plan.ts';
import { DAY, event, NOW, purpose } from '../engine-fixture.ts';

const ASKING: readonly Basis[] = ['consent', 'opt_out', 'legitimate_interest'];
const time = fc.integer({ min: -20, max: 4 }).map((n) => NOW + n * DAY);
const said: fc.Arbitrary<ConsentEvent> = fc.record({
  purpose: fc.constantFrom('p', '*', 'q'),
  decision: fc.constantFrom(...CONSENT_DECISIONS),
  at: time,
  version: fc.integer({ min: 0, max: 50 }),
  region: fc.constantFrom(null, 'DE'),
  recipients: fc.constantFrom([], ['acme']),
  method: fc.constantFrom(null, 'explicit', 'implicit'),
  notice: fc.constant(null),
  source: fc.constant(null),
  expires: fc.option(time),
});
const history = fc.uniqueArray(said, { maxLength: 8, selector: ({ version }) => version });
const plans = fc.constantFrom(null, 'acme').map((recipient) => purpose({ recipient }));
const RUNS = { numRuns: 2_000 };

const refusal = (events: readonly ConsentEvent[], basis: Basis, plan: PurposePlan) =>
  consentStateOf(events).refusal(basis, plan, NOW);
const deciding = (events: readonly ConsentEvent[], basis: Basis, plan: PurposePlan) =>
  consentStateOf(events).deciding(basis, plan, NOW);

/** Decisions that pull the same way as one: without all of them the outcome cannot be what it was. */
const SIDE: Readonly<Record<ConsentDecision, readonly ConsentDecision[]>> = {
  granted: ['granted'],
  denied: ['denied', 'withdrawn', 'objected'],
  withdrawn: ['denied', 'withdrawn', 'objected'],
  objected: ['denied', 'withdrawn', 'objected'],
  erased: ['erased'],
  reinstated: [],
};

describe('the event that decides', () => {
  it.each(ASKING)('%s: that event alone comes to the same', (basis) => {
    fc.assert(
      fc.property(history, plans, (events, plan) => {
        const found = deciding(events, basis, plan);
        const outcome = refusal(events, basis, plan);
        if (found === null) expect(outcome).toBe(refusal([], basis, plan));
        else expect(refusal([found], basis, plan)).toBe(outcome);
      }),
      RUNS,
    );
  });

  it.each(ASKING)('%s: without it and what says the same, it comes to something else', (basis) => {
    fc.assert(
      fc.property(history, plans, (events, plan) => {
        const found = deciding(events, basis, plan);
        if (found === null) return;
        const without = events.filter(({ decision }) => !SIDE[found.decision].includes(decision));
        expect(refusal(without, basis, plan)).not.toBe(refusal(events, basis, plan));
      }),
      RUNS,
    );
  });

  it.each(ASKING)('%s: where none is named, no single event makes a difference', (basis) => {
    fc.assert(
      fc.property(history, plans, (events, plan) => {
        if (deciding(events, basis, plan) !== null) return;
        const outcome = refusal(events, basis, plan);
        for (const one of events.filter(({ decision }) => decision !== 'reinstated')) {
          expect(
            refusal(
              events.filter((other) => other !== one),
              basis,
              plan,
            ),
          ).toBe(outcome);
        }
      }),
      RUNS,
    );
  });

  it('contract and legal obligation rest on nobody', () => {
    for (const basis of ['contract', 'legal_obligation'] as const) {
      expect(deciding([event({ decision: 'objected' })], basis, purpose())).toBeNull();
    }
  });

  it('an erasure is named exactly where it withholds the record, and without any there is none', () => {
    fc.assert(
      fc.property(history, time, (events, eventTime) => {
        const found = consentStateOf(events).erasure(eventTime, NOW);
        expect(found !== null).toBe(consentStateOf(events).erased(eventTime, NOW));
        if (found === null) return;
        expect(found.decision).toBe('erased');
        expect(consentStateOf([found]).erased(eventTime, NOW)).toBe(true);
        const without = events.filter(({ decision }) => decision !== 'erased');
        expect(consentStateOf(without).erased(eventTime, NOW)).toBe(false);
      }),
      RUNS,
    );
  });

  const at = (n: number): number => NOW - 100 * DAY + n * DAY;
  const grant = event({ at: at(1), version: 1 });
  const objection = event({ at: at(2), version: 2, decision: 'objected' });
  const later = event({ at: at(3), version: 3, purpose: '*' });
  const ranOut = event({ at: at(4), version: 4, expires: at(5) });
  const erased = event({ at: at(6), version: 6, decision: 'erased', purpose: 'q' });
  const reinstated = event({ at: at(7), version: 7, decision: 'reinstated' });
  it.each([
    ['a grant', 'consent', [grant], grant],
    ['a grant of all purposes', 'consent', [objection, later], later],
    ['a grant that ran out', 'consent', [later, ranOut], ranOut],
    ['no grant of this purpose', 'consent', [event({ purpose: 'q' })], null],
    ['grants voided by an erasure that was lifted', 'consent', [grant, erased, reinstated], erased],
    ['nothing to be voided', 'consent', [erased, reinstated], null],
    ['a refusal outlives an erasure', 'consent', [objection, erased, reinstated], objection],
    ['nobody refused', 'opt_out', [grant, later], null],
    ['a grant that lifts a refusal', 'opt_out', [objection, later], later],
    ['a grant that ran out lifts nothing', 'opt_out', [objection, ranOut], objection],
    ['a grant before the refusal', 'legitimate_interest', [grant, objection], objection],
    ['a grant that lifts an objection', 'legitimate_interest', [objection, later, ranOut], later],
    ['a withdrawal is no objection', 'legitimate_interest', [event({ decision: 'withdrawn' })], null],
  ] as const)('%s', (_name, basis, events, expected) => {
    expect(deciding(events, basis, purpose())).toBe(expected);
  });

  it('the region is that of the latest event of all', () => {
    expect(consentStateOf([grant, erased]).latestOfAll(NOW)).toBe(erased);
    expect(consentStateOf([]).latestOfAll(NOW)).toBeNull();
  });
});
