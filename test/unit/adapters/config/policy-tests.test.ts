import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadBundle } from '../../../../services/adapters/config/load.ts';
import { parsePolicyTests } from '../../../../services/adapters/config/parse-policy-tests.ts';
import { loadPolicyTests } from '../../../../services/adapters/config/policy-tests.ts';
import { printExact } from '../../../../services/core/policy-test/exact.ts';
import type { PolicyTest } from '../../../../services/core/policy-test/policy-test.ts';
import type { Bundle } from '../../../../services/core/ports.ts';

const ROOT = join(import.meta.dirname, '../../../..');

/** The one test of a file that must be good. */
function read(fields: string): PolicyTest {
  const parsed = parsePolicyTests('policies/a.test.yaml', `tests:\n  - name: a\n${fields}`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const [test] = parsed.file.tests;
  if (test === undefined) throw new Error('no test');
  return test;
}

const EXPECT = '    expect: { dead_letter: undecodable }\n';

describe('a test', () => {
  it('is read with all that it says', () => {
    const test = read(`    now: 2026-03-01T00:00:00Z
    timestamp: 2026-02-01T00:00:00Z
    consent:
      - { purpose: analytics, decision: granted, at: 2026-01-05T10:00:00Z, recipients: [acme], expires: null }
      - { purpose: "*", decision: withdrawn, at: 2026-01-05T10:00:00Z, method: gpc }
    key: k
    headers: { a: "1", b: ["1", ""] }
    input: { id: cust-1 }
    expect:
      outputs:
        t1: { value: { id: <pseudonym> }, key: null, headers: { a: "1" } }
        t2: { withheld: objected }
        t3: { value: null }
`);
    expect(test).toMatchObject({
      name: 'a',
      position: { file: 'policies/a.test.yaml', line: 2, col: 5 },
      now: Date.UTC(2026, 2, 1),
      timestamp: Date.UTC(2026, 1, 1),
      consent: [
        { purpose: 'analytics', version: 0, recipients: ['acme'], at: Date.UTC(2026, 0, 5, 10) },
        { purpose: '*', version: 1, method: 'gpc', region: null },
      ],
      key: 'k',
      input: '{"id":"cust-1"}',
    });
    expect([...test.headers]).toEqual([
      ['a', ['1']],
      ['b', ['1', '']],
    ]);
    const { outputs } = test.expect as Extract<PolicyTest['expect'], { kind: 'outputs' }>;
    expect([...outputs]).toEqual([
      [
        't1',
        { kind: 'published', value: new Map([['id', '<pseudonym>']]), key: null, headers: new Map([['a', ['1']]]) },
      ],
      ['t2', { kind: 'withheld', reason: 'objected' }],
      ['t3', { kind: 'published', value: null, key: undefined, headers: new Map() }],
    ]);
  });

  it('may leave out when, and what was said', () => {
    expect(read(`    input: {}\n${EXPECT}`)).toMatchObject({ now: null, timestamp: null, consent: [], key: null });
  });

  it.each([
    ['{ n: 9007199254740993, d: 1.10, e: 1e400, m: -0 }', '{"n":9007199254740993,"d":1.10,"e":1e400,"m":-0}'],
    ['[+1, 007, .5, 5., -.5e+3, 0x10, 0o17]', '[1,7,0.5,5,-0.5e+3,16,15]'],
    [
      '{ a: "1.10", b: yes, c: ~, d: TRUE, __proto__: { x: 1 } }',
      '{"a":"1.10","b":"yes","c":null,"d":true,"__proto__":{"x":1}}',
    ],
    ['{ at: 2026-01-01T00:00:00Z, on: 2026-01-01 }', '{"at":"2026-01-01T00:00:00Z","on":"2026-01-01"}'],
    ['\'{ "a": 1.0, \'', '{ "a": 1.0, '],
    ['12', '12'],
    ['[]', '[]'],
  ])('has its input to the letter: %s', (yaml, json) => {
    expect(read(`    input: ${yaml}\n${EXPECT}`).input).toBe(json);
  });

  it('has a tombstone for a null', () => {
    expect(read(`    input: null\n${EXPECT}`).input).toBeNull();
  });

  it('may share parts by alias, with what is expected to the letter too', () => {
    const text = `tests:
  - { name: a, input: &in { n: 1.10 }, expect: { outputs: { t: { value: *in } } } }
  - { name: b, input: *in, expect: { outputs: {} } }
`;
    const parsed = parsePolicyTests('f', text);
    if (!parsed.ok) throw new Error('not ok');
    const [a, b] = parsed.file.tests;
    expect([a?.input, b?.input]).toEqual(['{"n":1.10}', '{"n":1.10}']);
    const t = a?.expect.kind === 'outputs' ? a.expect.outputs.get('t') : undefined;
    expect(t?.kind === 'published' && printExact(t.value)).toBe('{"n":1.10}');
  });
});

describe('a mistake is told at its place', () => {
  const ok = '    input: {}\n    expect: { dead_letter: undecodable }\n';
  const found = (text: string): string[] => {
    const parsed = parsePolicyTests('f.test.yaml', text);
    return parsed.ok ? [] : parsed.problems.map(({ code, position: { line, col } }) => `${line}:${col} ${code}`);
  };

  it.each<[string, string, string[]]>([
    ['no tests', 'test: []\n', ['1:1 missing-key', '1:1 unknown-key']],
    ['an empty file', '', ['1:1 empty-file']],
    ['broken YAML', 'tests: [\n', ['2:1 yaml-syntax']],
    ['an unknown key', `tests:\n  - name: a\n    nwo: 1\n${ok}`, ['3:5 unknown-key']],
    ['a name twice', `tests:\n  - name: a\n${ok}  - name: a\n${ok}`, ['5:5 test-name-duplicate']],
    ['no name', 'tests:\n  - input: {}\n    expect: { dead_letter: undecodable }\n', ['2:5 missing-key']],
    ['no input', 'tests:\n  - name: a\n    expect: { dead_letter: undecodable }\n', ['2:5 missing-key']],
    ['no expectation', 'tests:\n  - name: a\n    input: {}\n', ['2:5 missing-key']],
    ['a time without zone', `tests:\n  - name: a\n    now: 2026-01-01T00:00:00\n${ok}`, ['3:5 invalid-value']],
    ['a day that is none', `tests:\n  - name: a\n    now: 2026-02-30T00:00:00Z\n${ok}`, ['3:5 invalid-value']],
    [
      'a subject of a consent',
      `tests:\n  - name: a\n    consent: [{ subject: x, purpose: p, decision: granted, at: 2026-01-01T00:00:00Z }]\n${ok}`,
      ['3:17 unknown-key'],
    ],
    [
      'an unknown decision',
      `tests:\n  - name: a\n    consent:\n      - { purpose: p, decision: agreed, at: 2026-01-01T00:00:00Z }\n${ok}`,
      ['4:23 unknown-value'],
    ],
    [
      'a consent of no day',
      `tests:\n  - name: a\n    consent:\n      - { purpose: p, decision: granted, at: 2026-02-30T00:00:00Z }\n${ok}`,
      ['4:9 invalid-value'],
    ],
    [
      'an unknown reason',
      'tests:\n  - name: a\n    input: {}\n    expect: { outputs: { t: { withheld: no } } }\n',
      ['4:31 unknown-value'],
    ],
    [
      'an unknown code',
      'tests:\n  - name: a\n    input: {}\n    expect: { dead_letter: no }\n',
      ['4:15 unknown-value'],
    ],
    [
      'both expectations',
      'tests:\n  - name: a\n    input: {}\n    expect: { dead_letter: undecodable, outputs: {} }\n',
      ['4:5 expectation-unclear'],
    ],
    ['none of them', 'tests:\n  - name: a\n    input: {}\n    expect: {}\n', ['4:5 expectation-unclear']],
    [
      'an output that is both',
      'tests:\n  - name: a\n    input: {}\n    expect: { outputs: { t: { value: 1, withheld: erased } } }\n',
      ['4:26 expectation-unclear'],
    ],
    [
      'an output that is neither',
      'tests:\n  - name: a\n    input: {}\n    expect: { outputs: { t: {} } }\n',
      ['4:26 expectation-unclear'],
    ],
    [
      'a key of nothing',
      'tests:\n  - name: a\n    input: {}\n    expect: { outputs: { t: { withheld: erased, key: null } } }\n',
      ['4:26 expectation-unclear'],
    ],
    [
      'a number that JSON lacks',
      'tests:\n  - name: a\n    input: { a: [.nan] }\n    expect: { outputs: { t: { value: -.inf } } }\n',
      ['3:18 number-not-json', '4:31 number-not-json'],
    ],
    ['a number for a name', `tests:\n  - name: 1\n${ok}`, ['2:5 wrong-type']],
  ])('%s', (_, text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});

describe('the tests of a folder', () => {
  let base = '';
  let config = '';
  let bundle: Bundle;
  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'lethe-policy-tests-'));
    config = join(base, 'config');
    cpSync(join(ROOT, 'schemas/examples'), join(base, 'schemas/examples'), { recursive: true });
    cpSync(join(ROOT, 'config'), config, { recursive: true });
    const loaded = await loadBundle(config);
    if (!loaded.ok) throw new Error('the examples do not load');
    ({ bundle } = loaded);
  });
  beforeEach(() => {
    rmSync(config, { recursive: true });
    cpSync(join(ROOT, 'config'), config, { recursive: true });
  });
  afterAll(() => rmSync(base, { recursive: true }));
  const write = (file: string, text: string) => writeFileSync(join(config, 'policies', file), text);
  const problems = async (of: Bundle | null = bundle) =>
    (await loadPolicyTests(config, of)).problems.map(
      ({ code, position: { file, line, col } }) => `${file}:${line}:${col} ${code}`,
    );

  it('belong to the policy they are named after, and not to the bundle', async () => {
    const { suites, rules, problems: none } = await loadPolicyTests(config, bundle);
    expect(none).toEqual([]);
    expect(suites.map(({ route, file }) => [route, file])).toEqual([
      ['clickstream', 'policies/clickstream.test.yaml'],
      ['customer-events', 'policies/customer-events.test.yaml'],
    ]);
    expect(rules.get('customer-events')?.[0]?.[0]).toMatchObject({ select: 'system', action: 'keep' });
    write('customer-events.test.yaml', 'tests: []\n');
    const again = await loadBundle(config);
    expect(again.ok && again.bundle.digest).toBe(bundle.digest);
  });

  it('name a policy and its outputs', async () => {
    const body =
      'tests:\n  - name: a\n    input: {}\n    expect:\n      outputs:\n        clean.fraud.customer-event: { withheld: erased }\n';
    write('customer-event.test.yaml', body);
    write('customer-events.test.yaml', body);
    expect(await problems()).toEqual([
      'policies/customer-event.test.yaml:1:1 policy-missing',
      'policies/customer-events.test.yaml:6:9 output-unknown',
    ]);
    const [missing, unknown] = (await loadPolicyTests(config, bundle)).problems;
    expect(missing?.fix).toContain('`policies/customer-events.yaml`');
    expect(unknown?.fix).toContain('`clean.fraud.customer-events`');
  });

  it('are all read, whatever is wrong with one', async () => {
    write('clickstream.test.yaml', 'tests: 1\n');
    writeFileSync(join(config, 'policies/customer-events.test.yaml'), Buffer.from([0x74, 0xff]));
    mkdirSync(join(config, 'policies/more.test.yaml'));
    write('.hidden.test.yaml', 'x');
    const expected = [
      'policies/clickstream.test.yaml:1:1 wrong-type',
      'policies/customer-events.test.yaml:1:1 not-utf8',
      'policies/more.test.yaml:1:1 unreadable-file',
    ];
    expect(await problems()).toEqual(expected);
    // Shapes can be told even where the policies are broken.
    expect(await problems(null)).toEqual(expected);
  });
});
