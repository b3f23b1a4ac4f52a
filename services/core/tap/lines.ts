/** A decision as a line: for people, or for machines. */
import { oneLine, oneLineJson } from '../terminal-text.ts';
import type { TapDecision } from './decision.ts';

/** A published value as far as it can be shown; `json` is its text, to the letter. */
export type ShownValue =
  | { readonly kind: 'json'; readonly json: string; readonly bytes: number }
  /** It is no JSON, or no schema of it is known. */
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'tombstone' }
  /** It did not turn up in the output topic in time. */
  | { readonly kind: 'missing' };

type Paint = (look: 'dim' | 'good' | 'bad' | 'warn', text: string) => string;

/** Of a value in a line for people. */
const MOST_CHARS = 2_000;
const LOOKS = { published: 'good', withheld: 'warn', dead_lettered: 'bad' } as const;

/** Time, outcome, raw record, output, reason, what was done to which paths, the value: on one line, whatever they hold. */
export function textLine(decision: TapDecision, value: ShownValue | null, paint: Paint): string {
  const { decidedAt, outcome, by, source, output, reason, path } = decision;
  const parts = [
    paint('dim', new Date(decidedAt).toISOString()),
    paint(LOOKS[outcome], outcome.padEnd('dead_lettered'.length)),
    `${oneLine(source)} → ${output === null ? '-' : oneLine(output)}`,
    reason === null ? '-' : oneLine(reason),
  ];
  if (path !== null) parts.push(`at ${oneLine(path)}`);
  if (by !== 'worker') parts.push(`(${by})`);
  const forms = formsText(decision);
  if (forms !== '') parts.push(forms);
  if (value !== null) parts.push(valueText(value, paint));
  return parts.join('  ');
}

/** By what was done, in the order in which paths are declared: `keep: id, at; mask: email`. */
function formsText({ forms }: TapDecision): string {
  const byEffect = Map.groupBy(forms, ({ effect }) => effect);
  return [...byEffect]
    .map(([effect, some]) => `${oneLine(effect)}: ${some.map(({ path }) => oneLine(path)).join(', ')}`)
    .join('; ');
}

function valueText(value: ShownValue, paint: Paint): string {
  switch (value.kind) {
    case 'json': {
      const text = oneLineJson(value.json);
      if (text.length <= MOST_CHARS) return text;
      return `${text.slice(0, MOST_CHARS).toWellFormed()}${paint('dim', `… ${value.bytes} bytes in all`)}`;
    }
    case 'bytes':
      return paint('dim', `${value.bytes} bytes`);
    case 'tombstone':
      return paint('dim', 'tombstone');
    case 'missing':
      return paint('dim', 'value not seen');
  }
}

/** @param leftOut records that were left out before it (`--sample`). */
export function jsonLine(decision: TapDecision, value: ShownValue | null, leftOut: number): string {
  const { decidedAt, source, output, outcome, reason, path, forms, by, bundle } = decision;
  const told = JSON.stringify({
    ...{ version: 1, at: new Date(decidedAt).toISOString(), source, output, outcome, reason, path },
    ...{ forms: forms.map((one) => ({ path: one.path, effect: one.effect })), by, bundle, leftOut },
  });
  // The value's own digits stay what they are, so it is not parsed and written anew.
  const line = value === null ? told : `${told.slice(0, -1)},"value":${valueJson(value)}}`;
  return oneLineJson(line);
}

function valueJson(value: ShownValue): string {
  switch (value.kind) {
    case 'json':
      return `{"json":${value.json}}`;
    case 'bytes':
      return `{"bytes":${value.bytes}}`;
    case 'tombstone':
      return '{"tombstone":true}';
    case 'missing':
      return '{"missing":true}';
  }
}
