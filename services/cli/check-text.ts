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

/** A finding that has less room than this beside its subject stands beneath it. */
const LEAST_WIDTH = 32;
const INDENT = '      ';

/**
 * A line each, and beneath it what to do; then how many there are. Ends in a line feed.
 *
 * @param columns of the terminal. What to do is not broken into lines: it may be a command to copy.
 */
export function findingsText(findings: readonly Finding[], paint: Paint, columns: number = Infinity): string {
  const inSections = Math.max(...SECTIONS.map((section) => section.length));
  const subjects = findings.map(({ subject }) => subject.length).filter((length) => length <= SUBJECT_WIDTH);
  const inSubjects = Math.max(0, ...subjects);
  const before = 4 + 2 + inSections + 2 + inSubjects + 2;
  const beside = columns - before >= LEAST_WIDTH;
  const lines = findings.flatMap(({ level, section, subject, finding, fix }) => {
    const [first = '', ...more] = finding.split('\n');
    const head = [
      paint(LOOKS[level], LEVELS[level].padEnd(4)),
      paint('dim', section.padEnd(inSections)),
      paint('strong', beside ? subject.padEnd(inSubjects) : subject),
    ].join('  ');
    const room = columns - (beside ? before : before - inSubjects + subject.length);
    const fits = beside || first.length <= room;
    const said = wrapped(first, fits ? room : columns - INDENT.length);
    return [
      fits ? `${head}  ${said.join(`\n${' '.repeat(before)}`)}` : [head, ...said].join(`\n${INDENT}`),
      ...more.map((line) => `${INDENT}${line}`),
      ...(fix === null ? [] : [`${INDENT}${paint('dim', '→')} ${fix}`]),
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

/** Lines of at most so many characters, broken between words; a word that is longer has its own. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function worst(findings: readonly Finding[]): Finding['level'] {
  const levels = new Set(findings.map(({ level }) => level));
  return levels.has('fail') ? 'fail' : levels.has('warn') ? 'warn' : 'ok';
}
