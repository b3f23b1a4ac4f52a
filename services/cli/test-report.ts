/** What `lethe test` prints: for people, for programs, for CI. */
import { countAll, countOutput, percentOf, type RouteCoverage } from '../core/policy-test/coverage.ts';
import type { SourcePosition } from '../core/policy/plan.ts';
import { formatCoverage } from './test-coverage-text.ts';
import { formatJUnit } from './test-junit.ts';
import type { TestResult, TestRun } from './test.ts';

export type TestReportOptions = {
  readonly format: 'text' | 'json' | 'junit';
  readonly coverage?: boolean;
  readonly coverageMin?: number;
};

/** @param folder the configuration folder as the reader names it: files are shown beneath it. */
export function formatTestRun(run: TestRun, options: TestReportOptions, folder: string): string {
  const file = ({ file: name }: SourcePosition): string =>
    folder === '' ? name : `${folder.replace(/\/$/, '')}/${name}`;
  switch (options.format) {
    case 'text':
      return formatText(run, options, file);
    case 'json':
      return `${JSON.stringify(formatJson(run, options, file), null, 2)}\n`;
    case 'junit':
      return formatJUnit(run, percentOf(countAll(run.coverage)), file);
  }
}

type FileOf = (position: SourcePosition) => string;

function formatText({ results, coverage }: TestRun, options: TestReportOptions, file: FileOf): string {
  const lines: string[] = [];
  let route: string | null = null;
  for (const result of results) {
    if (result.route !== route) lines.push(...(route === null ? [] : ['']), result.route);
    ({ route } = result);
    lines.push(...resultLines(result, file));
  }
  const failed = results.filter(({ differences }) => differences.length > 0).length;
  if (results.length > 0) lines.push('', `${results.length - failed} passed, ${failed} failed`);
  const total = countAll(coverage);
  if (options.coverage === true) lines.push('', ...formatCoverage(coverage, file));
  if (options.coverage === true || options.coverageMin !== undefined) {
    lines.push('', `Covered: ${percentOf(total)} % (${total.covered} of ${total.of} rules, reasons and fields)`);
  }
  return lines.map((line) => `${clean(line)}\n`).join('');
}

function resultLines({ name, position, differences }: TestResult, file: FileOf): string[] {
  if (differences.length === 0) return [`  ok    ${name}`];
  const lines = [`  FAIL  ${name}`, `        ${file(position)}:${position.line}:${position.col}`];
  let output: string | null | undefined;
  for (const difference of differences) {
    if (difference.output !== output) lines.push(`          ${difference.output ?? 'the record'}`);
    ({ output } = difference);
    if (difference.path !== null) lines.push(`            ${difference.path}`);
    lines.push(`              expected  ${difference.expected}`, `              got       ${difference.got}`);
  }
  return lines;
}

function formatJson({ results, coverage }: TestRun, options: TestReportOptions, file: FileOf): object {
  const failed = results.filter(({ differences }) => differences.length > 0).length;
  return {
    tests: results.length,
    passed: results.length - failed,
    failed,
    covered: percentOf(countAll(coverage)),
    results: results.map(({ route, name, position, differences }) => ({
      route,
      name,
      file: file(position),
      line: position.line,
      col: position.col,
      passed: differences.length === 0,
      differences,
    })),
    ...(options.coverage === true ? { coverage: coverage.map((route) => coverageJson(route, file)) } : {}),
  };
}

function coverageJson({ route, outputs, deadLetters }: RouteCoverage, file: FileOf): object {
  return {
    route,
    outputs: outputs.map((output) => ({
      output: output.topic,
      covered: percentOf(countOutput(output)),
      rules: output.rules.map(({ select, action, position, hit }) => ({
        select,
        action,
        file: file(position),
        line: position.line,
        hit,
      })),
      reasons: output.reasons,
      fields: output.fields,
    })),
    deadLetters,
  };
}

/** Names and values come from files: none may begin a line of its own, or reach a terminal as control characters. */
function clean(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}
