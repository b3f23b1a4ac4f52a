import type { SourcePosition } from '../core/policy/plan.ts';
import type { TestResult, TestRun } from './test.ts';

/**
 * JUnit's XML as CI systems read it (https://github.com/testmoapp/junitxml): a suite per route, a case per test, the
 * differences as the text of its failure.
 */
export function formatJUnit({ results }: TestRun, covered: number, file: (position: SourcePosition) => string): string {
  const suites = [...Map.groupBy(results, ({ route }) => route)];
  const count = (list: readonly TestResult[]): string =>
    `tests="${list.length}" failures="${list.filter(({ differences }) => differences.length > 0).length}" errors="0" skipped="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="lethe test" ${count(results)}>`,
    ...suites.flatMap(([route, list]) => [
      `  <testsuite name="${escaped(route)}" ${count(list)}>`,
      `    <properties><property name="lethe.coverage" value="${covered}"/></properties>`,
      ...list.flatMap((result) => caseLines(result, file(result.position))),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
}

function caseLines({ route, name, position, differences }: TestResult, file: string): string[] {
  const attributes = `name="${escaped(name)}" classname="${escaped(route)}" file="${escaped(file)}" line="${position.line}"`;
  if (differences.length === 0) return [`    <testcase ${attributes}/>`];
  const text = differences.map(
    ({ output, path, expected, got }) =>
      `${[output ?? 'the record', ...(path === null ? [] : [path])].join(' ')}\n  expected  ${expected}\n  got       ${got}\n`,
  );
  const message = `${differences.length} difference${differences.length === 1 ? '' : 's'}`;
  return [
    `    <testcase ${attributes}>`,
    `      <failure type="policy" message="${message}">${escaped(`${file}:${position.line}:${position.col}\n${text.join('')}`)}</failure>`,
    '    </testcase>',
  ];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text in an element or attribute; what XML 1.0 (section 2.2) cannot hold is spelt as JSON would. */
function escaped(text: string): string {
  return text
    .replace(
      /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    .replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
