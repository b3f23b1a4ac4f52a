/** What `lethe init` tells on stdout: the fields with what is proposed for them, and what to do next. */
import type { Draft } from '../core/propose/draft.ts';
import type { Fitted } from '../core/propose/fit-taxonomy.ts';
import { presence } from '../core/propose/write-policy.ts';

export type Outcome = {
  readonly draft: Draft;
  readonly missing: Fitted['missing'];
  /** Records that could not be read. */
  readonly unreadable: number;
  readonly dir: string;
  readonly written: readonly string[];
  /** Files that were there and stay as they are. */
  readonly kept: readonly string[];
};

const MOST_ROWS = 200;
const FEW_RECORDS = 20;
const FEW_RECORDS_HINT =
  'Few records do not tell keys of maps from names of fields for sure: look through the paths before you share them.';

export function initSummary({ draft, missing, unreadable, dir, written, kept }: Outcome): string {
  const { roles, fields, name } = draft;
  const rows = fields.map(({ proposal, category }) => [
    proposal.found.text,
    category ?? `(${proposal.category}, not listed)`,
    proposal.confidence,
    presence(proposal.present),
  ]);
  const shown = rows.slice(0, MOST_ROWS);
  const more = rows.length > shown.length ? [`... and ${rows.length - shown.length} more, in the policy`] : [];
  const role = (what: string, { path, confidence }: (typeof roles)['subject']): string =>
    path === null ? `no ${what} found` : `${what} ${path} (${confidence})`;
  const lines = [
    `Looked at ${draft.source}${unreadable === 0 ? '' : `; ${unreadable} more could not be read`}.`,
    '',
    ...table([['FIELD', 'CATEGORY', 'CONFIDENCE', 'PRESENT'], ...shown]),
    ...more,
    '',
    `${[role('subject', roles.subject), role('time', roles.time), role('region', roles.region)].join(', ')}.`,
    ...(draft.findings.records < FEW_RECORDS && draft.format === 'json' ? ['', FEW_RECORDS_HINT] : []),
    ...missingLines(missing),
    ...(written.length > 0 ? ['', `Wrote ${written.join(', ')}.`] : []),
    ...(kept.length > 0 ? [`Left as they are: ${kept.join(', ')}.`] : []),
    '',
    'Next:',
    `  1. Read ${dir}/policies/${name}.yaml: check each category (low confidence first) and answer its questions.`,
    `  2. Write rules for what the purpose needs, and what must come out into policies/${name}.test.yaml.`,
    `  3. lethe lint ${dir} && lethe test ${dir}`,
  ];
  return `${lines.join('\n')}\n`;
}

function missingLines(missing: Fitted['missing']): string[] {
  if (missing.size === 0) return [];
  const lines = [...missing].map(([name, { sensitive, quasi }]) => {
    const flags = [...(sensitive ? ['sensitive: true'] : []), ...(quasi ? ['quasi_identifier: true'] : [])];
    return `  ${name}: ${flags.length === 0 ? '{}' : `{ ${flags.join(', ')} }`}`;
  });
  return ['', 'taxonomy.yaml is left as it is. It does not list these; add them to be more exact:', ...lines];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
