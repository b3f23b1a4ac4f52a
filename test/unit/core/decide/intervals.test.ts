import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONSENT_DECISIONS, type ConsentEvent } from '../../../../services/core/consent-event.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { ASKING_BASES, consentIntervals, type Interval } from '../../../../services/core/decide/intervals.ts';
import { DAY, event, NOW, purpose } from '../engine-fixture.ts';

const day = (n: number): number => NOW + n * DAY;
const intervalsOf = (events: readonly ConsentEvent[], of = purpose()) =>
  consentIntervals(consentStateOf(events), events, of);

const days = fc.integer({ min: -8, max: 8 }).map(day);
const said: fc.Arbitrary<ConsentEvent> = fc.record({
  purpose: fc.constantFrom('p', '*', 'q'),
  decision: fc.constantFrom(...CONSENT_DECISIONS),
  at: days,
  version: fc.integer({ min: 0, max: 9 }),
  region: fc.constant(null),
  recipients: fc.constantFrom([], ['acme']),
  method: fc.constantFrom('explicit', 'implicit', null),
  notice: fc.constant(null),
  source: fc.constant(null),
  expires: fc.option(days, { freq: 2 }),
});
const history = fc.array(said, { maxLength: 9 });
/** Moments of events, and those right before and after. */
const moment = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.constantFrom(-1, 0, 1)).map(([n, off]) => day(n) + off);

const holds = ({ from, until }: Interval, at: number): boolean =>
  (from === null || from <= at) && (until === null || at < until);

describe('intervals', () => {
  it('say at every moment what the state says at that moment', () => {
    fc.assert(
      fc.property(history, moment, fc.constantFrom(null, 'acme'), (events, at, recipient) => {
        const of = purpose({ recipient });
        const containing = intervalsOf(events, of).filter((interval) => holds(interval, at));
        expect(containing).toHaveLength(1);
        const [interval] = containing;
        const state = consentStateOf(events);
        for (const basis of ASKING_BASES) expect(interval!.refusals[basis]).toBe(state.refusal(basis, of, at));
        expect(interval!.explicit).toBe(state.explicit(of, at));
        expect(interval!.erased).toBe(state.isErasedNow(at));
        expect(interval!.event).toEqual(state.latest(of.name, at));
      }),
      { numRuns: 1_000 },
    );
  });

  it('follow each other without a gap, from the beginning to the end of time, and no two neighbours are alike', () => {
    fc.assert(
      fc.property(history, (events) => {
        const intervals = intervalsOf(events);
        expect(intervals[0]?.from).toBeNull();
        expect(intervals.at(-1)?.until).toBeNull();
        for (const [index, interval] of intervals.slice(1).entries()) {
          const before = intervals[index]!;
          expect(interval.from).toBe(before.until);
          const word = ({ from: _from, until: _until, ...rest }: Interval): string => JSON.stringify(rest);
          if (interval.event === before.event) expect(word(interval)).not.toBe(word(before));
        }
      }),
    );
  });

  it('tell a history: granted, run out, granted again, withdrawn, erased, reinstated', () => {
    const events = [
      event({ decision: 'granted', at: day(0), version: 0, expires: day(2), method: 'explicit' }),
      event({ decision: 'granted', at: day(3), version: 1 }),
      event({ decision: 'withdrawn', at: day(4), version: 2 }),
      event({ decision: 'erased', at: day(5), version: 3 }),
      event({ decision: 'reinstated', at: day(6), version: 4 }),
      event({ decision: 'denied', purpose: 'q', at: day(7), version: 5 }),
    ];
    const told = intervalsOf(events).map(({ from, until, event: word, expired, erased, refusals, explicit }) =>
      [from ?? '-', until ?? '-']
        .map((time) => (typeof time === 'number' ? (time - NOW) / DAY : time))
        .concat(word?.decision ?? 'nothing', ...(expired ? ['expired'] : []), ...(erased ? ['erased'] : []))
        .concat(refusals.consent ?? 'allowed', ...(explicit ? ['explicit'] : []))
        .join(' '),
    );
    expect(told).toEqual([
      '- 0 nothing consent_missing',
      '0 2 granted allowed explicit',
      '2 3 granted expired consent_expired',
      '3 4 granted allowed',
      '4 5 withdrawn consent_withdrawn',
      '5 6 withdrawn erased consent_withdrawn',
      '6 - withdrawn consent_withdrawn',
    ]);
  });
});
