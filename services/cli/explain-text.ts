/** An explanation for people, in a terminal or a file. */
import type {
  Capped,
  DeadLetterExplanation,
  FieldExplanation,
  OutputExplanation,
  RuleReference,
  ShownEvent,
  ShownValue,
} from '../core/explain/explanation.ts';
import { actionText } from '../core/explain/field-reasons.ts';
import type { Audited, ShownExplanation } from './explain.ts';
import type { Paint } from './painter.ts';

/** Longer values are cut; `--format json` has all of them. */
const VALUE_LENGTH = 120;

/** Ends in a line feed. */
export function explanationText(shown: ShownExplanation, paint: Paint): string {
  const { explanation } = shown;
  const lines = [...heading(shown, paint), ...audit(shown.audited, paint)];
  if (explanation.deadLetter !== null) lines.push('', ...deadLetter(explanation.deadLetter, paint));
  for (const output of explanation.outputs) lines.push('', ...outputLines(output, paint));
  lines.push(...leftOut(shown, paint));
  return `${lines.join('\n')}\n`;
}

function heading(shown: ShownExplanation, paint: Paint): string[] {
  const { explanation, source, line } = shown;
  const name = source ?? (line === null ? 'record' : `line ${line}`);
  const from = { folder: 'the folder given', audit: 'the one that decided about it', active: 'the active one' };
  const consents = {
    file: 'those of the file',
    view: 'as Redis holds them now',
    nobody: 'none given: nobody has consented',
  };
  const now = { option: '--now', audit: 'when it was decided about', present: 'the present' };
  const facts: [string, string][] = [
    ['route', `${explanation.route}, from ${explanation.topic}${explanation.tombstone ? '; a tombstone' : ''}`],
    ['as of', `${explanation.now} (${now[shown.nowFrom]})`],
    ['bundle', `${shown.bundle.digest} (${from[shown.bundle.from]})`],
    ['consents', consents[shown.consentsFrom]],
  ];
  if (explanation.eventTime !== null) {
    const stamp = source === null ? 'as of that moment' : "Kafka's timestamp";
    const origin = explanation.eventTimeFrom === 'record' ? "the record's own" : `${stamp}: no time is read from it`;
    facts.push(['time', `${explanation.eventTime}, ${origin}`]);
  }
  return [paint('strong', printable(name)), ...facts.map(([label, text]) => fact(label, text, paint))];
}

function fact(label: string, text: string, paint: Paint): string {
  return `  ${paint('dim', label.padEnd(9))} ${text}`;
}

function audit(audited: Audited | null, paint: Paint): string[] {
  if (audited === null) return [];
  const { segment, comparison, decisions } = audited;
  if (segment === null || comparison === null) {
    return [fact('audit', paint('warn', 'no worker has decided about this record yet'), paint)];
  }
  const again = decisions > 1 ? `; it was decided about ${decisions} times, this is the latest` : '';
  const decided = `decided ${new Date(segment.decidedAt).toISOString()} under ${segment.bundle}${again}`;
  if (comparison.same) return [fact('audit', `${decided}; ${paint('good', 'the same as here')}`, paint)];
  return [
    fact('audit', `${decided}; ${paint('bad', 'NOT the same as here:')}`, paint),
    ...comparison.differences.map((difference) => `    ${paint('bad', difference)}`),
    `    ${paint('dim', 'Consents or rules have changed since, or what was said was known to Redis only later.')}`,
  ];
}

function deadLetter({ code, path, why, fix, values, outputs }: DeadLetterExplanation, paint: Paint): string[] {
  const lines = [
    `${paint('bad', 'DEAD LETTER')} ${paint('strong', code)}${path === null ? '' : ` at ${path}`}`,
    `  ${why}`,
  ];
  for (const value of values.shown)
    lines.push(`    ${printable(value.path)} = ${cut(value.before ?? `an ${value.kind}`)}`);
  lines.push(...more(values, '    '));
  for (const { topic, rule, action } of outputs) {
    lines.push(`  in ${topic} it would be ${actionText(action)}${rule === null ? '' : `, by ${place(rule)}`}`);
  }
  return [...lines, `  ${paint('dim', 'to do')}  ${fix}`];
}

function outputLines(output: OutputExplanation, paint: Paint): string[] {
  const { topic, purpose, recipient, outcome, reason, why, change, basis, consent, key } = output;
  const look = outcome === 'withheld' ? 'bad' : reason === null || reason === 'tombstone' ? 'good' : 'warn';
  const verdict = paint(look, outcome === 'withheld' ? 'WITHHELD' : 'PUBLISHED');
  const lines = [
    `${paint('strong', topic)}  ${verdict}${reason === null ? '' : ` (${reason})`}  for ${purpose}${recipient === null ? '' : `, to ${recipient}`}`,
    fact('why', why, paint),
  ];
  if (change !== null) lines.push(fact('change', change, paint));
  if (basis !== null) lines.push(fact('basis', basis.why, paint));
  if (consent !== null) lines.push(fact('consent', event(consent), paint));
  if (outcome === 'published')
    lines.push(fact('key', `${key.value === null ? '' : `${cut(key.value)}  `}${paint('dim', key.why)}`, paint));
  for (const field of [...output.fields, ...output.headers]) lines.push(...fieldLines(field, paint));
  return lines;
}

function event(consent: ShownEvent): string {
  const { decision, purpose, at, method, notice, source, region, recipients, expires, version } = consent;
  const details = [
    `${decision} for ${purpose} at ${at}`,
    ...(method === null ? [] : [method]),
    ...(expires === null ? [] : [`until ${expires}`]),
    ...(recipients.length === 0 ? [] : [`naming ${recipients.join(', ')}`]),
    ...(notice === null ? [] : [`notice ${notice}`]),
    ...(source === null ? [] : [`source ${source}`]),
    ...(region === null ? [] : [`region ${region}`]),
    `version ${version}`,
  ];
  return printable(details.join(', '));
}

function fieldLines({ path, category, rule, effect, why, values }: FieldExplanation, paint: Paint): string[] {
  const released = !effect.startsWith('drop') && effect !== 'withheld';
  const look = released ? 'good' : effect === 'drop' ? 'dim' : 'bad';
  const head = [
    `    ${paint('strong', printable(path))}`,
    ...(category === null ? [] : [paint('dim', `${category.name}${category.sensitive ? ', sensitive' : ''}`)]),
    paint(look, effect),
    ...(rule === null ? [] : [paint('dim', place(rule))]),
  ];
  const [only, ...others] = values.shown.map((value) => valueLine(path, value, paint));
  // One value fits on a line with its reason.
  if (only !== undefined && others.length === 0) return [head.join('  '), `${only}  ${paint('dim', `(${why})`)}`];
  return [
    head.join('  '),
    `      ${paint('dim', `(${why})`)}`,
    ...values.shown.map((value) => valueLine(path, value, paint)),
    ...more(values, '      '),
  ];
}

function valueLine(declared: string, { path, before, after, unclear }: ShownValue, paint: Paint): string {
  const where = path === declared ? '' : `${printable(path)}: `;
  const left = unclear === true ? 'published; which of the array it is cannot be told' : cut(after ?? '');
  const result = after === null && unclear !== true ? paint('dim', 'nothing') : left;
  return `      ${where}${cut(before ?? '')} ${paint('dim', '→')} ${result}`;
}

function place({ select, file, line }: RuleReference): string {
  return `${file}:${line} (${select})`;
}

function leftOut({ explanation }: ShownExplanation, paint: Paint): string[] {
  const { undeclared, undeclaredHeaders, rawKey } = explanation;
  const lines: string[] = [];
  if (undeclared.count > 0) {
    lines.push('', paint('strong', 'Not declared in the policy, so it never leaves'));
    for (const { path, kind } of undeclared.shown) lines.push(`    ${printable(path)} ${paint('dim', kind)}`);
    lines.push(...more(undeclared, '    '));
  }
  if (undeclaredHeaders.length > 0 || rawKey !== null) {
    lines.push('', paint('strong', 'Not part of the value, and never passed on'));
    if (rawKey !== null) lines.push(`    the record's key ${cut(rawKey)}`);
    for (const name of undeclaredHeaders) lines.push(`    the header ${cut(name)}, which is not declared`);
  }
  return lines;
}

function more({ count, shown }: Capped<unknown>, indent: string): string[] {
  return count > shown.length ? [`${indent}… and ${count - shown.length} more`] : [];
}

function cut(literal: string): string {
  const units = [...literal];
  if (units.length <= VALUE_LENGTH) return printable(literal);
  return `${printable(units.slice(0, VALUE_LENGTH).join(''))}… (${units.length} characters)`;
}

/** What a terminal would act on is written as an escape: controls, and what turns the direction of text. */
function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
