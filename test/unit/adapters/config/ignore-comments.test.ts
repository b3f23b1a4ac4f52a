import { describe, expect, it } from 'vitest';
import { ignoreComments } from '../../../../services/adapters/config/ignore-comments.ts';
import { withoutIgnored } from '../../../../services/core/policy/lint-ignores.ts';
import type { Problem } from '../../../../services/core/policy/problem.ts';

const comments = (text: string) =>
  ignoreComments('f.yaml', text).map(({ code, line, position }) => [position.line, position.col, code, line]);

describe('ignore comments', () => {
  it.each<[string, string, (number | string | null)[][]]>([
    ['behind what they are about', 'a: 1 # lethe-ignore: some-code it is meant\n', [[1, 6, 'some-code', 1]]],
    ['above it', 'a:\n  # lethe-ignore: some-code it is meant\n  b: 1\n', [[2, 3, 'some-code', 3]]],
    [
      'above it, several, with other words',
      '# lethe-ignore: one x\n# more of it\n#lethe-ignore: two y\na: 1',
      [
        [1, 1, 'one', 4],
        [3, 1, 'two', 4],
      ],
    ],
    [
      'in a flow',
      '[ # lethe-ignore: one x\n  1,\n  # lethe-ignore: two y\n  2 ]',
      [
        [1, 3, 'one', 1],
        [3, 3, 'two', 4],
      ],
    ],
    ['with Windows line ends', '# lethe-ignore: one x\r\na: 1\r\n', [[1, 1, 'one', 2]]],
    ['without a reason', '# lethe-ignore: some-code\na: 1', [[1, 1, null, 2]]],
    ['without a colon', '# lethe-ignore some-code it is meant\na: 1', [[1, 1, null, 2]]],
    ['without anything', 'a: 1 # lethe-ignore\n', [[1, 6, null, 1]]],
    ['but not what only begins alike', '# lethe-ignored: some-code x\n# see lethe-ignore: some-code x\n', []],
    ['but not in quotes', 'a: "# lethe-ignore: one x"\nb: \'x # lethe-ignore: one x\'\n', []],
    ['but not in plain text', 'a: x# lethe-ignore: one x\n', []],
    [
      'but not in blocks of text',
      'a: |\n  # lethe-ignore: one x\nb: >-\n  # lethe-ignore: two x\n# lethe-ignore: three x\n',
      [[5, 1, 'three', 6]],
    ],
  ])('are found %s', (_, text, expected) => {
    expect(comments(text)).toEqual(expected);
  });
});

const problem = (line: number, over: Partial<Problem> = {}): Problem => ({
  ...{ code: 'one', severity: 'warning', message: 'm', fix: 'f' },
  position: { file: 'f.yaml', line, col: 5 },
  ...over,
});
const left = (problems: readonly Problem[], text: string, complete = true): string[] =>
  withoutIgnored(problems, ignoreComments('f.yaml', text), complete).map(
    ({ code, severity, position }) => `${position.line} ${severity} ${code}`,
  );

describe('acknowledged warnings', () => {
  const text = 'a: 1 # lethe-ignore: one x\nb: 2\n';

  it('are gone, all of that code on that line', () => {
    expect(left([problem(1), problem(1, { message: 'another' })], text)).toEqual([]);
  });

  it.each<[string, readonly Problem[], string[]]>([
    ['an error', [problem(1, { severity: 'error' })], ['1 error one', '1 warning ignore-unused']],
    ['another code', [problem(1, { code: 'two' })], ['1 warning two', '1 warning ignore-unused']],
    ['another line', [problem(2)], ['2 warning one', '1 warning ignore-unused']],
    [
      'another file',
      [problem(1, { position: { file: 'g.yaml', line: 1, col: 1 } })],
      ['1 warning one', '1 warning ignore-unused'],
    ],
    ['nothing', [], ['1 warning ignore-unused']],
  ])('do not include %s', (_, problems, expected) => {
    expect(left(problems, text)).toEqual(expected);
  });

  it('need a code and a reason', () => {
    expect(left([problem(1)], 'a: 1 # lethe-ignore: one\n')).toEqual(['1 warning one', '1 warning ignore-invalid']);
  });

  it('may be missing where not all was looked at', () => {
    expect(left([], text, false)).toEqual([]);
    expect(left([problem(1)], text, false)).toEqual([]);
  });
});
