/** DESIGN sections 4 and 12: who a record is about. */
import { beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, type Replayed, replayed } from './replayed.ts';

const TAXONOMY = 'categories:\n  system: {}\n  user: {}\n';
const PURPOSES = 'purposes:\n  ask: { basis: { default: consent }, retention: { default: P365D } }\n';
const policy = (subject: string, declared: boolean) => `
route: subjects
from: { topic: raw.subjects, format: json }
subject: ${subject}
time: at
fields:
  e: system
${declared ? `  ${subject}: user\n` : ''}outputs:
  - topic: clean
    purpose: ask
    rules: [{ select: system, action: keep }, { select: user, action: pseudonymize }]
`;

const GRANTED = [
  ...[
    'canary-1',
    '42',
    '-7',
    '9007199254740993',
    '123456789012345678901234567890',
    ' canary',
    'canary-\u00e9',
    'true',
    'null',
  ],
  ...['1.0', '1e3', '1000', '0'],
].map((subject) => ({ subject, purpose: 'ask', decision: 'granted', at: '2026-01-05T10:00:00Z' }));

/** An integer in the consents file is its text as well. */
const BY_NUMBER = { subject: 43, purpose: 'ask', decision: 'granted', at: '2026-01-05T10:00:00Z' };

const PUBLISHED = 'published';
const MISSING = 'subject_missing';
const NO_CONSENT = 'withheld consent_missing';

/** The raw subject, and what becomes of the record; subjects above have given their consent. */
const CASES: [string, string][] = [
  ['"canary-1"', PUBLISHED],
  [String.raw`"\u0063anary-1"`, PUBLISHED],
  ['"canary-2"', NO_CONSENT],
  ['"CANARY-1"', NO_CONSENT],
  ['"canary-1 "', NO_CONSENT],
  ['" canary"', PUBLISHED],
  ['"canary"', NO_CONSENT],
  ['"canary-\u00e9"', PUBLISHED],
  ['"canary-e\u0301"', NO_CONSENT],
  ['42', PUBLISHED],
  ['"42"', PUBLISHED],
  ['"042"', NO_CONSENT],
  ['43', PUBLISHED],
  ['"43"', PUBLISHED],
  ['-7', PUBLISHED],
  ['0', PUBLISHED],
  ['9007199254740993', PUBLISHED],
  ['9007199254740992', NO_CONSENT],
  ['"9007199254740993"', PUBLISHED],
  ['123456789012345678901234567890', PUBLISHED],
  ['"true"', PUBLISHED],
  ['"null"', PUBLISHED],
  ['42.0', MISSING],
  ['1.0', MISSING],
  ['1e3', MISSING],
  ['4.2', MISSING],
  ['""', MISSING],
  ['null', MISSING],
  ['true', MISSING],
  ['false', MISSING],
  // No string and no integer either: the subject's own code, declared as a scalar or not.
  ['{}', MISSING],
  ['{"x":"canary-1"}', MISSING],
  ['["canary-1"]', MISSING],
  ['[]', MISSING],
];

describe.each([
  ['which is declared', true],
  ['which is not declared', false],
])('a subject %s', (_, declared) => {
  const cases = CASES;
  let run: Replayed;
  beforeAll(async () => {
    run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { subjects: policy('id', declared) } },
      lines: [
        ...cases.map(([raw]) =>
          `{"id":${raw},"e":1,"at":0,"more":"hiddenvalue"}`.replace('"at":0', '"at":1772236800000'),
        ),
        '{"e":1,"at":1772236800000}',
        '{"ID":"canary-1","e":1}',
        '{"id":null,"e":1,"at":"hiddenvalue"}',
      ],
      consents: [...GRANTED, BY_NUMBER],
    });
  });

  it.each(cases.map((one, i) => [...one, i] as const))('%s: %s', (_raw, expected, i) => {
    const outcome = outcomeOf(run.fate(i), 'clean');
    expect((outcome.startsWith('{') ? PUBLISHED : outcome).replace(/^(subject_missing) .*/, '$1')).toBe(expected);
  });

  it('that is missing; it is checked before the time', () => {
    for (const i of [0, 1, 2]) expect(run.fate(cases.length + i).dead?.code).toBe(MISSING);
  });

  it('given as an integer and as its text is one subject', () => {
    const keyOf = (raw: string) => run.fate(cases.findIndex(([one]) => one === raw)).published['clean']?.key;
    expect(keyOf('42')).toMatch(/^[\w-]{43}$/);
    expect(keyOf('42')).toBe(keyOf('"42"'));
    expect(keyOf('9007199254740993')).toBe(keyOf('"9007199254740993"'));
    expect(keyOf('"canary-1"')).toBe(keyOf(String.raw`"\u0063anary-1"`));
    expect(keyOf('"canary-1"')).not.toBe(keyOf('" canary"'));
  });
});

describe('a subject in a branch', () => {
  it('is missing wherever the branch is something else', async () => {
    const records = ['{"x":"canary-1"}', '"canary-1"', 'null', '["canary-1"]', '{}', '{"id":"canary-1"}'];
    const run = await replayed({
      config: { taxonomy: TAXONOMY, purposes: PURPOSES, policies: { subjects: policy('who.id', false) } },
      lines: records.map((who) => `{"who":${who},"e":1,"at":1772236800000}`),
      consents: GRANTED,
    });
    expect(records.map((_, i) => outcomeOf(run.fate(i), 'clean').split(' ')[0])).toEqual([
      ...[MISSING, MISSING, MISSING, MISSING, MISSING],
      '{"e":1}',
    ]);
  });
});
