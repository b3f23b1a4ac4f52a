/** DESIGN sections 4, 5 and 12: which regime's legal basis applies. */
import { beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, type Replayed, replayed } from './replayed.ts';

const TAXONOMY = 'categories:\n  system: {}\n  user: {}\n';
const PURPOSES = `
purposes:
  split: { basis: { gdpr: consent, ccpa: opt_out, default: consent }, retention: { default: P365D } }
  rest: { basis: { ccpa: contract, default: consent }, retention: { default: P365D } }
  other: { basis: { default: consent }, retention: { default: P365D } }
`;
const policy = (region: string) => `
route: regions
from: { topic: raw.regions, format: json }
subject: id
time: at
${region}
fields:
  e: system
outputs:
  - topic: split
    purpose: split
    rules: [{ select: system, action: keep }]
  - topic: rest
    purpose: rest
    rules: [{ select: system, action: keep }]
`;
const ok = '{"e":1}';
const asks = 'withheld consent_missing';

const said = (subject: string, region: string | undefined, day: number, decision = 'granted') => ({
  subject,
  purpose: 'other',
  decision,
  at: `2026-01-${String(day).padStart(2, '0')}T00:00:00Z`,
  ...(region === undefined ? {} : { region }),
});
const CONSENTS = [
  said('canary-ca', 'US-CA', 1),
  said('canary-de', 'DE', 1),
  said('canary-moved', 'DE', 1),
  said('canary-moved', 'US-CA', 2),
  said('canary-back', 'US-CA', 3),
  said('canary-back', 'DE', 4, 'denied'),
  said('canary-fed-late', 'DE', 4),
  said('canary-fed-late', 'US-CA', 3),
  { ...said('canary-future', 'DE', 1), region: 'DE' },
  { ...said('canary-future', 'US-CA', 1), at: '2026-03-01T00:00:01Z' },
  said('canary-unlisted', 'US', 1),
];

/** Subject, members of the record, outcome of `split`, of `rest`. */
const CASES: [string, string, string, string][] = [
  ['canary-0', '"region":"US-CA"', ok, ok],
  ['canary-0', '"region":"DE"', asks, asks],
  ['canary-0', '"region":"GB"', asks, asks],
  ['canary-0', '"region":"US"', asks, asks],
  ['canary-0', '"region":"US-CA-1"', asks, asks],
  ['canary-0', '"region":"us-ca"', asks, asks],
  ['canary-0', '"region":"US-CA "', asks, asks],
  ['canary-0', String.raw`"region":"US\u002dCA"`, ok, ok],
  ['canary-0', '"region":"hiddenvalue"', asks, asks],
  ['canary-0', '"region":null', asks, asks],
  ['canary-0', '"x":1', asks, asks],
  ['canary-0', '"region":5', asks, asks],
  ['canary-ca', '"x":1', ok, ok],
  ['canary-ca', '"region":null', ok, ok],
  ['canary-ca', '"region":"DE"', asks, asks],
  ['canary-ca', '"region":"hiddenvalue"', asks, asks],
  ['canary-de', '"x":1', asks, asks],
  ['canary-de', '"region":"US-CA"', ok, ok],
  ['canary-moved', '"x":1', ok, ok],
  ['canary-back', '"x":1', asks, asks],
  ['canary-fed-late', '"x":1', asks, asks],
  ['canary-future', '"x":1', asks, asks],
  ['canary-unlisted', '"x":1', asks, asks],
];

describe('regions', () => {
  let run: Replayed;
  beforeAll(async () => {
    run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { regions: policy('region: region') } },
      lines: CASES.map(([id, members]) => `{"id":"${id}","e":1,"at":1772236800000,${members}}`),
      consents: CONSENTS,
    });
  });

  it.each(CASES.map((one, i) => [...one, i] as const))('%s with %s', (_, _members, split, rest, i) => {
    expect([outcomeOf(run.fate(i), 'split'), outcomeOf(run.fate(i), 'rest')]).toEqual([split, rest]);
  });

  it('without a region in the policy, and with another default', async () => {
    const run = await replayed({
      config: {
        taxonomy: TAXONOMY,
        purposes: PURPOSES,
        regimes: 'regimes: { gdpr: [DE], ccpa: [US-CA] }\ndefault: ccpa\n',
        policies: { regions: policy('') },
      },
      lines: ['canary-0', 'canary-de', 'canary-ca'].map(
        (id) => `{"id":"${id}","e":1,"at":1772236800000,"region":"DE"}`,
      ),
      consents: CONSENTS,
    });
    expect([0, 1, 2].map((i) => outcomeOf(run.fate(i), 'split'))).toEqual([ok, asks, ok]);
    expect(run.stderr).toMatch(/regimes\.yaml:2:\d+ \S+ /); // another regime is stricter
  });
});
