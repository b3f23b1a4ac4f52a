import { countOutput, type OutputCoverage, percentOf, type RouteCoverage } from '../core/policy-test/coverage.ts';
import type { SourcePosition } from '../core/policy/plan.ts';

/** Columns of a terminal. */
const WIDTH = 100;

type FileOf = (position: SourcePosition) => string;

/** What the tests met, a table per route and output, line by line. */
export function formatCoverage(routes: readonly RouteCoverage[], file: FileOf): readonly string[] {
  return routes.flatMap(({ route, outputs, deadLetters }, index) => {
    const codes = (wanted: boolean): string[] =>
      deadLetters.filter(({ reached }) => reached === wanted).map(({ code }) => code);
    return [
      ...(index === 0 ? [] : ['']),
      ...outputs.flatMap((output) => outputLines(route, output, file)),
      `${route}: dead letters (not counted)`,
      ...group('reached', codes(true)),
      ...group('NOT REACHED', codes(false)),
    ];
  });
}

function outputLines(route: string, output: OutputCoverage, file: FileOf): string[] {
  const { topic, rules, reasons, fields } = output;
  const { covered, of } = countOutput(output);
  const ruleLines = rules.map(({ select, action, position, hit }) =>
    column(hit ? 'hit' : 'NOT HIT', `${file(position)}:${position.line}  ${select}  ${action}`),
  );
  const why = (wanted: boolean): string[] =>
    reasons.filter(({ reached }) => reached === wanted).map(({ reason }) => reason);
  const paths = (wanted: string): string[] => fields.filter(({ state }) => state === wanted).map(({ path }) => path);
  return [
    `${route} → ${topic}: ${percentOf({ covered, of })} % (${covered} of ${of})`,
    '  rules',
    ...ruleLines,
    '  reasons',
    ...group('reached', why(true)),
    ...group('NOT REACHED', why(false)),
    '  fields',
    ...group('released', paths('released')),
    ...group('dropped', paths('dropped')),
    ...group('NEVER SEEN', paths('never_seen')),
    '',
  ];
}

/** Items behind a title, wrapped; nothing where there is none. */
function group(title: string, items: readonly string[]): string[] {
  const rows: string[] = [];
  let row = '';
  for (const item of items) {
    const longer = row === '' ? item : `${row}, ${item}`;
    if (row !== '' && column(title, longer).length > WIDTH) {
      rows.push(`${row},`);
      row = item;
    } else {
      row = longer;
    }
  }
  if (row !== '') rows.push(row);
  return rows.map((text, at) => column(at === 0 ? title : '', text));
}

function column(title: string, text: string): string {
  return `    ${title.padEnd(11)}  ${text}`;
}
