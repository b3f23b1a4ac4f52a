/**
 * Reads the Prometheus text exposition format (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4), and
 * as much of OpenMetrics as a worker behind a proxy may speak: exemplars, `# EOF`.
 */

export type Sample = {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** May be NaN or infinite. */
  readonly value: number;
};

export type Exposition = {
  readonly samples: readonly Sample[];
  /** Lines that are none of the format. */
  readonly malformed: number;
};

const NAME = /[A-Za-z_:][A-Za-z0-9_:]*/y;
const LABEL = /[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|(?=\}))/y;
const NO_MORE_LABELS = /[ \t]*\}/y;
/** A value, maybe a time, maybe an exemplar, which is not looked into. */
const REST = /[ \t]*([^ \t]+)(?:[ \t]+-?[0-9]+(?:\.[0-9]+)?)?[ \t]*(?:#.*)?$/y;
const NUMBER = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/**
 * Lines that are not understood are counted and passed: one bad line of somebody's exporter hides nothing else.
 *
 * @param wanted by the name of a sample (`x_bucket`, not `x`): others are not even parsed.
 */
export function parseExposition(text: string, wanted: (name: string) => boolean): Exposition {
  const samples: Sample[] = [];
  let malformed = 0;
  for (let from = 0; from < text.length; ) {
    const found = text.indexOf('\n', from);
    const end = found < 0 ? text.length : found;
    const line = text.slice(from, end).trim();
    from = end + 1;
    if (line === '' || line.startsWith('#')) continue;
    const sample = sampleOf(line, wanted);
    if (sample === null) malformed++;
    else if (sample !== undefined) samples.push(sample);
  }
  return { samples, malformed };
}

/** Null: malformed; undefined: not wanted. */
function sampleOf(line: string, wanted: (name: string) => boolean): Sample | null | undefined {
  const name = match(NAME, line, 0)?.[0];
  if (name === undefined) return null;
  if (!wanted(name)) return undefined;
  let at = name.length;
  const labels = new Map<string, string>();
  const open = match(/[ \t]*\{/y, line, at);
  if (open !== null) {
    at += open[0].length;
    for (let more = true; more; ) {
      const label = match(LABEL, line, at);
      if (label === null) break;
      const [whole, key = '', value = '', separator] = label;
      // The same label twice says two things.
      if (labels.has(key)) return null;
      labels.set(key, unescaped(value));
      at += whole.length;
      more = separator === ',';
    }
    const close = match(NO_MORE_LABELS, line, at);
    if (close === null) return null;
    at += close[0].length;
  } else if (!/[ \t]/.test(line[at] ?? '')) {
    return null;
  }
  const value = numberOf(match(REST, line, at)?.[1] ?? '');
  return value === null ? null : { name, labels, value };
}

function match(pattern: RegExp, line: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(line);
}

/** `\\`, `\"` and `\n`; any other backslash stands for itself. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\([\\"n])/g, (_whole, one: string) => (one === 'n' ? '\n' : one));
}

function numberOf(text: string): number | null {
  switch (text.toLowerCase()) {
    case 'nan':
      return Number.NaN;
    case '+inf':
    case 'inf':
      return Number.POSITIVE_INFINITY;
    case '-inf':
      return Number.NEGATIVE_INFINITY;
    default:
      return NUMBER.test(text) ? Number(text) : null;
  }
}
