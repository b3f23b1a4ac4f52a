import { describe, expect, it } from 'vitest';
import type { ConsentEvent } from '../../../../services/core/consent-event.ts';
import { consentStateOf } from '../../../../services/core/decide/consent-state.ts';
import { decide, settle } from '../../../../services/core/decide/decide.ts';
import { makeVariants } from '../../../../services/core/decide/variants.ts';
import type { WithheldReason } from '../../../../services/core/outcome.ts';
import type { Basis } from '../../../../services/core/policy/plan.ts';
import { CATEGORY, DAY, event, NOW, type OutputSpec, planOf, purpose } from '../engine-fixture.ts';

/**
 * basis × state × regime × sensitivity × age × strip, every combination, against what DESIGN section 5 says of each
 * state, written down by hand: per basis whether it is refused and why, and whether consent is explicit. `contract` and
 * `legal_obligation` never refuse.
 */
type Row = {
  readonly name: string;
  readonly said: readonly Partial<ConsentEvent>[];
  readonly consent: WithheldReason | 'ok';
  readonly opt_out: WithheldReason | 'ok';
  readonly legitimate_interest: WithheldReason | 'ok';
  readonly explicit?: true;
  readonly erased?: true;
  readonly recipient?: 'acme';
};

const day = (n: number): number => NOW - 100 * DAY + n * DAY;
const granted = { decision: 'granted', at: day(1), version: 1 } as const;
const explicitly = { ...granted, method: 'explicit' } as const;
const erased = { decision: 'erased', at: day(2), version: 2 } as const;
const reinstated = { decision: 'reinstated', at: day(3), version: 3 } as const;
const missing = 'consent_missing';
const PASS = { consent: 'ok', opt_out: 'ok', legitimate_interest: 'ok' } as const;
const UNSAID = { consent: missing, opt_out: 'ok', legitimate_interest: 'ok' } as const;
const OBJECTED = { consent: 'objected', opt_out: 'objected', legitimate_interest: 'objected' } as const;
const WITHDRAWN = { consent: 'consent_withdrawn', opt_out: 'opted_out', legitimate_interest: 'ok' } as const;
const DENIED = { consent: 'consent_denied', opt_out: 'opted_out', legitimate_interest: 'ok' } as const;
const LAPSED = { consent: 'consent_expired', opt_out: 'ok', legitimate_interest: 'ok' } as const;
const ERASED = { ...UNSAID, erased: true } as const;

const later = (decision: ConsentEvent['decision'], over: Partial<ConsentEvent> = {}) =>
  ({ decision, at: day(5), version: 5, ...over }) as const;

const ROWS: readonly Row[] = [
  { name: 'nothing said', said: [], ...UNSAID },
  { name: 'granted', said: [granted], ...PASS },
  { name: 'granted explicitly', said: [explicitly], ...PASS, explicit: true },
  { name: 'granted by another method', said: [{ ...granted, method: 'implicit' }], ...PASS },
  { name: 'granted for all', said: [{ ...explicitly, purpose: '*' }], ...PASS, explicit: true },
  { name: 'granted for another purpose', said: [{ ...explicitly, purpose: 'q' }], ...UNSAID },
  { name: 'granted for a prefix of the purpose', said: [{ ...explicitly, purpose: '' }], ...UNSAID },
  { name: 'granted, from tomorrow', said: [{ ...explicitly, at: NOW + DAY }], ...UNSAID },
  { name: 'granted, from this moment', said: [{ ...explicitly, at: NOW }], ...PASS, explicit: true },
  { name: 'granted until later', said: [{ ...explicitly, expires: NOW + 1 }], ...PASS, explicit: true },
  { name: 'granted until this moment', said: [{ ...explicitly, expires: NOW }], ...LAPSED },
  { name: 'granted until yesterday', said: [{ ...explicitly, expires: NOW - DAY }], ...LAPSED },
  { name: 'denied', said: [{ ...granted, decision: 'denied' }], ...DENIED },
  { name: 'denied by a browser signal', said: [{ ...granted, decision: 'denied', method: 'gpc' }], ...DENIED },
  { name: 'denied explicitly', said: [{ ...explicitly, decision: 'denied' }], ...DENIED },
  { name: 'withdrawn', said: [explicitly, later('withdrawn')], ...WITHDRAWN },
  { name: 'withdrawn for all', said: [explicitly, later('withdrawn', { purpose: '*' })], ...WITHDRAWN },
  { name: 'withdrawn for another', said: [explicitly, later('withdrawn', { purpose: 'q' })], ...PASS, explicit: true },
  {
    name: 'withdrawn, from tomorrow',
    said: [explicitly, later('withdrawn', { at: NOW + 1 })],
    ...PASS,
    explicit: true,
  },
  { name: 'withdrawn, arrived first', said: [later('withdrawn'), explicitly], ...WITHDRAWN },
  {
    name: 'withdrawn at the same time, later in the feed',
    said: [explicitly, later('withdrawn', { at: day(1) })],
    ...WITHDRAWN,
  },
  {
    name: 'granted at the same time as denied, later in the feed',
    said: [later('denied', { at: day(1), version: 0 }), explicitly],
    ...PASS,
    explicit: true,
  },
  {
    name: 'refusal and grant at one place',
    said: [later('denied', { at: day(1), version: 1 }), explicitly],
    ...DENIED,
  },
  { name: 'objected', said: [later('objected')], ...OBJECTED },
  { name: 'objected for all', said: [later('objected', { purpose: '*' })], ...OBJECTED },
  { name: 'granted, then objected', said: [explicitly, later('objected')], ...OBJECTED },
  {
    name: 'objected, then granted',
    said: [later('objected', { at: day(0), version: 0 }), explicitly],
    ...PASS,
    explicit: true,
  },
  {
    name: 'objected, then granted until yesterday',
    said: [later('objected', { at: day(0), version: 0 }), { ...explicitly, expires: NOW - DAY }],
    consent: 'consent_expired',
    opt_out: 'objected',
    legitimate_interest: 'objected',
  },
  {
    name: 'denied, then granted until yesterday',
    said: [later('denied', { at: day(0), version: 0 }), { ...explicitly, expires: NOW - DAY }],
    consent: 'consent_expired',
    opt_out: 'opted_out',
    legitimate_interest: 'ok',
  },
  {
    name: 'objected, then denied: a denial lifts no objection',
    said: [later('objected', { at: day(0) }), later('denied')],
    consent: 'consent_denied',
    opt_out: 'opted_out',
    legitimate_interest: 'objected',
  },
  {
    name: 'objected to all, then granted one',
    said: [later('objected', { at: day(0), purpose: '*' }), explicitly],
    ...PASS,
    explicit: true,
  },
  { name: 'erased', said: [explicitly, erased], ...ERASED },
  { name: 'erased for another purpose', said: [explicitly, { ...erased, purpose: 'q' }], ...ERASED },
  { name: 'erased, from tomorrow', said: [explicitly, { ...erased, at: NOW + 1 }], ...PASS, explicit: true },
  { name: 'erased, then granted', said: [erased, later('granted', { method: 'explicit' })], ...ERASED },
  { name: 'erased, reinstated, grant before', said: [explicitly, erased, reinstated], ...UNSAID },
  { name: 'erased, granted, reinstated', said: [erased, { ...explicitly, at: day(2.5) }, reinstated], ...UNSAID },
  {
    name: 'erased, reinstated, granted anew',
    said: [erased, reinstated, later('granted', { method: 'explicit' })],
    ...PASS,
    explicit: true,
  },
  {
    name: 'erased, reinstated for another purpose, granted anew',
    said: [erased, { ...reinstated, purpose: 'q' }, later('granted', { method: 'explicit' })],
    ...PASS,
    explicit: true,
  },
  {
    name: 'denied, erased, reinstated: a refusal stands',
    said: [{ ...granted, decision: 'denied' }, erased, reinstated],
    ...DENIED,
  },
  {
    name: 'objected, granted, erased, reinstated: the void grant lifts nothing',
    said: [later('objected', { at: day(0) }), explicitly, erased, reinstated],
    ...OBJECTED,
  },
  { name: 'reinstated without an erasure', said: [explicitly, reinstated], ...PASS, explicit: true },
  {
    name: 'erased twice, reinstated once between',
    said: [erased, reinstated, later('granted'), later('erased', { at: day(6), version: 6 })],
    ...ERASED,
  },
  {
    name: 'reinstated at the same time, earlier in the feed',
    said: [erased, { ...reinstated, at: day(2), version: 1 }],
    ...ERASED,
  },
  {
    name: 'reinstated again without an erasure: grants since stand',
    said: [
      erased,
      reinstated,
      later('granted', { method: 'explicit' }),
      later('reinstated', { at: day(6), version: 6 }),
    ],
    ...PASS,
    explicit: true,
  },
  { name: 'grants no recipient', said: [explicitly], ...PASS, consent: 'recipient_not_named', recipient: 'acme' },
  {
    name: 'grants another recipient',
    said: [{ ...explicitly, recipients: ['acm', 'acme2'] }],
    ...PASS,
    consent: 'recipient_not_named',
    recipient: 'acme',
  },
  {
    name: 'grants the recipient',
    said: [{ ...explicitly, recipients: ['other', 'acme'] }],
    ...PASS,
    explicit: true,
    recipient: 'acme',
  },
  {
    name: 'granted the recipient until yesterday',
    said: [{ ...explicitly, recipients: [], expires: NOW - DAY }],
    ...LAPSED,
    recipient: 'acme',
  },
];

const BASES = ['consent', 'opt_out', 'legitimate_interest', 'contract', 'legal_obligation'] as const;

/** Who picks the basis: [region in the record, region in every event, the regime that has the basis under test]. */
const REGIMES = [
  { name: 'default, no region known', record: null, said: null, listed: null },
  { name: 'listed, by the record', record: 'US-CA', said: 'DE', listed: 'US-CA' },
  { name: 'default, a record region nobody listed', record: 'US', said: 'US-CA', listed: null },
  { name: 'listed, by the latest event', record: null, said: 'US-CA', listed: 'US-CA' },
] as const;

const FIELDS = { id: CATEGORY.system, contact: CATEGORY.contact, health: CATEGORY.health, secret: CATEGORY.secret };
type Field = keyof typeof FIELDS;
const SENSITIVITIES: readonly (readonly Field[])[] = [
  ['id', 'contact', 'health'],
  ['contact'],
  ['health'],
  ['secret'],
  ['id', 'secret'],
  [],
];
const AGES = [
  { name: 'new', days: 1, outlived: false, tooOld: false },
  { name: 'past the limit of contact', days: 31, outlived: true, tooOld: false },
  { name: 'at the limit of the record', days: 90, outlived: true, tooOld: false },
  { name: 'past the limit of the record', days: 90 + 1 / DAY, outlived: true, tooOld: true },
] as const;

/** What DESIGN says, for one combination: a list of fields, or a reason. Written without any of the code under test. */
function expected(
  row: Row,
  basis: Basis,
  fields: readonly Field[],
  age: (typeof AGES)[number],
  unconsented: 'withhold' | 'strip',
): readonly Field[] | WithheldReason {
  if (basis === 'legal_obligation') {
    if (age.tooOld) return 'retention_expired';
    const left = fields.filter((field) => !(field === 'contact' && age.outlived));
    return left.length === 0 && fields.length > 0 ? 'retention_expired' : left;
  }
  if (row.erased) return 'erased';
  // Every erasure of the table is of day 2, 98 days ago: a record of 90 days and an instant came after it.
  const answer = basis === 'contract' ? 'ok' : row[basis];
  if (answer !== 'ok' && unconsented === 'withhold') return answer;
  if (age.tooOld) return 'retention_expired';
  if (answer !== 'ok') return fields.includes('id') ? ['id'] : answer;
  const spoken = fields.filter((field) => row.explicit || (field !== 'health' && field !== 'secret'));
  const left = spoken.filter((field) => !(field === 'contact' && age.outlived));
  if (left.length > 0 || fields.length === 0) return left;
  return spoken.length < fields.length ? 'consent_not_explicit' : 'retention_expired';
}

/**
 * Consent at the event's time too. Each row is asked about with an event of each of these days, and has to come to what
 * the table's own rules say of both moments: that of the present first.
 */
describe('consent at event time', () => {
  const at = (events: Row['said'], eventDay: number, over: OutputSpec = {}, fields = ['id', 'health'] as const) => {
    const plan = planOf(
      Object.fromEntries(fields.map((field) => [field, { category: FIELDS[field], maxAgeMs: 365 * DAY }])),
      [{ consentAt: 'event_and_decision', purpose: purpose({ retentionMs: 365 * DAY }), ...over }],
    );
    const output = plan.outputs[0]!;
    const state = consentStateOf(events.map((said) => event(said)));
    const verdict = decide({ eventTime: day(eventDay), region: null }, state, output, NOW, makeVariants(plan, output));
    if (verdict.kind === 'withhold') return verdict.reason;
    const released = fields.filter((_, i) => verdict.variant.released[i] === 1);
    return `${released.join()} ${settle(verdict.variant, verdict.reason, released.length) ?? verdict.reason ?? ''}`.trim();
  };
  const opted = { purpose: purpose({ retentionMs: 365 * DAY, defaultBasis: 'opt_out' as Basis }) };
  const interest = { purpose: purpose({ retentionMs: 365 * DAY, defaultBasis: 'legitimate_interest' as Basis }) };
  const lawful = { purpose: purpose({ retentionMs: 365 * DAY, defaultBasis: 'legal_obligation' as Basis }) };
  const contract = { purpose: purpose({ retentionMs: 365 * DAY, defaultBasis: 'contract' as Basis }) };
  const regranted = [
    explicitly,
    later('withdrawn', { at: day(3), version: 3 }),
    later('granted', { method: 'explicit' }),
  ];

  it.each([
    ['granted before the event', [explicitly], 2, {}, 'id,health'],
    ['granted at that moment', [explicitly], 1, {}, 'id,health'],
    ['granted after it', [explicitly], 0.5, {}, 'consent_missing'],
    ['withdrawn at the time, granted again', regranted, 4, {}, 'consent_withdrawn'],
    ['withdrawn from that moment', regranted, 3, {}, 'consent_withdrawn'],
    ['withdrawn after it, granted again', regranted, 2.9, {}, 'id,health'],
    ['withdrawn now: the reason of now comes first', regranted.slice(0, 2), 0.5, {}, 'consent_withdrawn'],
    [
      'ran out in between, granted again',
      [{ ...explicitly, expires: day(3) }, later('granted')],
      4,
      {},
      'consent_expired',
    ],
    ['explicit now alone', [granted, later('granted', { method: 'explicit' })], 2, {}, 'id'],
    ['explicit then alone', [explicitly, later('granted')], 2, {}, 'id'],
    ['stripped for what was said then', [explicitly], 0.5, { unconsented: 'strip' }, 'id consent_missing'],
    ['opted out then, not now', [{ ...granted, decision: 'denied' }, later('granted')], 2, opted, 'opted_out'],
    ['opted out after it', [{ ...granted, decision: 'denied' }, later('granted')], 0.5, opted, 'id'],
    ['objected then, not now', [later('objected', { at: day(1) }), later('granted')], 2, interest, 'objected'],
    ['erased then, reinstated and granted since', [erased, reinstated, later('granted')], 2.5, {}, 'erased'],
    ['the same under a contract', [erased, reinstated], 2.5, contract, 'erased'],
    ['the same, never stripped', [erased, reinstated, later('granted')], 2.5, { unconsented: 'strip' }, 'erased'],
    ['a legal obligation asks nobody, then or now', [erased, reinstated], 2.5, lawful, 'id,health'],
    [
      'an event dated ahead is asked about now',
      [explicitly, later('withdrawn', { at: NOW + 1 })],
      100.5,
      {},
      'id,health',
    ],
    ['by default the event time asks nothing', [explicitly], 0.5, { consentAt: 'decision' }, 'id,health'],
  ] as const)('%s', (_name, said, eventDay, over, want) => {
    expect(at(said, eventDay, over)).toBe(want);
  });
});

describe.each(ROWS)('$name', (row) => {
  const cases = BASES.flatMap((basis) =>
    REGIMES.flatMap((regime) =>
      SENSITIVITIES.flatMap((fields) =>
        AGES.flatMap((age) =>
          (['withhold', 'strip'] as const).map((unconsented) => ({ basis, regime, fields, age, unconsented })),
        ),
      ),
    ),
  );

  it(`is as written for ${cases.length} combinations`, () => {
    expect(cases).toHaveLength(960);
    const wrong: object[] = [];
    for (const { basis, regime, fields, age, unconsented } of cases) {
      // Where nobody said anything, there is no event to take a region from.
      const listed = row.said.length === 0 && regime.record === null ? null : regime.listed;
      // An event of the future names no region yet; those rows hold for the default alone.
      const future = regime.record === null && row.said.every(({ at }) => at !== undefined && at > NOW);
      const other: Basis = basis === 'contract' ? 'legal_obligation' : 'contract';
      const underListed = listed !== null && !future;
      const plan = planOf(
        Object.fromEntries(
          fields.map((field) => [
            field,
            { category: FIELDS[field], maxAgeMs: field === 'contact' ? 30 * DAY : 90 * DAY },
          ]),
        ),
        [
          {
            unconsented,
            purpose: purpose({
              recipient: row.recipient ?? null,
              retentionMs: 90 * DAY,
              basisByRegion: new Map([['US-CA', underListed ? basis : other]]),
              defaultBasis: underListed ? other : basis,
            }),
          },
        ],
      );
      const output = plan.outputs[0];
      if (output === undefined) throw new Error('no output');
      const state = consentStateOf(row.said.map((said) => event({ region: regime.said, ...said })));
      const facts = { eventTime: NOW - age.days * DAY, region: regime.record };

      const verdict = decide(facts, state, output, NOW, makeVariants(plan, output));
      let actual: readonly string[] | WithheldReason;
      if (verdict.kind === 'withhold') {
        actual = verdict.reason;
      } else {
        const { variant } = verdict;
        const left = fields.filter((_, i) => variant.released[i] === 1);
        actual = settle(variant, verdict.reason, left.length) ?? left;
      }
      const want = expected(row, basis, fields, age, unconsented);
      if (JSON.stringify(actual) === JSON.stringify(want)) continue;
      wrong.push({ basis, regime: regime.name, fields, age: age.name, unconsented, actual, want });
    }
    expect(wrong).toEqual([]);
  });
});
