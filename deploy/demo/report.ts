/** What came of the events: a record of each outcome, and the numbers. */
import type { Outcome } from './audit-trail.ts';
import type { Screen } from './screen.ts';
import { sideBySide, table } from './show.ts';
import { decodeAvro, type ReadMessage } from './topics.ts';
import type { Seen } from './upstream.ts';

/** One record of each outcome, raw beside published, with the reason. */
export function showExamples(
  screen: Screen,
  outcomes: readonly Outcome[],
  raw: Seen,
  /** By output topic, a space, and source. */
  published: ReadonlyMap<string, ReadMessage>,
  /** The Avro schema of what an output publishes, or null where it is JSON. */
  schemaOf: (output: string) => string | null,
): void {
  const { say, styles, width } = screen;
  screen.heading('One record of each outcome: raw on the left, what came out on the right');
  say(styles.dim(`    ${styles.green('~')} changed   = kept   ${styles.red('✗')} not released`));
  const told = new Set<string>();
  for (const { output, outcome, reason, example } of outcomes) {
    // Once per reason; a published record once per output; of stripped ones, which all look alike, one.
    const kind = outcome !== 'published' ? `${outcome} ${reason}` : reason === '' ? output : 'stripped';
    if (told.has(kind)) continue;
    told.add(kind);
    const seen = raw.get(example);
    if (outcome === 'published') {
      const stripped = reason === '' ? '' : `, stripped: ${reason}`;
      say(`\n  ${styles.bold(`published to ${output}${stripped}`)}  ${styles.dim(example)}`);
      const value = published.get(`${output} ${example}`)?.value ?? Buffer.from('null');
      const schema = schemaOf(output);
      const after: unknown = schema === null ? JSON.parse(value.toString()) : decodeAvro(schema, value);
      const before: unknown = typeof seen === 'string' ? JSON.parse(seen) : seen;
      for (const line of sideBySide(before, after, styles, width)) say(line);
      continue;
    }
    say(
      `\n  ${styles.bold(outcome === 'withheld' ? `withheld from ${output}: ${reason}` : `dead letter: ${reason}`)}  ${styles.dim(example)}`,
    );
    say(`    ${styles.dim(preview(seen, width - 6))}`);
    if (outcome === 'withheld') {
      say(`    ${styles.red('✗')} nothing of it was published`);
    } else {
      const letter = published.get(`lethe.dead-letters ${example}`)?.value?.toString() ?? '';
      say(`    ${styles.green('→')} ${preview(letter, width - 45)}  ${styles.dim('(the record itself is encrypted)')}`);
    }
  }
}

function preview(value: unknown, length: number): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Counts per output and reason, held against what was produced and what the topics hold. True where all adds up. */
export function showNumbers(
  screen: Screen,
  trail: { readonly records: number; readonly outcomes: readonly Outcome[] },
  produced: number,
  outputs: readonly string[],
  /** By topic: records that a reader finds there. */
  counts: ReadonlyMap<string, number>,
): boolean {
  const { say, styles } = screen;
  screen.heading('In numbers, from the audit trail');
  const rows = trail.outcomes.map(({ output, outcome, reason, count }) => [
    output === '' ? '(all)' : output,
    outcome,
    reason,
    count,
  ]);
  say(table([['output', 'outcome', 'reason', 'records'], ...rows]).join('\n'));

  const sum = (output: string, kind: Outcome['outcome']): number =>
    trail.outcomes
      .filter((one) => one.output === output && one.outcome === kind)
      .reduce((total, { count }) => total + count, 0);
  const letters = sum('', 'dead letter');
  const checks: [string, number, number][] = [
    ['raw records produced = records in the audit', produced, trail.records],
    ['dead letters in the audit = records on lethe.dead-letters', letters, counts.get('lethe.dead-letters') ?? 0],
    ...outputs.map((topic): [string, number, number] => [
      `published in the audit = records on ${topic}`,
      sum(topic, 'published'),
      counts.get(topic) ?? 0,
    ]),
  ];
  screen.heading('Does it add up?');
  for (const [what, left, right] of checks) {
    const mark = left === right ? styles.green('✓') : styles.red('✗');
    say(`    ${mark} ${what}: ${left.toLocaleString('en-US')} = ${right.toLocaleString('en-US')}`);
  }
  return checks.every(([, left, right]) => left === right);
}
