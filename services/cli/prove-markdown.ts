/** A proof as Markdown, for a wiki or a pull request. */
import type { OutputProof, RouteProof } from '../core/prove/prove.ts';
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

export function proofAsMarkdown(shown: ShownProof): string {
  const { routes, guards } = shown.proof;
  const outputs = routes.flatMap((route) => route.outputs);
  const names = [...new Set(outputs.flatMap(({ cells }) => cells.map(({ category }) => category.name)))].sort();
  const lines = [
    '# What can get where',
    '',
    ...table(
      ['category', ...outputs.map(({ plan }) => code(plan.topic))],
      names.map((name) => [
        code(name),
        ...outputs.map(({ cells }) => cellText(cells.find(({ category }) => category.name === name)) ?? ''),
      ]),
    ),
    '',
    ...LEGEND.map(([sign, text]) => `- \`${sign}\` ${text}`),
    '- blank: no record of the route can hold it',
    '',
    ERASED,
  ];
  for (const route of routes) {
    const text = schemasText(route, shown);
    if (text.length > 0) lines.push('', `**${escape(route.name)}**: ${escape(text.join(' '))}`);
    for (const output of route.outputs) lines.push('', ...details(route, output));
  }
  lines.push('', '# Guards', '');
  if (guards.length === 0) lines.push('There are none.');
  for (const guard of guards) {
    const { head, details: more } = guardLines(guard);
    lines.push(
      `- **${guard.holds ? 'holds' : 'BROKEN'}** ${escape(head)}`,
      ...more.map((line) => `  - ${escape(line)}`),
    );
  }
  return `${lines.map(printable).join('\n')}\n`;
}

function details(route: RouteProof, { plan, grounds, cells }: OutputProof): readonly string[] {
  const ways = cells.flatMap((cell) =>
    groupWays(cell.ways).map(({ first, paths }) => [
      code(cell.category.name),
      escape(wholeFormText(first)),
      escape(conditionsText(first)),
      `${paths.map(code).join(', ')}${versionsText(first.versions, route)}`,
      escape(ruleText(first)),
    ]),
  );
  const never = cells.flatMap(({ category, blocked }) =>
    blocked.map((one) => [
      code(category.name),
      code(one.path) + versionsText(one.versions, route),
      escape(blockedText(one)),
    ]),
  );
  return [
    `## ${escape(plan.topic)}`,
    '',
    `Purpose ${code(plan.purpose.name)}, from ${code(route.topic)}.`,
    '',
    ...grounds.map(
      (ground) => `- ${escape(regimesText(ground))}: ${escape(groundText(ground.basis, plan.purpose.recipient))}`,
    ),
    `- otherwise ${otherwiseText(plan)}`,
    ...(ways.length === 0 ? [] : ['', ...table(['category', 'form', 'condition', 'from', 'by'], ways)]),
    ...(never.length === 0 ? [] : ['', 'Never:', '', ...table(['category', 'from', 'why'], never)]),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...rows.map(row)];
}

/** Names from files, which may hold anything, as code. */
function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll('|', String.raw`\|`)}\``;
}

/** Text that must not be taken for markup. */
function escape(text: string): string {
  return text.replace(/[\\*_<>|#[\]]/g, String.raw`\$&`);
}
