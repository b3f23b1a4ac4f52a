import { describe, expect, it } from 'vitest';
import { formatProblems } from '../../../../services/adapters/config/format.ts';
import type { Problem } from '../../../../services/core/policy/problem.ts';

const problem = (change: Partial<Problem> = {}): Problem => ({
  code: 'unknown-key',
  severity: 'error',
  position: { file: 'policies/orders.yaml', line: 3, col: 5 },
  message: 'unknown key `subjcet`',
  fix: 'Did you mean `subject`?',
  ...change,
});

describe('text', () => {
  it('is a line of file:line:col code message for each', () => {
    const text = formatProblems([problem(), problem({ code: 'unused', severity: 'warning' })], 'text');
    expect(text).toBe(
      'policies/orders.yaml:3:5 unknown-key unknown key `subjcet`. Did you mean `subject`?\n' +
        'policies/orders.yaml:3:5 unused warning: unknown key `subjcet`. Did you mean `subject`?\n',
    );
  });

  it.each([
    ['config', 'taxonomy.yaml', 'config/taxonomy.yaml'],
    ['config/', 'taxonomy.yaml', 'config/taxonomy.yaml'],
    ['.', 'taxonomy.yaml', './taxonomy.yaml'],
    ['/etc/lethe', 'taxonomy.yaml', '/etc/lethe/taxonomy.yaml'],
    ['/', 'taxonomy.yaml', '/taxonomy.yaml'],
    ['', 'taxonomy.yaml', 'taxonomy.yaml'],
    ['a/config', '../schemas/x.avsc', 'a/schemas/x.avsc'],
    ['config', '../../x.avsc', '../x.avsc'],
    ['.', '../x.avsc', './../x.avsc'],
    ['config', '.', 'config'],
  ])('names files beneath the folder: %s, %s', (folder, file, shown) => {
    const position = { file, line: 1, col: 1 };
    expect(formatProblems([problem({ position })], 'text', folder)).toMatch(`${shown}:1:1 `);
  });

  it('lets no name from a file begin a line or steer a terminal', () => {
    const text = formatProblems([problem({ message: 'unknown key `a\nb\u001b[2J`' })], 'text');
    expect(text.trimEnd()).not.toMatch(/\p{Cc}/u);
  });

  it('is nothing where there is nothing to say', () => {
    expect(formatProblems([], 'text')).toBe('');
  });
});

it('json is an array of the problems', () => {
  expect(JSON.parse(formatProblems([problem()], 'json'))).toEqual([problem()]);
  expect(JSON.parse(formatProblems([], 'json'))).toEqual([]);
});

it('sarif names tool, rules, levels and places', () => {
  const log = JSON.parse(
    formatProblems(
      [problem(), problem({ code: 'a', severity: 'warning', position: { file: 'ä b.yaml', line: 9, col: 1 } })],
      'sarif',
    ),
  );
  expect(log.version).toBe('2.1.0');
  expect(log.runs[0].tool.driver).toEqual({
    name: 'lethe',
    rules: [
      { id: 'a', shortDescription: { text: 'a' } },
      { id: 'unknown-key', shortDescription: { text: 'unknown key' } },
    ],
  });
  expect(log.runs[0].results.map((r: { ruleIndex: number; level: string }) => [r.ruleIndex, r.level])).toEqual([
    [1, 'error'],
    [0, 'warning'],
  ]);
  expect(log.runs[0].results[1].locations[0].physicalLocation).toEqual({
    artifactLocation: { uri: '%C3%A4%20b.yaml' },
    region: { startLine: 9, startColumn: 1 },
  });
});

it('sarif has what its schema and its readers ask for, in files beside and above the folder too', () => {
  const schema = { file: '../schemas/a.avsc', line: 1, col: 1 };
  const log = JSON.parse(formatProblems([problem(), problem({ position: schema })], 'sarif', 'config'));
  expect(Object.keys(log).sort()).toEqual(['$schema', 'runs', 'version']);
  expect(log.$schema).toMatch(/^https:\/\/.*sarif-schema-2\.1\.0\.json$/);
  const [run, ...more] = log.runs;
  expect(more).toEqual([]);
  type Result = {
    readonly level: string;
    readonly message: { readonly text: string };
    readonly ruleId: string;
    readonly ruleIndex: number;
    readonly locations: readonly {
      readonly physicalLocation: {
        readonly artifactLocation: { readonly uri: string };
        readonly region: { readonly startLine: number; readonly startColumn: number };
      };
    }[];
  };
  const uris = (run.results as Result[]).map(({ level, message, locations, ruleId, ruleIndex }) => {
    expect(['error', 'warning', 'note', 'none']).toContain(level);
    expect(message.text).not.toBe('');
    expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId);
    const [location, ...others] = locations;
    expect(others).toEqual([]);
    expect(location?.physicalLocation.region.startLine).toBeGreaterThan(0);
    expect(location?.physicalLocation.region.startColumn).toBeGreaterThan(0);
    return location?.physicalLocation.artifactLocation.uri;
  });
  // Relative, so that a code host finds the files in its own checkout.
  expect(uris).toEqual(['config/policies/orders.yaml', 'schemas/a.avsc']);
});

it('github escapes what would end a property or a command', () => {
  const text = formatProblems([problem({ message: '100%\nof: it', code: 'a,b:c' })], 'github', 'config');
  expect(text).toBe(
    '::error file=config/policies/orders.yaml,line=3,col=5,title=a%2Cb%3Ac::100%25%0Aof: it. Did you mean `subject`?\n',
  );
});
