import { type Consequence, type Finding, isExposure } from '../core/diff/finding.ts';
import type { Counted, MeasuredOutput } from '../core/diff/measured-tally.ts';
import type { DiffReport } from './diff-report.ts';
import { examplesOf, verdict } from './diff-text.ts';
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

/** For a pull request: exposure in sight, the rest folded. */
export function markdownReport(report: DiffReport): string {
  const { old, new: fresh, findings, measured } = report;
  const others = findings.filter((finding) => !isExposure(finding));
  const lines = [
    '## What this change lets out',
    '',
    `**${verdict(report)}**`,
    '',
    `${code(old.name)} (${code(old.digest.slice(0, 12))}) → ${code(fresh.name)} (${code(fresh.digest.slice(0, 12))})`,
    '',
    ...section(findings, 'exposes'),
    ...section(findings, 'unclear'),
    ...(measured === null ? [] : measuredLines(measured)),
    ...(others.length === 0
      ? []
      : [
          '<details>',
          `<summary>${count(others.length)} other change(s)</summary>`,
          '',
          ...section(findings, 'hides'),
          ...section(findings, 'none'),
          '</details>',
          '',
        ]),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function section(findings: readonly Finding[], consequence: Consequence): string[] {
  const some = findings.filter((finding) => finding.consequence === consequence);
  if (some.length === 0) return [];
  return [
    `### ${CONSEQUENCE_TITLES[consequence]} (${count(some.length)})`,
    '',
    ...table(
      ['route', 'output', 'field', 'category', 'what', 'before → after', 'rule'],
      some.map((finding) => [
        code(finding.route),
        code(finding.output),
        code(finding.path),
        code(finding.category),
        plain(whatChanged(finding)),
        code(fromTo(finding)),
        code(ruleOf(finding)),
      ]),
    ),
    '',
  ];
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
    `### Measured on ${count(records)} record(s) of ${code(source)}, route ${code(route)}`,
    '',
    `Dead letters: ${counted(fresh, 'new', fresh.codes)}, ${counted(gone, 'gone', gone.codes)}, ${count(both)} before and after.`,
    '',
    ...table(
      ['output', 'published', 'newly published', 'newly withheld', 'published otherwise'],
      outputs.map(({ topic, published, newlyPublished, newlyWithheld, changed }) => [
        code(topic),
        `${count(published.before)} → ${count(published.after)}`,
        counted(newlyPublished, '', newlyPublished.reasons),
        counted(newlyWithheld, '', newlyWithheld.reasons),
        counted(changed, ''),
      ]),
    ),
    '',
    ...outputs.flatMap(fieldLines),
  ];
}

function fieldLines({ topic, categories }: MeasuredOutput): string[] {
  if (categories.length === 0) return [];
  return [
    `Values that leave otherwise in ${code(topic)}:`,
    '',
    ...table(
      ['category', 'field', ...CHANGE_COLUMNS.map(({ title }) => title), 'examples'],
      categories.flatMap(({ category, values, fields }) => {
        const row = (path: string, of: typeof values, examples: string): readonly string[] => [
          code(path === '' || fields.length === 1 ? category : null),
          code(path),
          ...CHANGE_COLUMNS.map(({ changes }) => count(sumOf(of, changes))),
          plain(examples),
        ];
        const rows = fields.map((field) => row(field.path, field.values, examplesOf(field)));
        return fields.length === 1 ? rows : [row('', values, ''), ...rows];
      }),
    ),
    '',
  ];
}

function counted({ records, examples }: Counted, what: string, by: Readonly<Record<string, number>> = {}): string {
  const reasons = countsText(by);
  const parts = [reasons, examples.join(', ')].filter((part) => part !== '');
  return plain(`${count(records)} ${what}`.trim() + (parts.length === 0 ? '' : ` (${parts.join('; ')})`));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** Text of a configuration within a cell: nothing in it may end the cell, or begin markup. */
function code(text: string | null): string {
  if (text === null || text === '') return '';
  const fence = text.includes('`') ? '``' : '`';
  const pad = text.includes('`') ? ' ' : '';
  return `${fence}${pad}${text.replaceAll('|', String.raw`\|`).replaceAll(/\s+/g, ' ')}${pad}${fence}`;
}

function plain(text: string): string {
  return text.replaceAll(/[|\\`*_<>[\]]/g, String.raw`\$&`).replaceAll(/\s+/g, ' ');
}
