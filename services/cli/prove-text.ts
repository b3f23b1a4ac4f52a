/** A proof for a terminal. */
import type { Cell, OutputProof, RouteProof } from '../core/prove/prove.ts';
import {
  blockedText,
  cellText,
  conditionsText,
  groundText,
  groupWays,
  guardLines,
  ERASED,
  LEGEND,
  otherwiseText,
  printable,
  regimesText,
  ruleText,
  schemasText,
  type ShownProof,
  versionsText,
  wholeFormText,
} from './prove-words.ts';

type Column = { readonly number: number; readonly route: RouteProof; readonly output: OutputProof };

/** @param width columns at most, but for names that are longer. */
export function proofAsText(shown: ShownProof, width: number): string {
  const { routes, guards } = shown.proof;
  const columns = routes.flatMap((route) => route.outputs.map((output) => ({ route, output })));
  const numbered = columns.map((column, index): Column => ({ ...column, number: index + 1 }));
  const names = [...new Set(columns.flatMap(({ output }) => output.cells.map(({ category }) => category.name)))].sort();
  const lines: string[] = ['WHAT CAN GET WHERE', ''];
  for (const { number, route, output } of numbered) {
    lines.push(`  ${number}  ${output.plan.topic}  (${output.plan.purpose.name}, from ${route.topic})`);
  }
  if (names.length === 0) lines.push('', '  Of this no record of these routes can hold anything that is declared.');
  else lines.push('', ...matrix(numbered, names, width), '', ...legend(numbered, width), ...wrap(ERASED, width, '  '));
  for (const route of routes) {
    const text = schemasText(route, shown);
    if (text.length > 0) lines.push('', `  ${route.name}`, ...text.flatMap((line) => wrap(line, width, '    ')));
  }
  for (const column of numbered) lines.push('', ...details(column, width));
  if (guards.length > 0) lines.push('', 'GUARDS', '');
  for (const guard of guards) {
    const { head, details: more } = guardLines(guard);
    lines.push(...wrap(`${guard.holds ? 'holds ' : 'BROKEN'}  ${head}`, width, '  ', 8));
    for (const line of more) lines.push(...wrap(line, width, '          '));
  }
  if (guards.length === 0) lines.push('', 'No guards: there is no guards.yaml, or it is empty.');
  return `${lines.map(printable).join('\n')}\n`;
}

/** Categories down, outputs across; in several blocks where they do not fit side by side. */
function matrix(columns: readonly Column[], names: readonly string[], width: number): readonly string[] {
  const left = Math.max(...names.map((name) => name.length));
  const texts = columns.map((column) =>
    names.map((name) => cellText(column.output.cells.find(({ category }) => category.name === name)) ?? ''),
  );
  const widths = texts.map((text) => Math.max(1, ...text.map((cell) => cell.length)));
  const lines: string[] = [];
  for (let from = 0; from < columns.length; ) {
    let to = from + 1;
    let used = 2 + left + 2 + (widths[from] ?? 0);
    for (; to < columns.length && used + 2 + (widths[to] ?? 0) <= width; to++) used += 2 + (widths[to] ?? 0);
    const row = (name: string, cells: readonly string[]): string =>
      `  ${name.padEnd(left)}  ${cells.map((cell, i) => cell.padEnd(widths[from + i] ?? 0)).join('  ')}`.trimEnd();
    if (from > 0) lines.push('');
    lines.push(
      row(
        '',
        columns.slice(from, to).map(({ number }) => String(number)),
      ),
    );
    for (const [index, name] of names.entries()) {
      lines.push(
        row(
          name,
          texts.slice(from, to).map((text) => text[index] ?? ''),
        ),
      );
    }
    from = to;
  }
  return lines;
}

/** What the signs mean that were used. */
function legend(columns: readonly Column[], width: number): readonly string[] {
  const used = columns.flatMap(({ output }) => output.cells.map((cell) => cellText(cell) ?? '')).join(' ');
  const meant = LEGEND.filter(([sign]) => used.split(/[ ]/).some((word) => word === sign || word.endsWith(sign)));
  return wrap(
    [...meant.map(([sign, text]) => `${sign} ${text}`), 'blank: no record of the route can hold it'].join('   '),
    width,
    '  ',
  );
}

function details({ number, route, output }: Column, width: number): readonly string[] {
  const { plan, grounds, cells } = output;
  const lines = [`${number}  ${plan.topic}`, ''];
  for (const ground of grounds) {
    const text = `${regimesText(ground)}: ${groundText(ground.basis, plan.purpose.recipient)}`;
    lines.push(...wrap(text, width, '   ', 2));
  }
  lines.push(...wrap(`Otherwise ${otherwiseText(plan)}.`, width, '   '));
  for (const cell of cells.filter(({ ways }) => ways.length > 0)) lines.push('', ...ways(cell, route, width));
  const never = neverLines(cells, route, width);
  if (never.length > 0) lines.push('', '   never', ...never);
  return lines;
}

function ways({ category, ways: found }: Cell, route: RouteProof, width: number): readonly string[] {
  const flags = category.sensitive ? '  (sensitive)' : '';
  const lines = [`   ${category.name}${flags}`];
  for (const { first, paths } of groupWays(found)) {
    const where = versionsText(first.versions, route);
    lines.push(
      ...wrap(`${wholeFormText(first)}: ${conditionsText(first)}`, width, '     '),
      ...wrap(`from ${paths.join(', ')}${where}`, width, '       ', 2),
      ...wrap(`by ${ruleText(first)}`, width, '       ', 2),
    );
  }
  return lines;
}

/** What is blocked, by reason. */
function neverLines(cells: readonly Cell[], route: RouteProof, width: number): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { blocked } of cells) {
    for (const one of blocked) {
      const reason = blockedText(one);
      const path = `${one.path} (${one.category.name})${versionsText(one.versions, route)}`;
      const known = byReason.get(reason);
      if (known === undefined) byReason.set(reason, [path]);
      else known.push(path);
    }
  }
  return [...byReason].flatMap(([reason, paths]) => wrap(`${reason}: ${paths.join(', ')}`, width, '     ', 2));
}

/** Breaks at spaces; lines after the first are indented by `hang` more. */
function wrap(text: string, width: number, indent: string, hang = 0): readonly string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + ' '.repeat(hang) + word;
    } else {
      line += line.trim() === '' ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}
