import { describe, expect, it } from 'vitest';
import { consentStateOf, consentStateOfTokens } from '../../../../services/core/decide/consent-state.ts';
import { DAY, event, NOW, purpose } from '../engine-fixture.ts';

const at = (n: number): number => NOW - 100 * DAY + n * DAY;
const erased = event({ decision: 'erased', at: at(10), version: 10 });
const reinstated = event({ decision: 'reinstated', at: at(20), version: 20 });

describe('erasure and event time', () => {
  it.each([
    ['before any erasure is in force', [], at(5), false],
    ['erased: before', [erased], at(5), true],
    ['erased: after', [erased], at(50), true],
    ['reinstated: before the erasure', [erased, reinstated], at(10) - 1, true],
    ['reinstated: at the very moment of the erasure', [erased, reinstated], at(10), false],
    ['reinstated: between erasure and reinstatement', [erased, reinstated], at(15), false],
    ['reinstated: after', [erased, reinstated], at(30), false],
    [
      'two erasures, both lifted: before the later one',
      [erased, reinstated, { ...erased, at: at(30), version: 30 }, { ...reinstated, at: at(40), version: 40 }],
      at(25),
      true,
    ],
    [
      'an erasure of an earlier time that arrived later does not move the mark back',
      [erased, { ...erased, at: at(3), version: 99 }, reinstated],
      at(9),
      true,
    ],
    ['an erasure of the future', [{ ...erased, at: NOW + 1 }], at(5), false],
    ['a reinstatement of the future', [erased, { ...reinstated, at: NOW + 1 }], at(50), true],
  ] as const)('%s', (_name, events, eventTime, expected) => {
    expect(consentStateOf(events).erased(eventTime, NOW)).toBe(expected);
  });
});

describe('region', () => {
  it.each([
    ['nothing said', [], null],
    ['the latest by time, not by arrival', [event({ region: 'FR' }), event({ region: 'DE', at: at(1) })], 'FR'],
    ['the later in the feed at equal times', [event({ region: 'FR', version: 2 }), event({ region: 'DE' })], 'FR'],
    ['a latest event without one', [event({ region: 'FR' }), event({ at: NOW, version: 2 })], null],
    [
      'a latest event of another purpose',
      [event({ region: 'FR' }), event({ at: NOW, purpose: 'q', region: 'IT' })],
      'IT',
    ],
    ['an erasure', [event({ region: 'FR', at: at(1) }), { ...erased, region: 'PT' }], 'PT'],
    ['one of the future does not count', [event({ region: 'FR' }), event({ at: NOW + 1, region: 'IT' })], 'FR'],
  ] as const)('%s', (_name, events, expected) => {
    expect(consentStateOf(events).region(NOW)).toBe(expected);
  });
});

describe('as time goes by', () => {
  it('one state answers for every moment, in any order of asking', () => {
    const state = consentStateOf([
      event({ at: at(1), version: 1, expires: at(60) }),
      event({ at: at(20), version: 2, decision: 'withdrawn' }),
      event({ at: at(30), version: 3, expires: at(60) }),
      event({ at: at(70), version: 4, decision: 'erased' }),
    ]);
    const answers = [0, 1, 19, 20, 30, 59, 60, 70].map((n) => [n, state.refusal('consent', purpose(), at(n))]);
    expect(answers).toEqual([
      [0, 'consent_missing'],
      [1, null],
      [19, null],
      [20, 'consent_withdrawn'],
      [30, null],
      [59, null],
      [60, 'consent_expired'],
      [70, 'consent_expired'],
    ]);
    expect([69, 70, 0].map((n) => state.erased(at(90), at(n)))).toEqual([false, true, false]);
  });

  it('an effective time that is no number is never in force', () => {
    const state = consentStateOf([event({ at: Number.NaN })]);
    expect(state.refusal('consent', purpose(), NOW)).toBe('consent_missing');
  });
});

describe('several tokens of one subject', () => {
  const events = new Map([
    ['new', [event({ version: 7 })]],
    ['old', [event({ decision: 'erased', at: NOW, version: 7 })]],
  ]);

  it('what was said under any of them counts', () => {
    expect(consentStateOfTokens(['new', 'old'], events).erased(NOW, NOW)).toBe(true);
    expect(consentStateOfTokens(['old', 'new'], events).erased(NOW, NOW)).toBe(true);
    expect(consentStateOfTokens(['new'], events).erased(NOW, NOW)).toBe(false);
  });

  it.each(['denied', 'withdrawn', 'objected'] as const)(
    'at one moment %s beats a grant, whatever the versions',
    (no) => {
      const said = (granted: number, refused: number) =>
        new Map([
          ['new', [event({ version: granted })]],
          ['old', [event({ decision: no, version: refused })]],
        ]);
      for (const events of [said(1, 2), said(2, 1)]) {
        for (const tokens of [
          ['new', 'old'],
          ['old', 'new'],
        ]) {
          expect(consentStateOfTokens(tokens, events).refusal('consent', purpose(), NOW)).not.toBeNull();
        }
      }
      // Within one feed the later one counts.
      const feed = new Map([['new', [event({ decision: no, version: 1 }), event({ version: 2 })]]]);
      expect(consentStateOfTokens(['new', 'old'], feed).refusal('consent', purpose(), NOW)).toBeNull();
    },
  );

  it('a token nobody said anything under is no consent', () => {
    expect(consentStateOfTokens(['unknown'], events).refusal('consent', purpose(), NOW)).toBe('consent_missing');
    expect(consentStateOfTokens([], events).refusal('consent', purpose(), NOW)).toBe('consent_missing');
  });
});
