import { DOMParser } from '@xmldom/xmldom';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TestRun } from '../../../services/cli/test.ts';
import { formatTestRun } from '../../../services/cli/test-report.ts';

const result = (over: Partial<TestRun['results'][number]> = {}): TestRun['results'][number] => ({
  route: 'orders',
  name: 'a test',
  position: { file: 'policies/orders.test.yaml', line: 3, col: 5 },
  differences: [],
  ...over,
});
const DIFFERENCES = [
  { output: 'clean.orders', path: 'customer.email', expected: '"u***@example.com"', got: '"user1@example.com"' },
  { output: 'clean.orders', path: null, expected: 'withheld: erased', got: '{}' },
  { output: null, path: null, expected: 'dead letter: undecodable', got: 'clean.orders published' },
];
const FAILED = result({ name: 'another', differences: DIFFERENCES });
const COVERAGE: TestRun['coverage'] = [
  {
    route: 'orders',
    outputs: [
      {
        topic: 'clean.orders',
        rules: [
          { select: 'system', action: 'keep', position: { file: 'policies/orders.yaml', line: 9, col: 7 }, hit: true },
          { select: 'user', action: 'drop', position: { file: 'policies/orders.yaml', line: 10, col: 7 }, hit: false },
        ],
        reasons: [
          { reason: 'erased', reached: true },
          { reason: 'objected', reached: false },
        ],
        fields: [
          { path: 'id', state: 'released' },
          { path: 'mail', state: 'dropped' },
          ...Array.from({ length: 12 }, (_, i) => ({
            path: `some.quite.long.path-${i}`,
            state: 'never_seen' as const,
          })),
        ],
      },
    ],
    deadLetters: [
      { code: 'undecodable', reached: true },
      { code: 'action_failed', reached: false },
    ],
  },
];
const run = (results: TestRun['results'], coverage = COVERAGE): TestRun => ({
  results,
  coverage,
  verdict: () => ({ complaint: null }),
});

describe('text', () => {
  it('shows what failed, field by field', () => {
    expect(formatTestRun(run([result(), FAILED, result({ route: 'views' })]), { format: 'text' }, 'config/')).toBe(
      [
        'orders',
        '  ok    a test',
        '  FAIL  another',
        '        config/policies/orders.test.yaml:3:5',
        '          clean.orders',
        '            customer.email',
        '              expected  "u***@example.com"',
        '              got       "user1@example.com"',
        '              expected  withheld: erased',
        '              got       {}',
        '          the record',
        '              expected  dead letter: undecodable',
        '              got       clean.orders published',
        '',
        'views',
        '  ok    a test',
        '',
        '2 passed, 1 failed',
        '',
      ].join('\n'),
    );
  });

  it('shows coverage as a table per route and output', () => {
    const text = formatTestRun(run([]), { format: 'text', coverage: true }, '');
    expect(text).toContain('orders → clean.orders: 22.2 % (4 of 18)\n');
    expect(text).toContain('    hit          policies/orders.yaml:9  system  keep\n');
    expect(text).toContain('    NOT HIT      policies/orders.yaml:10  user  drop\n');
    expect(text).toContain('    reached      erased\n    NOT REACHED  objected\n');
    expect(text).toContain('    released     id\n    dropped      mail\n    NEVER SEEN   some.quite.long.path-0, ');
    expect(text).toContain(
      'orders: dead letters (not counted)\n    reached      undecodable\n    NOT REACHED  action_failed\n',
    );
    expect(text).toMatch(/\n\nCovered: 22\.2 % \(4 of 18 rules, reasons and fields\)\n$/);
    expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('says only how much is covered where nothing else was asked', () => {
    const text = formatTestRun(run([result()]), { format: 'text', coverageMin: 80 }, '');
    expect(text).toContain('Covered: 22.2 %');
    expect(text).not.toContain('NOT HIT');
  });

  it('lets no name or value from a file begin a line or steer a terminal', () => {
    const bad = 'x\n\u001b[2J\u202e';
    const differences = [{ output: bad, path: bad, expected: bad, got: bad }];
    const text = formatTestRun(run([result({ name: bad, route: bad, differences })]), { format: 'text' }, '');
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(text.split('\n').filter((line) => line.includes('x')).length).toBe(6);
  });
});

it('json holds the same', () => {
  const json = JSON.parse(formatTestRun(run([result(), FAILED]), { format: 'json', coverage: true }, 'config'));
  expect(json).toMatchObject({ tests: 2, passed: 1, failed: 1, covered: 22.2 });
  expect(json.results[1]).toEqual({
    ...{ route: 'orders', name: 'another', file: 'config/policies/orders.test.yaml', line: 3, col: 5, passed: false },
    differences: DIFFERENCES,
  });
  expect(json.coverage[0].outputs[0].rules[1]).toEqual({
    ...{ select: 'user', action: 'drop', file: 'config/policies/orders.yaml', line: 10, hit: false },
  });
  expect(JSON.parse(formatTestRun(run([result()]), { format: 'json' }, '')).coverage).toBeUndefined();
});

describe('junit', () => {
  const parser = new DOMParser({
    onError: (level, message) => {
      // U+FFFD in a name makes it wonder about the encoding.
      if (level !== 'warning') throw new Error(`${level}: ${message}`);
    },
  });
  const parse = (xml: string) => parser.parseFromString(xml, 'text/xml');

  it('is a suite per route, a case per test', () => {
    const xml = formatTestRun(run([result(), FAILED, result({ route: 'views' })]), { format: 'junit' }, 'config');
    const root = parse(xml).documentElement!;
    expect([root.tagName, root.getAttribute('tests'), root.getAttribute('failures')]).toEqual(['testsuites', '3', '1']);
    const suites = [...root.getElementsByTagName('testsuite')];
    expect(
      suites.map((suite) => ['name', 'tests', 'failures', 'errors', 'skipped'].map((key) => suite.getAttribute(key))),
    ).toEqual([
      ['orders', '2', '1', '0', '0'],
      ['views', '1', '0', '0', '0'],
    ]);
    const cases = [...root.getElementsByTagName('testcase')];
    expect(cases.map((one) => one.getAttribute('name'))).toEqual(['a test', 'another', 'a test']);
    expect(cases[1]?.getAttribute('file')).toBe('config/policies/orders.test.yaml');
    const [failure, ...more] = [...root.getElementsByTagName('failure')];
    expect(more).toEqual([]);
    expect(failure?.getAttribute('message')).toBe('3 differences');
    expect(failure?.textContent).toContain('clean.orders customer.email\n  expected  "u***@example.com"\n');
  });

  it('is well-formed, whatever is in it', () => {
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    const texts = fc.oneof(fc.string({ unit }), fc.string(), fc.constant(']]>&<\'"\u0000\uD800\uFFFE'));
    fc.assert(
      fc.property(texts, texts, texts, (name, route, got) => {
        const differences = [{ output: null, path: got, expected: name, got }];
        const root = parse(
          formatTestRun(run([result({ name, route, differences })]), { format: 'junit' }, ''),
        ).documentElement;
        expect(root?.getElementsByTagName('failure').length).toBe(1);
      }),
    );
  });

  it('has text come out as it went in', () => {
    const name = 'a<b>&"c\' ]]> ü 😀';
    const odd = formatTestRun(run([result({ name: 'x\u0000y\uD800z' })]), { format: 'junit' }, '');
    expect(odd).toContain('name="x\\u0000y\\ud800z"');
    const root = parse(formatTestRun(run([result({ name })]), { format: 'junit' }, '')).documentElement;
    expect(root?.getElementsByTagName('testcase')[0]?.getAttribute('name')).toBe(name);
  });
});
