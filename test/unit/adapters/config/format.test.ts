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
  expect(log.runs[0].tool.driver).toEqual({ name: 'lethe', rules: [{ id: 'a' }, { id: 'unknown-key' }] });
  expect(log.runs[0].results.map((r: { ruleIndex: number; level: string }) => [r.ruleIndex, r.level])).toEqual([
    [1, 'error'],
    [0, 'warning'],
  ]);
  expect(log.runs[0].results[1].locations[0].physicalLocation).toEqual({
    artifactLocation: { uri: '%C3%A4%20b.yaml' },
    region: { startLine: 9, startColumn: 1 },
  });
});

it('github escapes what would end a property or a command', () => {
  const text = formatProblems([problem({ message: '100%\nof: it', code: 'a,b:c' })], 'github', 'config');
  expect(text).toBe(
    '::error file=config/policies/orders.yaml,line=3,col=5,title=a%2Cb%3Ac::100%25%0Aof: it. Did you mean `subject`?\n',
  );
});
