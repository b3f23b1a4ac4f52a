import { describe, expect, it } from 'vitest';
import type { Difference } from '../../../../services/core/policy-test/compare.ts';
import { countOutput, percentOf } from '../../../../services/core/policy-test/coverage.ts';
import type { PolicyTest } from '../../../../services/core/policy-test/policy-test.ts';
import { runPolicyTest } from '../../../../services/core/policy-test/run.ts';
import type { PolicyDocument } from '../../../../services/core/policy/document.ts';
import { PURPOSES } from '../policy/documents.ts';
import { benchOf, JAN, outputs, policyTest, publishes, said } from './bench.ts';

const A = 'clean.analytics';
const F = 'clean.fraud';
const POLICY: PolicyDocument = {
  route: 'orders',
  from: { topic: 'raw.orders', format: 'json' },
  subject: 'id',
  time: 'at',
  fields: {
    id: 'user.unique_id',
    at: 'system',
    mail: 'user.contact.email',
    'items[].n': 'system',
    blood: 'user.health',
    'a.**': 'system',
  },
  headers: { h: 'system', mail: 'user.contact.email' },
  outputs: [
    {
      topic: A,
      purpose: 'analytics',
      rules: [
        { select: 'id', action: 'pseudonymize' },
        { select: 'mail', action: 'mask', mask: 'email' },
        { select: 'items[].n', action: 'keep' },
        { select: 'user.health', action: 'keep' },
        { select: 'system', action: 'keep' },
      ],
    },
    {
      topic: F,
      purpose: 'fraud_prevention',
      key: 'none',
      rules: [
        { select: 'items[].n', action: 'keep' },
        { select: 'user.contact.email', action: 'drop' },
      ],
    },
  ],
};
const parts = { policies: [POLICY] };
const AT = JAN + 10 * 86_400_000;
const input = (fields: string): string => `{"id":"cust-1","at":${AT},${fields}}`;
const run = (test: Partial<PolicyTest> & Pick<PolicyTest, 'expect'>): Promise<readonly Difference[]> =>
  runPolicyTest(policyTest({ consent: [said({})], ...test }), benchOf(parts));
const NO_FRAUD = { [F]: { kind: 'withheld' as const, reason: 'objected' as const } };
const objected = said({ purpose: 'fraud_prevention', decision: 'objected', version: 1 });

describe('a test', () => {
  const consent = [said({}), objected];

  it('passes where all is as expected, numbers to the letter and pseudonyms whatever they are', async () => {
    const value = `{"id":"<pseudonym>","at":${AT},"mail":"u***@example.com","items":[{"n":9007199254740993},{"n":1.1}]}`;
    expect(
      await run({
        consent,
        input: input('"mail":"user1@example.com","items":[{"n":9007199254740993},{"n":1.10,"x":2}]'),
        expect: outputs({ [A]: publishes(value, { key: '<pseudonym>' }), ...NO_FRAUD }),
      }),
    ).toEqual([]);
  });

  it.each<[string, string, string, [string | null, string, string][]]>([
    [
      'a number that a double cannot hold',
      '"items":[{"n":9007199254740993}]',
      '"items":[{"n":9007199254740992}]',
      [['items[0].n', '9007199254740992', '9007199254740993']],
    ],
    ['something missing', '"mail":null', '"mail":null,"a":{"b":1}', [['a', '{"b":1}', 'nothing']]],
    [
      'something more, which would be a leak',
      '"a":{"b.c":[1]}',
      '"x":1',
      [
        ['x', '1', 'nothing'],
        ['a', 'nothing', '{"b.c":[1]}'],
      ],
    ],
    ['something more deep down', '"a":{"b.c":[1,2]}', '"a":{"b.c":[1]}', [['a.b\\.c[1]', 'nothing', '2']]],
    ['another kind of value', '"a":{"b":"1"}', '"a":{"b":1}', [['a.b', '1', '"1"']]],
    ['null and absent', '"a":{"b":null,"c":1}', '"a":{"c":1}', [['a.b', 'nothing', 'null']]],
    ['an empty list and an empty object', '"a":{"b":1}', '"a":[]', [['a', '[]', '{"b":1}']]],
    [
      'what is no pseudonym',
      '"a":{"b":"Oozv3tt88hkh92UFvh-ou4GLR-0LgLPb0cy2Abpv2nQ"}',
      '"a":{"b":"<pseudonym>"}',
      [['a.b', '"<pseudonym>"', '"Oozv3tt88hkh92UFvh-ou4GLR-0LgLPb0cy2Abpv2nQ"']],
    ],
  ])('tells of %s', async (_, more, expected, differences) => {
    const value = `{"id":"<pseudonym>","at":${AT},${expected}}`;
    const found = await run({ consent, input: input(more), expect: outputs({ [A]: publishes(value), ...NO_FRAUD }) });
    expect(found).toEqual(differences.map(([path, want, got]) => ({ output: A, path, expected: want, got })));
  });

  it('looks at a key that is named, and at every header that is published', async () => {
    const headers = new Map([
      ['h', ['1', '2']],
      ['mail', ['user1@example.com']],
      ['x', ['secret']],
    ]);
    const value = `{"id":"<pseudonym>","at":${AT}}`;
    const expected = publishes(value, { key: null, headers: new Map([['h', ['1']]]) });
    const found = await run({
      consent,
      headers,
      input: input('"x":1'),
      expect: outputs({ [A]: expected, ...NO_FRAUD }),
    });
    expect(found.map(({ path, expected: want, got }) => [path, want, got])).toEqual([
      ['(key)', 'null', expect.stringMatching(/^"[\w-]{43}"$/)],
      ['(headers).h[1]', 'nothing', '"2"'],
    ]);
  });

  it('tells what was withheld, published or dead instead', async () => {
    const withheld = { kind: 'withheld' as const, reason: 'consent_denied' as const };
    const consents = [said({ purpose: 'analytics', decision: 'denied' })];
    const about = async (test: Partial<PolicyTest> & Pick<PolicyTest, 'expect'>) =>
      (await run({ consent: consents, input: input('"a":{"b":1}'), ...test })).map(
        ({ output, path, expected, got }) => [...[output, path, expected, got]],
      );
    const fraud = publishes('{}');
    expect(await about({ expect: outputs({ [A]: withheld, [F]: fraud }) })).toEqual([]);
    expect(await about({ expect: outputs({ [A]: publishes('{"b":1}'), [F]: fraud }) })).toEqual([
      [A, null, '{"b":1}', 'withheld: consent_denied'],
    ]);
    expect(await about({ expect: outputs({ [A]: { ...withheld, reason: 'erased' }, [F]: withheld }) })).toEqual([
      [A, null, 'withheld: erased', 'withheld: consent_denied'],
      [F, null, 'withheld: consent_denied', '{}'],
    ]);
    expect(await about({ expect: { kind: 'dead_letter', code: 'undecodable' } })).toEqual([
      [null, null, 'dead letter: undecodable', `${A} withheld: consent_denied, ${F} published`],
    ]);
    expect(await about({ input: '{"id":', expect: outputs({}) })).toEqual([
      [null, null, 'a decision for every output', 'dead letter: undecodable'],
    ]);
    expect(await about({ input: input('"mail":{}'), expect: { kind: 'dead_letter', code: 'too_large' } })).toEqual([
      [null, null, 'dead letter: too_large', 'dead letter: action_failed at mail'],
    ]);
    expect(await about({ input: '{', expect: { kind: 'dead_letter', code: 'undecodable' } })).toEqual([]);
  });

  it('asks nothing of an output that it does not name, unless it is strict', async () => {
    const test = policyTest({ consent: [], input: input('"a":{}'), expect: outputs({}) });
    expect(await runPolicyTest(test, { ...benchOf(parts), strict: false })).toEqual([]);
    expect(await runPolicyTest(test, benchOf(parts))).toHaveLength(1);
  });

  it('strictly fails where an output that it does not name publishes something, and not where that is withheld', async () => {
    expect(await run({ consent: [objected], input: input('"a":{}'), expect: outputs({}) })).toEqual([]);
    const found = await run({ consent: [], input: input('"a":{}'), expect: outputs({}) });
    expect(found).toEqual([
      { output: F, path: null, expected: 'nothing: the test does not name this output', got: '{}' },
    ]);
  });

  it('knows tombstones', async () => {
    const expected = outputs({
      [A]: publishes('null', { key: '<pseudonym>' }),
      [F]: { kind: 'withheld', reason: 'tombstone' },
    });
    expect(await run({ input: null, key: 'cust-1', expect: expected })).toEqual([]);
    expect(await run({ input: null, expect: { kind: 'dead_letter', code: 'subject_missing' } })).toEqual([]);
  });
});

describe('the moment a test is judged at', () => {
  const old = { kind: 'withheld' as const, reason: 'retention_expired' as const };
  const missing = { kind: 'withheld' as const, reason: 'consent_missing' as const };
  const published = publishes(`{"id":"<pseudonym>","at":${AT}}`);

  it.each<[string, Partial<PolicyTest>, ReturnType<typeof outputs>]>([
    ['the event time, else', {}, outputs({ [A]: published, [F]: publishes('{}') })],
    [
      'a later consent',
      { consent: [said({ at: AT + 86_400_000 })] },
      outputs({ [A]: published, [F]: publishes('{}') }),
    ],
    [
      'a consent so late that the record is too old',
      { consent: [said({ at: AT + 100 * 86_400_000 })] },
      outputs({ [A]: published, [F]: old }),
    ],
    [
      'now, where it is given',
      { now: AT, consent: [said({ at: AT + 1 })] },
      outputs({ [A]: missing, [F]: publishes('{}') }),
    ],
    ['now, for retention', { now: AT + 400 * 86_400_000 }, outputs({ [A]: old, [F]: old })],
  ])('is %s', async (_, test, expected) => {
    expect(await run({ input: input('"x":1'), ...test, expect: expected })).toEqual([]);
  });

  it('is never now: a time far in the future is its own present, unless `now` is given', async () => {
    const at = Date.UTC(2999, 0, 1);
    const far = { input: `{"id":"cust-1","at":${at}}`, consent: [] };
    expect(await run({ ...far, expect: outputs({ [A]: missing, [F]: publishes('{}') }) })).toEqual([]);
    expect(await run({ ...far, now: AT, expect: { kind: 'dead_letter', code: 'time_invalid' } })).toEqual([]);
  });

  it('lets the age of a record without a time be told by its Kafka timestamp', async () => {
    const { time: _, ...timeless } = POLICY;
    const policies = [{ ...timeless, outputs: timeless.outputs.slice(1) }];
    const about = (test: Partial<PolicyTest>) =>
      runPolicyTest(policyTest({ input: '{"id":1}', expect: outputs({ [F]: old }), ...test }), benchOf({ policies }));
    expect(await about({ timestamp: JAN, now: JAN + 91 * 86_400_000 })).toEqual([]);
    expect(await about({ now: JAN })).toHaveLength(1);
    expect(await about({})).toHaveLength(1);
  });
});

describe('coverage', () => {
  const bench = benchOf(parts);
  const covered = async (test: Partial<PolicyTest>) => {
    await runPolicyTest(policyTest({ consent: [said({ method: 'explicit' })], expect: outputs({}), ...test }), bench);
    return bench.coverage.report();
  };
  const hits = (report: Awaited<ReturnType<typeof covered>>, output: number): string[] =>
    (report.outputs[output]?.rules ?? []).filter(({ hit }) => hit).map(({ select }) => select);
  const states = (report: Awaited<ReturnType<typeof covered>>, output: number) =>
    Object.fromEntries((report.outputs[output]?.fields ?? []).map(({ path, state }) => [path, state]));

  it('grows with what tests meet', async () => {
    const empty = bench.coverage.report();
    expect(hits(empty, 0)).toEqual([]);
    expect(percentOf(countOutput(empty.outputs[0]!))).toBe(0);
    expect(empty.outputs.map(({ reasons }) => reasons.map(({ reason }) => reason))).toEqual([
      [
        ...['erased', 'consent_missing', 'consent_denied', 'consent_withdrawn', 'consent_expired'],
        ...['opted_out', 'objected', 'retention_expired'],
      ],
      ['erased', 'objected', 'retention_expired', 'tombstone'],
    ]);

    // A null is a field that was seen, and no value that a rule decided about.
    const nulls = await covered({ input: input('"mail":null,"blood":1') });
    expect(hits(nulls, 0)).toEqual(['id', 'user.health', 'system']);
    expect(states(nulls, 0)).toMatchObject({
      id: 'released',
      blood: 'released',
      mail: 'never_seen',
      'headers.h': 'never_seen',
    });
    expect(hits(nulls, 1)).toEqual([]);
    expect(states(nulls, 1)).toMatchObject({ id: 'dropped', blood: 'dropped' });

    const more = await covered({
      input: input('"mail":"a@b","items":[{"n":1}],"a":{"z":1}'),
      headers: new Map([['h', ['1']]]),
    });
    expect(hits(more, 0)).toEqual(['id', 'mail', 'items[].n', 'user.health', 'system']);
    expect(hits(more, 1)).toEqual(['items[].n', 'user.contact.email']);
    expect(states(more, 1)).toMatchObject({ mail: 'dropped', 'headers.h': 'dropped', 'headers.mail': 'never_seen' });

    const reasons = async (test: Partial<PolicyTest>) =>
      (await covered(test)).outputs.map((output) =>
        output.reasons.filter(({ reached }) => reached).map(({ reason }) => reason),
      );
    expect(await reasons({ input: input('"x":1'), consent: [] })).toEqual([['consent_missing'], []]);
    expect(await reasons({ input: null, key: 'k' })).toEqual([['consent_missing'], ['tombstone']]);
    expect(bench.coverage.report().deadLetters.every(({ reached }) => !reached)).toBe(true);
    const dead = await covered({ input: '{' });
    expect(dead.deadLetters.filter(({ reached }) => reached)).toEqual([{ code: 'undecodable', reached: true }]);
    expect(dead.deadLetters.map(({ code }) => code)).toEqual([
      'undecodable',
      'subject_missing',
      'time_invalid',
      'action_failed',
    ]);
  });

  it('takes a field for released that was released once', async () => {
    const fresh = benchOf(parts);
    for (const method of ['explicit', null]) {
      const test = { consent: [said({ method })], input: input('"blood":1'), expect: outputs({}) };
      await runPolicyTest(policyTest(test), fresh);
    }
    expect(states(fresh.coverage.report(), 0)).toMatchObject({ blood: 'released' });
  });

  it('does not take a field dropped for want of consent for a rule that decided', async () => {
    const fresh = benchOf(parts);
    await runPolicyTest(policyTest({ consent: [said({})], input: input('"blood":1'), expect: outputs({}) }), fresh);
    const [analytics] = fresh.coverage.report().outputs;
    expect(analytics?.rules.find(({ select }) => select === 'user.health')?.hit).toBe(false);
    expect(analytics?.fields).toContainEqual({ path: 'blood', state: 'dropped' });
  });

  it('never rounds up to all', () => {
    expect(percentOf({ covered: 999_999, of: 1_000_000 })).toBe(99.9);
    expect(percentOf({ covered: 0, of: 0 })).toBe(100);
  });
});

describe('the reasons that can occur', () => {
  const reasonsOf = (
    purpose: string,
    output: Partial<PolicyDocument['outputs'][number]>,
    rest: Partial<PolicyDocument> = {},
  ) => {
    const rules = [{ select: 'user.health', action: 'keep' as const }];
    const policy = { ...POLICY, headers: {}, ...rest, outputs: [{ topic: A, purpose, rules, ...output }] };
    const purposes = {
      purposes: {
        ...PURPOSES.purposes,
        law: { basis: { default: 'legal_obligation' as const }, retention: { default: 'P1D' } },
        deal: { basis: { default: 'contract' as const }, retention: { default: 'P9D', system: 'P1D' } },
      },
    };
    return benchOf({ policies: [policy], purposes })
      .coverage.report()
      .outputs[0]?.reasons.map(({ reason }) => reason);
  };
  const KEEP = [
    { select: 'system', action: 'keep' as const },
    { select: 'user.health', action: 'keep' as const },
  ];

  it.each<[string, string, Parameters<typeof reasonsOf>[1], string[], Partial<PolicyDocument>?]>([
    ['a legal obligation: age alone', 'law', {}, ['retention_expired']],
    ['a contract: erasure too', 'deal', { rules: [] }, ['erased', 'retention_expired']],
    ['nothing but sensitive data', 'deal', {}, ['erased', 'consent_not_explicit', 'retention_expired']],
    [
      'sensitive data beside the time, whose limit is closer',
      'deal',
      { rules: KEEP },
      ['erased', 'consent_not_explicit', 'retention_expired'],
    ],
    [
      'sensitive data beside what is always there',
      'fraud_prevention',
      { rules: KEEP },
      ['erased', 'objected', 'retention_expired'],
    ],
    [
      'sensitive data, of which even the subject is',
      'deal',
      { rules: [{ select: 'user.health', action: 'keep' }] },
      ['erased', 'consent_not_explicit', 'retention_expired'],
      { fields: { id: 'user.health', at: 'system' } },
    ],
    [
      'a recipient',
      'partner.acme',
      { rules: [] },
      [
        'erased',
        'consent_missing',
        'consent_denied',
        'consent_withdrawn',
        'consent_expired',
        'recipient_not_named',
        'objected',
        'retention_expired',
      ],
    ],
    ['no key', 'law', { key: 'none' }, ['retention_expired', 'tombstone']],
  ])('%s', (_, purpose, output, reasons, rest) => {
    expect(reasonsOf(purpose, output, rest)).toEqual(reasons);
  });
});
