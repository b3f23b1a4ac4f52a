/** The result table in README.md, without dates, so that a run that found the same leaves the file as it was. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { INVARIANTS, invariantsOf } from './checker.ts';
import type { Fault } from './fault.ts';
import { holds, type Outcome } from './run-fault.ts';

const README = fileURLToPath(new URL('README.md', import.meta.url));
const BEGIN = '<!-- results: written by npm run test:faults -->';
const END = '<!-- end of results -->';
const HEAD = ['fault', 'what happens', 'expected', 'invariants', 'goes on after', 'seed'];

/** Rows of faults that were not run stay as they are; rows of faults that are no more go. */
export function writeResults(faults: readonly Fault[], outcomes: readonly Outcome[], file: string = README): void {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${file} has no place for results`);
  const before = rowsOf(text.slice(from, to));
  const rows = faults.map((fault) => {
    const outcome = outcomes.find((one) => one.fault === fault.name);
    return outcome === undefined ? (before.get(fault.name) ?? notRun(fault)) : row(fault, outcome);
  });
  const lines = [BEGIN, '', line(HEAD), line(HEAD.map(() => '---')), ...rows, '', END];
  writeFileSync(file, text.slice(0, from) + lines.join('\n') + text.slice(to + END.length));
}

function row(fault: Fault, outcome: Outcome): string {
  const broken = invariantsOf(outcome.breaches);
  const held = INVARIANTS.filter((invariant) => !broken.has(invariant));
  const invariants = holds(outcome)
    ? 'all held'
    : outcome.error !== null
      ? 'not checked: it failed'
      : `BROKEN: ${[...broken].join(', ')}; held: ${held.join(', ')}`;
  return line([...described(fault), invariants, rounded(outcome.progressSeconds), String(outcome.seed)]);
}

const notRun = (fault: Fault): string => line([...described(fault), 'not run', '', '']);
const described = ({ name, what, expected }: Fault): string[] => [`\`${name}\``, what, expected];
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Coarse, since a machine's mood must not change the file. */
function rounded(seconds: number | null): string {
  if (seconds === null) return '';
  const bound = [2, 5, 10, 15].find((one) => seconds <= one);
  return bound === undefined ? `${Math.ceil(seconds)} s` : `≤ ${bound} s`;
}

function rowsOf(section: string): Map<string, string> {
  const rows = new Map<string, string>();
  for (const text of section.split('\n')) {
    const name = /^\| `([^`]+)` \|/.exec(text)?.[1];
    if (name !== undefined) rows.set(name, text);
  }
  return rows;
}
