/** DESIGN sections 4 and 12: `unconsented: strip`, and what a published record is keyed by. */
import { beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, type Replayed, replayed } from './replayed.ts';

const TAXONOMY = `
categories:
  system: {}
  username: {}
  survey: { sensitive: true }
  user: {}
  user.unique_id: {}
  user.name: {}
`;
const PURPOSES = `
purposes:
  ask: { basis: { default: consent }, retention: { default: P30D } }
  opt: { basis: { default: opt_out }, retention: { default: P30D } }
  interest: { basis: { default: legitimate_interest }, retention: { default: P30D } }
  partner.acme: { recipient: acme, basis: { default: consent }, retention: { default: P30D } }
`;
const KEEP = `rules:
      - { select: system, action: keep }
      - { select: username, action: keep }
      - { select: survey, action: keep }
      - { select: user.name, action: keep }
      - { select: user.unique_id, action: pseudonymize }
      - { select: email, action: mask, mask: email }`;
const output = (topic: string, more: string, rules = KEEP, purpose = 'ask') => `  - topic: ${topic}
    purpose: ${purpose}
    ${more}
    ${rules}`;
const POLICY = `
route: keys
from: { topic: raw.keys, format: json }
subject: id
time: at
fields:
  id: user.unique_id
  e: system
  n: system
  handle: username
  answer: survey
  name: user.name
  email: user.name
  profile.age: user.name
  profile.level: system
  diary.page: user.name
  "notes[].text": user.name
outputs:
${[
  output('withhold', 'unconsented: withhold'),
  output('strip', 'unconsented: strip'),
  output('strip.opt', 'unconsented: strip', KEEP, 'opt'),
  output('strip.interest', 'unconsented: strip', KEEP, 'interest'),
  output('strip.partner', 'unconsented: strip', KEEP, 'partner.acme'),
  output('strip.by-id', 'unconsented: strip\n    key: id'),
  output('strip.by-e', 'unconsented: strip\n    key: e'),
  output('strip.personal', 'unconsented: strip', 'rules: [{ select: user.name, action: keep }]'),
  output('none', 'key: none'),
  output('pseudonym', 'key: pseudonym'),
  output('by-id', 'key: id'),
  output('by-e', 'key: e'),
  output('by-email', 'key: email'),
  output('by-n', 'key: n'),
].join('\n')}
`;
const STRIPS = ['strip', 'strip.opt', 'strip.interest', 'strip.partner'];
const PSEUDONYM = /^[\w-]{43}$/;
const NEW = '"at":"2026-02-28T00:00:00Z"';
const OLD = '"at":"2026-01-01T00:00:00Z"';
const REST = '"e":"e\\u002d1","n":1.10,"handle":"h","answer":"canary","name":"canary","email":"joe@example.com"';
const LINES = [
  ...[`{"id":"canary-0",${NEW},${REST}}`, `{"id":"canary-1",${NEW},${REST}}`],
  ...['denied', 'withdrawn', 'objected', 'expired', 'erased'].map((who) => `{"id":"canary-${who}",${NEW},${REST}}`),
  `{"id":"canary-0",${OLD},${REST}}`,
  `{"id":"canary-erased",${OLD},${REST}}`,
  `{"id":"canary-1",${NEW},"e":null,"name":"canary"}`,
  `{"id":"canary-1",${NEW},"name":"canary"}`,
  `{"id":"canary-objected",${NEW},"name":"hiddenvalue"}`,
  `{"id":"canary-1",${NEW},"e":true,"n":9007199254740993,"email":"hiddenvalue"}`,
  `{"id":"canary-objected",${NEW},"e":1,"email":"hiddenvalue"}`,
  ...['1', 'objected'].map(
    (who) => `{"id":"canary-${who}",${NEW},"e":null,"name":null,"profile":null,"diary":null,"notes":[null]}`,
  ),
  ...['1', 'objected'].map(
    (who) => `{"id":"canary-${who}",${NEW},"e":1,"profile":{"age":7,"level":2},"notes":[{"text":"canary"}]}`,
  ),
];
const STRIPPED = '{"e":"e\\u002d1","n":1.10,"handle":"h"}';

describe('strip and keys', () => {
  let run: Replayed;
  beforeAll(async () => {
    const at = '2026-01-05T10:00:00Z';
    const said = (who: string, decision: string, more = {}) => ({
      subject: `canary-${who}`,
      purpose: '*',
      decision,
      at,
      ...more,
    });
    run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { keys: POLICY } },
      lines: LINES,
      consents: [
        said('1', 'granted', { method: 'explicit', recipients: ['acme'] }),
        ...['denied', 'withdrawn', 'objected', 'erased'].map((decision) => said(decision, decision)),
        said('expired', 'granted', { expires: '2026-02-01T00:00:00Z', recipients: ['acme'] }),
      ],
    });
  });
  const of = (line: number, topics: string[]) => topics.map((topic) => outcomeOf(run.fate(line), topic));
  const keyOf = (line: number, topic: string) => run.fate(line).published[topic]?.key;

  it('withholds by default, and where the policy says so', () => {
    expect(of(0, ['withhold', 'pseudonym', 'none', 'by-id'])).toEqual(
      Array.from({ length: 4 }, () => 'withheld consent_missing'),
    );
  });

  it.each([
    ['consent_missing', 0, ['strip', 'strip.partner']],
    ['a denial', 2, ['strip', 'strip.opt', 'strip.partner']],
    ['a withdrawal', 3, ['strip', 'strip.opt', 'strip.partner']],
    ['an objection', 4, STRIPS],
    ['an expiry', 5, ['strip', 'strip.partner']],
  ])('strips for %s: only what is not personal, keyed by nobody', (_, line, topics) => {
    expect(of(line, topics)).toEqual(topics.map(() => STRIPPED));
    for (const topic of topics) expect(keyOf(line, topic)).toBe(null);
  });

  it('does not strip what is erased or too old', () => {
    expect(of(6, STRIPS)).toEqual(STRIPS.map(() => 'withheld erased'));
    expect(of(7, STRIPS)).toEqual(STRIPS.map(() => 'withheld retention_expired'));
    expect(of(8, STRIPS)).toEqual(STRIPS.map(() => 'withheld erased'));
  });

  it('does not strip who has consented', () => {
    for (const topic of ['strip', 'strip.partner']) {
      expect(JSON.parse(of(1, [topic])[0] ?? '')).toEqual({
        id: keyOf(1, topic),
        e: 'e-1',
        n: 1.1,
        handle: 'h',
        answer: 'canary',
        name: 'canary',
        email: 'j***@example.com',
      });
      expect(keyOf(1, topic)).toMatch(PSEUDONYM);
    }
    expect(keyOf(1, 'strip')).not.toBe(keyOf(1, 'strip.partner'));
  });

  it('withholds for the refusal where nothing is left', () => {
    expect(of(0, ['strip.personal'])).toEqual(['withheld consent_missing']);
    expect(of(2, ['strip.personal'])).toEqual(['withheld consent_denied']);
    expect(of(11, ['strip'])).toEqual(['withheld objected']);
  });

  it('keys a stripped record by a path that is not personal, and by no other', () => {
    expect([keyOf(0, 'strip.by-e'), keyOf(0, 'strip.by-id')]).toEqual(['e-1', null]);
    expect([keyOf(1, 'strip.by-e'), keyOf(1, 'strip.by-id')]).toEqual(['e-1', keyOf(1, 'pseudonym')]);
  });

  it('keys by the pseudonym, by nothing, or by what a rule released', () => {
    expect(keyOf(1, 'withhold')).toMatch(PSEUDONYM);
    expect(keyOf(1, 'pseudonym')).toBe(keyOf(1, 'withhold'));
    expect(keyOf(1, 'none')).toBe(null);
    expect(keyOf(1, 'by-id')).toBe(keyOf(1, 'pseudonym'));
    expect(keyOf(1, 'by-e')).toBe('e-1');
    expect(keyOf(1, 'by-email')).toBe('j***@example.com');
    expect(keyOf(1, 'by-n')).toBe('1.10');
  });

  it('leaves null, and containers, only where something of them is released', () => {
    const { id, ...consented } = JSON.parse(of(14, ['strip'])[0] ?? '');
    expect(id).toMatch(PSEUDONYM);
    expect(consented).toEqual({ e: null, name: null, profile: null, diary: null, notes: [null] });
    expect(of(15, ['strip'])).toEqual(['{"e":null,"profile":null}']);
    expect(JSON.parse(of(16, ['strip'])[0] ?? '')).toMatchObject({
      profile: { age: 7, level: 2 },
      notes: [{ text: 'canary' }],
    });
    expect(of(17, ['strip'])).toEqual(['{"e":1,"profile":{"level":2}}']);
  });

  it('keys by null where the path is null or absent', () => {
    expect([keyOf(9, 'by-e'), keyOf(10, 'by-e')]).toEqual([null, null]);
    expect([keyOf(9, 'pseudonym'), keyOf(10, 'none')]).toEqual([keyOf(1, 'pseudonym'), null]);
  });

  it('runs no action for what is withheld or stripped away, and dies of one that fails in any output', () => {
    expect(of(13, ['strip', 'withhold'])).toEqual(['{"e":1}', 'withheld objected']);
    expect(of(12, ['strip'])).toEqual(['action_failed email']);
    expect(Object.keys(run.fate(12).published)).toEqual([]);
  });
});
