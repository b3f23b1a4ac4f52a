/** Findings as text for people, and as the formats that editors and code hosts read. */
import type { Problem } from '../../core/policy/problem.ts';

export const PROBLEM_FORMATS = ['text', 'json', 'sarif', 'github'] as const;

export type ProblemFormat = (typeof PROBLEM_FORMATS)[number];

/**
 * Formats problems, as `lethe lint --format` prints them. Text: a line each, `file:line:col code message`. JSON: an
 * array. SARIF: a 2.1.0 log. GitHub: workflow commands, a line each. Ends with a newline unless there is nothing to say.
 *
 * @param folder the configuration folder as the reader would name it: file names are shown beneath it.
 */
export function formatProblems(problems: readonly Problem[], format: ProblemFormat, folder = ''): string {
  const placed = problems.map((problem) => ({
    ...problem,
    position: { ...problem.position, file: place(folder, problem.position.file) },
  }));
  switch (format) {
    case 'text':
      return placed.map((problem) => `${textLine(problem)}\n`).join('');
    case 'json':
      return `${JSON.stringify(placed, null, 2)}\n`;
    case 'sarif':
      return `${JSON.stringify(sarif(placed), null, 2)}\n`;
    case 'github':
      return placed.map((problem) => `${githubCommand(problem)}\n`).join('');
  }
}

/** Joins without node:path, so that output is the same on every system; `..` of a schema file climbs out of the folder. */
function place(folder: string, file: string): string {
  const parts = folder.split('/');
  if (parts.at(-1) === '') parts.pop();
  if (folder.startsWith('/') && parts.length === 0) parts.push('');
  for (const step of file.split('/')) {
    const last = parts.at(-1);
    if (step === '..' && last !== undefined && last !== '..' && last !== '.' && last !== '') parts.pop();
    else if (step !== '.') parts.push(step);
  }
  return parts.length === 0 ? '.' : parts.join('/');
}

function textLine({ code, severity, position, message, fix }: Problem): string {
  const kind = severity === 'warning' ? 'warning: ' : '';
  return oneLine(`${position.file}:${position.line}:${position.col} ${code} ${kind}${message}. ${fix}`);
}

/** Names in messages come from files: none may begin a line of its own, or reach a terminal as control characters. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function githubCommand({ code, severity, position, message, fix }: Problem): string {
  const data = (text: string) => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
  const property = (text: string) => data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
  const { file, line, col } = position;
  return `::${severity} file=${property(file)},line=${line},col=${col},title=${property(code)}::${data(`${message}. ${fix}`)}`;
}

/** OASIS SARIF 2.1.0: one run, a rule per code, a result per problem. */
function sarif(problems: readonly Problem[]): object {
  const codes = [...new Set(problems.map(({ code }) => code))].sort();
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'lethe',
            rules: codes.map((id) => ({ id, shortDescription: { text: id.replaceAll('-', ' ') } })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: problems.map(({ code, severity, position, message, fix }) => ({
          ruleId: code,
          ruleIndex: codes.indexOf(code),
          level: severity,
          message: { text: `${message}. ${fix}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: position.file.split('/').map(encodeURIComponent).join('/') },
                region: { startLine: position.line, startColumn: position.col },
              },
            },
          ],
        })),
      },
    ],
  };
}
