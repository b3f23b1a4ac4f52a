/** The findings of `lethe check`, for people and for programs. */
import { counted, exitCodeOf, type Finding, SECTIONS } from '../core/check/finding.ts';
import type { Paint } from './painter.ts';

const LEVELS = { ok: 'ok', warn: 'warn', fail: 'FAIL' } as const;
const LOOKS = { ok: 'good', warn: 'warn', fail: 'bad' } as const;
/** Longer ones stand out of their column. */
const SUBJECT_WIDTH = 46;

/** Sections in their order, each as it was found. */
export function sorted(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => SECTIONS.indexOf(a.section) - SECTIONS.indexOf(b.section));
}

/** A line each, and beneath it what to do; then how many there are. Ends in a line feed. */
export function findingsText(findings: readonly Finding[], paint: Paint): string {
  const inSections = Math.max(...SECTIONS.map((section) => section.length));
  const subjects = findings.map(({ subject }) => subject.length).filter((length) => length <= SUBJECT_WIDTH);
  const inSubjects = Math.max(0, ...subjects);
  const lines = findings.flatMap(({ level, section, subject, finding, fix }) => {
    const [first = '', ...more] = finding.split('\n');
    return [
      [
        paint(LOOKS[level], LEVELS[level].padEnd(4)),
        paint('dim', section.padEnd(inSections)),
        paint('strong', subject.padEnd(inSubjects)),
        first,
      ].join('  '),
      ...more.map((line) => `      ${line}`),
      ...(fix === null ? [] : [`      ${paint('dim', '→')} ${fix}`]),
    ];
  });
  const count = (level: Finding['level']): number => findings.filter((one) => one.level === level).length;
  const total = `${count('fail')} failed, ${counted(count('warn'), 'warning')}, ${count('ok')} well`;
  return `${[...lines, '', paint(LOOKS[worst(findings)], total)].join('\n')}\n`;
}

/** Ends in a line feed. */
export function findingsJson(findings: readonly Finding[]): string {
  return `${JSON.stringify({ exit: exitCodeOf(findings), findings }, null, 2)}\n`;
}

function worst(findings: readonly Finding[]): Finding['level'] {
  const levels = new Set(findings.map(({ level }) => level));
  return levels.has('fail') ? 'fail' : levels.has('warn') ? 'warn' : 'ok';
}
