/** DESIGN section 5 and section 12, "Deciding": each legal basis against each history of consent. */
import { beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, type Replayed, replayed } from './replayed.ts';

const TAXONOMY = `
categories:
  system: {}
  user: {}
  user.unique_id: {}
  user.name: {}
  user.health: { sensitive: true }
  user.health.mental: {}
`;
const purpose = (basis: string, more = '') => `{ basis: { default: ${basis} }, retention: { default: P365D }${more} }`;
const PURPOSES = `
purposes:
  consent: ${purpose('consent')}
  opt_out: ${purpose('opt_out')}
  interest: ${purpose('legitimate_interest')}
  contract: ${purpose('contract')}
  law: ${purpose('legal_obligation')}
  partner: ${purpose('consent')}
  partner.acme: ${purpose('consent', ', recipient: acme')}
  other: ${purpose('consent')}
`;
const BASES = ['consent', 'opt_out', 'interest', 'contract', 'law'] as const;
const output = (name: string, rules: string[], topic = name) => `  - topic: ${topic}
    purpose: ${name}
    rules:
${rules.map((rule) => `      - { select: ${rule}, action: keep }`).join('\n')}`;
const POLICY = `
route: decisions
from: { topic: raw.decisions, format: json }
subject: id
time: at
fields:
  e: system
  name: user.name
  health: user.health
  mental: user.health.mental
outputs:
${[...BASES, 'partner', 'partner.acme'].map((name) => output(name, ['system', 'user.name', 'user.health'])).join('\n')}
${BASES.map((name) => output(name, ['user.health'], `${name}.health`)).join('\n')}
`;

type Event = {
  purpose?: string;
  decision: string;
  at?: string;
  expires?: string | null;
  method?: string;
  recipients?: string[];
};

const event = (decision: string, day = 5, more: Omit<Event, 'decision'> = {}): Event => ({
  decision,
  at: `2026-01-${String(day).padStart(2, '0')}T10:00:00Z`,
  ...more,
});
const granted = (day?: number, more?: Omit<Event, 'decision'>) =>
  event('granted', day, { method: 'explicit', ...more });
const FUTURE = '2026-03-01T00:00:00.001Z';
const NOW = '2026-03-01T00:00:00Z';

const ok = 'published';
const [missing, denied, withdrawn, expired] = ['missing', 'denied', 'withdrawn', 'expired'].map(
  (why) => `consent_${why}`,
);
const optedOut = 'opted_out';
const objected = 'objected';
const erased = 'erased';
const ALL_ERASED = [erased, erased, erased, erased, ok];

/**
 * Events without a purpose are recorded for each purpose by name in one subject and once for `*` in another; both must
 * come to the same: what becomes of a record under consent, opt-out, legitimate interest, contract, legal obligation.
 * Records are of 20 February, after all events but those of the future.
 */
const HISTORIES: [string, Event[], (string | undefined)[]][] = [
  ['nothing', [], [missing, ok, ok, ok, ok]],
  ['granted', [granted()], [ok, ok, ok, ok, ok]],
  ['denied', [event('denied')], [denied, optedOut, ok, ok, ok]],
  ['denied by a GPC signal', [event('denied', 5, { method: 'gpc' })], [denied, optedOut, ok, ok, ok]],
  ['withdrawn', [event('withdrawn')], [withdrawn, optedOut, ok, ok, ok]],
  ['objected', [event('objected')], [objected, objected, objected, ok, ok]],
  ['erased', [event('erased')], ALL_ERASED],
  ['reinstated alone', [event('reinstated')], [missing, ok, ok, ok, ok]],

  ['granted, withdrawn', [granted(1), event('withdrawn', 2)], [withdrawn, optedOut, ok, ok, ok]],
  ['withdrawn, granted', [event('withdrawn', 1), granted(2)], [ok, ok, ok, ok, ok]],
  ['denied, granted', [event('denied', 1), granted(2)], [ok, ok, ok, ok, ok]],
  ['granted, denied', [granted(1), event('denied', 2)], [denied, optedOut, ok, ok, ok]],
  ['granted, objected', [granted(1), event('objected', 2)], [objected, objected, objected, ok, ok]],
  ['objected, granted', [event('objected', 1), granted(2)], [ok, ok, ok, ok, ok]],
  ['objected, withdrawn', [event('objected', 1), event('withdrawn', 2)], [withdrawn, optedOut, objected, ok, ok]],
  ['objected, denied', [event('objected', 1), event('denied', 2)], [denied, optedOut, objected, ok, ok]],
  ['denied, objected', [event('denied', 1), event('objected', 2)], [objected, objected, objected, ok, ok]],
  [
    'objected, granted, withdrawn: the objection stays lifted',
    [event('objected', 1), granted(2), event('withdrawn', 3)],
    [withdrawn, optedOut, ok, ok, ok],
  ],
  [
    'granted, objected, withdrawn',
    [granted(1), event('objected', 2), event('withdrawn', 3)],
    [withdrawn, optedOut, objected, ok, ok],
  ],

  [
    'the order of the feed is not the order of time',
    [event('withdrawn', 2), granted(1)],
    [withdrawn, optedOut, ok, ok, ok],
  ],
  [
    'times in other zones',
    [granted(5), event('denied', 5, { at: '2026-01-05T12:30:00+02:00' })],
    [denied, optedOut, ok, ok, ok],
  ],
  [
    'times in other zones, the other way',
    [granted(5), event('denied', 5, { at: '2026-01-05T11:30:00+02:00' })],
    [ok, ok, ok, ok, ok],
  ],
  [
    'of equal times the later in the feed: a refusal',
    [granted(5), event('withdrawn', 5)],
    [withdrawn, optedOut, ok, ok, ok],
  ],
  ['of equal times the later in the feed: a grant', [event('withdrawn', 5), granted(5)], [ok, ok, ok, ok, ok]],
  [
    'of equal times the later in the feed: an objection',
    [granted(5), event('objected', 5)],
    [objected, objected, objected, ok, ok],
  ],

  ['granted from now on', [granted(5, { at: NOW })], [ok, ok, ok, ok, ok]],
  ['granted in future', [granted(5, { at: FUTURE })], [missing, ok, ok, ok, ok]],
  ['a future withdrawal', [granted(5), event('withdrawn', 5, { at: FUTURE })], [ok, ok, ok, ok, ok]],
  ['a future denial', [event('denied', 5, { at: FUTURE })], [missing, ok, ok, ok, ok]],
  ['a future objection', [granted(5), event('objected', 5, { at: FUTURE })], [ok, ok, ok, ok, ok]],
  ['a future erasure', [granted(5), event('erased', 5, { at: FUTURE })], [ok, ok, ok, ok, ok]],
  ['a future reinstatement', [event('erased', 5), event('reinstated', 5, { at: FUTURE })], ALL_ERASED],

  ['expired', [granted(5, { expires: '2026-02-28T23:59:59Z' })], [expired, ok, ok, ok, ok]],
  ['not yet expired', [granted(5, { expires: FUTURE })], [ok, ok, ok, ok, ok]],
  ['without expiry', [granted(5, { expires: null })], [ok, ok, ok, ok, ok]],
  [
    'granted for good, then for a while',
    [granted(1), granted(2, { expires: '2026-02-01T00:00:00Z' })],
    [expired, ok, ok, ok, ok],
  ],
  ['expired, then granted again', [granted(1, { expires: '2026-01-10T00:00:00Z' }), granted(20)], [ok, ok, ok, ok, ok]],
  [
    'expired, then withdrawn',
    [granted(1, { expires: '2026-01-10T00:00:00Z' }), event('withdrawn', 20)],
    [withdrawn, optedOut, ok, ok, ok],
  ],

  ['granted, erased', [granted(1), event('erased', 2)], ALL_ERASED],
  ['erased, granted: a late grant revives nobody', [event('erased', 1), granted(2)], ALL_ERASED],
  ['erased, denied', [event('erased', 1), event('denied', 2)], ALL_ERASED],
  ['erased, objected', [event('erased', 1), event('objected', 2)], ALL_ERASED],
  ['reinstated before the erasure', [event('reinstated', 1), event('erased', 2)], ALL_ERASED],
  ['erased, reinstated', [event('erased', 1), event('reinstated', 2)], [missing, ok, ok, ok, ok]],
  [
    'granted, erased, reinstated: grants must be given anew',
    [granted(1), event('erased', 2), event('reinstated', 3)],
    [missing, ok, ok, ok, ok],
  ],
  [
    'erased, granted, reinstated: a grant amid is none',
    [event('erased', 1), granted(2), event('reinstated', 3)],
    [missing, ok, ok, ok, ok],
  ],
  ['erased, reinstated, granted', [event('erased', 1), event('reinstated', 2), granted(3)], [ok, ok, ok, ok, ok]],
  [
    'denied, erased, reinstated: refusals stand',
    [event('denied', 1), event('erased', 2), event('reinstated', 3)],
    [denied, optedOut, ok, ok, ok],
  ],
  [
    'withdrawn, erased, reinstated',
    [event('withdrawn', 1), event('erased', 2), event('reinstated', 3)],
    [withdrawn, optedOut, ok, ok, ok],
  ],
  [
    'objected, erased, reinstated',
    [event('objected', 1), event('erased', 2), event('reinstated', 3)],
    [objected, objected, objected, ok, ok],
  ],
  ['erased, reinstated, erased', [event('erased', 1), event('reinstated', 2), event('erased', 3)], ALL_ERASED],
  [
    'erased and reinstated at once: the later in the feed',
    [event('erased', 5), event('reinstated', 5)],
    [missing, ok, ok, ok, ok],
  ],
  ['reinstated and erased at once', [event('reinstated', 5), event('erased', 5)], ALL_ERASED],
];

/** Histories with purposes of their own: events, then topic → outcome. */
const SPECIAL: [string, Event[], Record<string, string | undefined>][] = [
  ['a grant for another purpose is none', [granted(1, { purpose: 'other' })], { consent: missing }],
  ['a denial for another purpose is none', [event('denied', 1, { purpose: 'other' })], { opt_out: ok, interest: ok }],
  [
    'all, then one',
    [granted(1, { purpose: '*' }), event('denied', 2, { purpose: 'consent' })],
    { consent: denied, opt_out: ok },
  ],
  [
    'one, then all',
    [granted(1, { purpose: 'consent' }), event('withdrawn', 2, { purpose: '*' })],
    { consent: withdrawn, opt_out: optedOut },
  ],
  [
    'all withdrawn, then one granted',
    [event('withdrawn', 1, { purpose: '*' }), granted(2, { purpose: 'consent' })],
    { consent: ok, opt_out: optedOut, partner: withdrawn },
  ],
  [
    'an objection to all, lifted for one',
    [event('objected', 1, { purpose: '*' }), granted(2, { purpose: 'interest' })],
    { interest: ok, consent: objected, opt_out: objected },
  ],
  [
    'an objection to one, lifted by a grant for all',
    [event('objected', 1, { purpose: 'interest' }), granted(2, { purpose: '*' })],
    { interest: ok },
  ],
  [
    'erased for whatever purpose',
    [granted(1, { purpose: '*' }), event('erased', 2, { purpose: 'other' })],
    { consent: erased, opt_out: erased, interest: erased, contract: erased, law: ok, partner: erased },
  ],

  [
    'partner is no grant for partner.acme',
    [granted(1, { purpose: 'partner', recipients: ['acme'] })],
    { partner: ok, 'partner.acme': missing },
  ],
  [
    'partner.acme is no grant for partner',
    [granted(1, { purpose: 'partner.acme', recipients: ['acme'] })],
    { partner: missing, 'partner.acme': ok },
  ],
  ['the recipient is not named', [granted(1, { purpose: 'partner.acme' })], { 'partner.acme': 'recipient_not_named' }],
  [
    'another recipient is named',
    [granted(1, { purpose: 'partner.acme', recipients: ['acme2', 'ACME'] })],
    { 'partner.acme': 'recipient_not_named' },
  ],
  [
    'the recipient is named among others',
    [granted(1, { purpose: 'partner.acme', recipients: ['other', 'acme'] })],
    { 'partner.acme': ok },
  ],
  [
    'all are granted, nobody is named',
    [granted(1, { purpose: '*' })],
    { 'partner.acme': 'recipient_not_named', partner: ok },
  ],
  ['all are granted, and it is named', [granted(1, { purpose: '*', recipients: ['acme'] })], { 'partner.acme': ok }],
  [
    'named, then not named any more',
    [
      granted(1, { purpose: 'partner.acme', recipients: ['acme'] }),
      granted(2, { purpose: 'partner.acme', recipients: [] }),
    ],
    { 'partner.acme': 'recipient_not_named' },
  ],
];

const withId = (subject: string, events: Event[], purpose?: string) =>
  events.map((one) => ({ subject, ...one, purpose: one.purpose ?? purpose }));

/** The event is not recorded for `law` and the others at once but for each purpose in turn. */
const NAMED = HISTORIES.flatMap(([, events], i) =>
  events.flatMap((one) => BASES.flatMap((basis) => withId(`canary-named-${i}`, [one], basis))),
);
const STARRED = HISTORIES.flatMap(([, events], i) => withId(`canary-all-${i}`, events, '*'));
const SPECIALS = SPECIAL.flatMap(([, events], i) => withId(`canary-special-${i}`, events));

const record = (id: string, more = '"name":"canary"', at = '2026-02-20T00:00:00Z') =>
  `{"id":"${id}","e":1,"at":"${at}",${more}}`;

const short = (outcome: string): string => (outcome.startsWith('{') ? ok : outcome.replace(/^withheld /, ''));

describe('consent', () => {
  let run: Replayed;
  beforeAll(async () => {
    run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { decisions: POLICY } },
      lines: [
        ...HISTORIES.map((_, i) => record(`canary-named-${i}`)),
        ...HISTORIES.map((_, i) => record(`canary-all-${i}`)),
        ...SPECIAL.map((_, i) => record(`canary-special-${i}`)),
      ],
      consents: [...NAMED, ...STARRED, ...SPECIALS],
    });
  });

  it.each(HISTORIES.map((one, i) => [...one, i] as const))('%s', (_, _events, expected, i) => {
    const named = BASES.map((topic) => short(outcomeOf(run.fate(i), topic)));
    const starred = BASES.map((topic) => short(outcomeOf(run.fate(HISTORIES.length + i), topic)));
    expect({ named, starred }).toEqual({ named: expected, starred: expected });
  });

  it.each(SPECIAL.map((one, i) => [...one, i] as const))('%s', (_, _events, expected, i) => {
    const fate = run.fate(2 * HISTORIES.length + i);
    expect(Object.fromEntries(Object.keys(expected).map((topic) => [topic, short(outcomeOf(fate, topic))]))).toEqual(
      expected,
    );
  });
});

describe('sensitive fields', () => {
  const SENSITIVE = '"name":"n","health":"canary","mental":"canary"';
  const GRANTS: [string, Event[]][] = [
    ['nothing', []],
    ['explicit', [granted(1)]],
    ['implicit', [event('granted', 1, { method: 'implicit' })]],
    ['no method', [event('granted', 1)]],
    ['explicit, then implicit', [granted(1), event('granted', 2, { method: 'implicit' })]],
    ['explicit, then denied', [granted(1), event('denied', 2)]],
    ['explicit but expired', [granted(1, { expires: '2026-02-01T00:00:00Z' })]],
    ['explicitly denied', [event('denied', 1, { method: 'explicit' })]],
    ['explicit but erased since', [granted(1), event('erased', 2), event('reinstated', 3)]],
  ];
  let run: Replayed;
  const lineOf = (name: string, offset = 0) => GRANTS.findIndex(([one]) => one === name) + offset * GRANTS.length;
  beforeAll(async () => {
    run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { decisions: POLICY } },
      lines: [
        ...GRANTS.map((_, i) => record(`canary-${i}`, SENSITIVE)),
        ...GRANTS.map((_, i) => record(`canary-${i}`, '"name":"n"')),
      ],
      consents: GRANTS.flatMap(([, events], i) => withId(`canary-${i}`, events, '*')),
    });
  });
  const WHOLE = '{"e":1,"name":"n","health":"canary","mental":"canary"}';
  const REST = '{"e":1,"name":"n"}';

  it.each([
    ['nothing', 'withheld consent_missing', REST, REST, REST],
    ['explicit', WHOLE, WHOLE, WHOLE, WHOLE],
    ['implicit', REST, REST, REST, REST],
    ['no method', REST, REST, REST, REST],
    ['explicit, then implicit', REST, REST, REST, REST],
    ['explicit, then denied', 'withheld consent_denied', 'withheld opted_out', REST, REST],
    ['explicit but expired', 'withheld consent_expired', REST, REST, REST],
    ['explicitly denied', 'withheld consent_denied', 'withheld opted_out', REST, REST],
    ['explicit but erased since', 'withheld consent_missing', REST, REST, REST],
  ])('%s: dropped without explicit consent under every basis but legal obligation', (name, ...expected) => {
    expect(BASES.map((topic) => outcomeOf(run.fate(lineOf(name)), topic))).toEqual([...expected, WHOLE]);
  });

  it('are the reason where nothing else of the record would be released', () => {
    const of = (name: string, offset = 0) =>
      BASES.map((topic) => outcomeOf(run.fate(lineOf(name, offset)), `${topic}.health`));
    const health = '{"health":"canary","mental":"canary"}';
    const not = 'withheld consent_not_explicit';
    expect(of('implicit')).toEqual([not, not, not, not, health]);
    expect(of('nothing')).toEqual(['withheld consent_missing', not, not, not, health]);
    expect(of('explicit')).toEqual([health, health, health, health, health]);
  });
});

describe('an erasure that was lifted', () => {
  it('withholds what is older than it for ever', async () => {
    const consents = withId('canary', [granted(1), event('erased', 10), event('reinstated', 12), granted(14)], '*');
    const days = [
      '2026-01-09T10:00:00Z',
      '2026-01-10T09:59:59.999Z',
      '2026-01-10T10:00:00.001Z',
      '2026-01-13T00:00:00Z',
      '2026-02-01T00:00:00Z',
    ];
    const run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { decisions: POLICY } },
      lines: days.map((at) => record('canary', '"name":"n"', at)),
      consents,
    });
    const of = (topic: string) => days.map((_, i) => short(outcomeOf(run.fate(i), topic)));
    for (const topic of ['consent', 'opt_out', 'interest', 'contract'])
      expect(of(topic)).toEqual([erased, erased, ok, ok, ok]);
    expect(of('law')).toEqual([ok, ok, ok, ok, ok]);
  });
});
