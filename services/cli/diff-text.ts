import { type Consequence, type Finding, isExposure } from '../core/diff/finding.ts';
import type { Counted, MeasuredCategory, MeasuredField, MeasuredOutput } from '../core/diff/measured-tally.ts';
import type { DiffReport } from './diff-report.ts';
import {
  CHANGE_COLUMNS,
  CONSEQUENCE_TITLES,
  count,
  countsText,
  fromTo,
  ruleOf,
  sumOf,
  whatChanged,
} from './diff-words.ts';

const ORDER: readonly Consequence[] = ['exposes', 'unclear', 'hides', 'none'];

/** For a terminal. */
export function textReport(report: DiffReport): string {
  const { old, new: fresh, findings, measured } = report;
  const lines = [
    `OLD  ${old.name}  ${old.digest}`,
    `NEW  ${fresh.name}  ${fresh.digest}`,
    '',
    ...staticLines(findings),
    ...(measured === null ? [] : measuredLines(measured)),
    verdict(report),
  ];
  return `${lines.join('\n')}\n`;
}

/** The last line. */
export function verdict({ exposure, findings }: DiffReport): string {
  const exposures = findings.filter(isExposure).length;
  if (exposure.static || exposure.measured === true) {
    const measured = exposure.measured === true ? ' Real records let out what did not leave before.' : '';
    return `New exposure: ${count(exposures)} change(s) of configuration.${measured}`;
  }
  return `No new exposure; ${findings.length === 0 ? 'nothing differs' : `${count(findings.length)} other change(s)`}.`;
}

function staticLines(findings: readonly Finding[]): string[] {
  const lines: string[] = [];
  for (const consequence of ORDER) {
    const some = findings.filter((finding) => finding.consequence === consequence);
    if (some.length === 0) continue;
    lines.push(`${CONSEQUENCE_TITLES[consequence]} (${count(some.length)})`);
    let place = '';
    for (const finding of some) {
      const here = finding.output === null ? finding.route : `${finding.route} → ${finding.output}`;
      if (here !== place) lines.push(`  ${here}`);
      place = here;
      lines.push(`    ${findingLine(finding)}`);
    }
    lines.push('');
  }
  return lines;
}

function findingLine(finding: Finding): string {
  const { path, category } = finding;
  const subject = path === null ? '' : `${path}${category === null ? '' : ` (${category})`} `;
  const change = fromTo(finding);
  const rule = ruleOf(finding);
  return `${subject}${whatChanged(finding)}${change === '' ? '' : `: ${change}`}${rule === '' ? '' : `   ${rule}`}`;
}

function measuredLines({
  route,
  source,
  records,
  deadLetters,
  outputs,
}: NonNullable<DiffReport['measured']>): string[] {
  const { new: fresh, gone, both } = deadLetters;
  return [
    `Measured: ${count(records)} record(s) of ${source}, route ${route}`,
    `  dead letters: ${counted('new', fresh, fresh.codes)}; ${counted('gone', gone, gone.codes)}; ${count(both)} before and after`,
    ...outputs.flatMap(outputLines),
    '',
  ];
}

function counted(what: string, { records, examples }: Counted, by: Readonly<Record<string, number>> = {}): string {
  const reasons = countsText(by);
  const some = examples.length === 0 ? '' : `, as ${examples.join(', ')}`;
  return `${count(records)} ${what}${reasons === '' ? '' : ` (${reasons})`}${some}`;
}

function outputLines(output: MeasuredOutput): string[] {
  const { published, newlyPublished, newlyWithheld, changed, reasonChanged } = output;
  const reasons = countsText(reasonChanged);
  return [
    `  ${output.topic}: published ${count(published.before)} → ${count(published.after)}`,
    `    ${counted('newly published', newlyPublished, newlyPublished.reasons)}`,
    `    ${counted('newly withheld', newlyWithheld, newlyWithheld.reasons)}`,
    `    ${counted('published otherwise', changed)}`,
    ...(reasons === '' ? [] : [`    withheld for another reason: ${reasons}`]),
    ...table(output.categories),
  ];
}

/** Values by category, fields beneath. */
function table(categories: readonly MeasuredCategory[]): string[] {
  if (categories.length === 0) return [];
  const row = (name: string, values: MeasuredField['values'], examples: string): readonly string[] => [
    name,
    ...CHANGE_COLUMNS.map(({ changes }) => count(sumOf(values, changes))),
    examples,
  ];
  const rows = categories.flatMap(({ category, values, fields }) => {
    const [only] = fields;
    if (only !== undefined && fields.length === 1) {
      const name = only.path === category ? category : `${category}: ${only.path}`;
      return [row(name, values, examplesOf(only))];
    }
    return [
      row(category, values, ''),
      ...fields.map((field) => row(`  ${field.path}`, field.values, examplesOf(field))),
    ];
  });
  const all = [['values by category', ...CHANGE_COLUMNS.map(({ title }) => title), ''], ...rows];
  const widths = [0, ...CHANGE_COLUMNS.map((_, i) => i + 1)].map((column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length)),
  );
  return all.map((row) => {
    const cells = widths.map((width, column) => {
      const cell = row[column] ?? '';
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `    ${[...cells, row.at(-1) ?? ''].join('  ')}`.trimEnd();
  });
}

/** Coordinates by kind of change. */
export function examplesOf({ examples }: MeasuredField): string {
  return CHANGE_COLUMNS.flatMap(({ title, changes }) => {
    const some = changes.flatMap((change) => examples[change] ?? []);
    return some.length === 0 ? [] : [`${title}: ${some.join(', ')}`];
  }).join('; ');
}
