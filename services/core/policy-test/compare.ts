import type { Decided, PublishedOutput, RecordDecision } from '../engine.ts';
import { type Exact, ExactNumber, parseExact, printExact, sameNumber } from './exact.ts';
import { STAND_IN } from '../apply/encrypt.ts';
import { ANY_ENCRYPTED, ANY_PSEUDONYM, type Expectation, type ExpectedOutput } from './policy-test.ts';

/**
 * One thing that came out otherwise than expected. `expected` and `got` are JSON, or words where there is no value:
 * `nothing`, `withheld: REASON`. They hold what the test file holds and what was made of it, and nothing else.
 */
export type Difference = {
  /** Topic of the output; null: the record as a whole. */
  readonly output: string | null;
  /** Where in the value (`customer.email`, `items[1].sku`); null: the output as a whole. */
  readonly path: string | null;
  readonly expected: string;
  readonly got: string;
};

const NOTHING = 'nothing';
/** Longer values say no more to a person. */
const SHOWN = 300;

/**
 * Holds what became of a record against what was expected.
 *
 * @param issued whether a text is a pseudonym that was made for this record.
 * @param strict an output that the test does not name must publish nothing; else nothing is asked of it.
 */
export function compareDecision(
  expect: Expectation,
  decision: RecordDecision,
  issued: (text: string) => boolean,
  strict: boolean,
): readonly Difference[] {
  if (expect.kind === 'dead_letter') {
    const expected = `dead letter: ${expect.code}`;
    const got = decision.kind === 'dead_lettered' ? `dead letter: ${decision.poison.code}` : summaryOf(decision);
    return expected === got ? [] : [{ output: null, path: null, expected, got: told(decision, got) }];
  }
  if (decision.kind === 'dead_lettered') {
    const got = `dead letter: ${decision.poison.code}`;
    return [{ output: null, path: null, expected: 'a decision for every output', got: told(decision, got) }];
  }
  return decision.plan.outputs.flatMap(({ topic, index }) => {
    const outcome = decision.outputs[index];
    if (outcome === undefined) return [];
    const wanted = expect.outputs.get(topic);
    if (wanted === undefined && !strict) return [];
    const whole = (expected: string, got: string): Difference[] => [{ output: topic, path: null, expected, got }];
    if (outcome.kind === 'withheld') {
      const got = `withheld: ${outcome.reason}`;
      if (wanted === undefined || (wanted.kind === 'withheld' && wanted.reason === outcome.reason)) return [];
      return whole(wanted.kind === 'withheld' ? `withheld: ${wanted.reason}` : shown(wanted.value), got);
    }
    const value = valueOf(outcome);
    if (wanted === undefined) return whole(`${NOTHING}: the test does not name this output`, shown(value));
    if (wanted.kind === 'withheld') return whole(`withheld: ${wanted.reason}`, shown(value));
    return comparePublished(topic, wanted, outcome, value, issued);
  });
}

function comparePublished(
  output: string,
  wanted: Extract<ExpectedOutput, { kind: 'published' }>,
  outcome: PublishedOutput,
  value: Exact,
  issued: (text: string) => boolean,
): Difference[] {
  const found: Difference[] = [];
  const compare = (path: string, expected: Exact | undefined, got: Exact | undefined): void => {
    if (expected instanceof Map && got instanceof Map) {
      for (const key of new Set([...expected.keys(), ...got.keys()])) {
        compare(path === '' ? segment(key) : `${path}.${segment(key)}`, expected.get(key), got.get(key));
      }
    } else if (Array.isArray(expected) && Array.isArray(got)) {
      for (let at = 0; at < Math.max(expected.length, got.length); at++) {
        compare(`${path}[${at}]`, expected[at], got[at]);
      }
    } else if (!sameScalar(expected, got, issued)) {
      found.push({ output, path: path === '' ? '(value)' : path, expected: shown(expected), got: shown(got) });
    }
  };
  compare('', wanted.value, value);
  if (wanted.key !== undefined) compare('(key)', wanted.key, outcome.key);
  const headers = new Map(outcome.headers.map(({ name, values }) => [name, values.map(textOf)]));
  for (const name of new Set([...wanted.headers.keys(), ...headers.keys()])) {
    compare(`(headers).${segment(name)}`, wanted.headers.get(name), headers.get(name));
  }
  return found;
}

function sameScalar(expected: Exact | undefined, got: Exact | undefined, issued: (text: string) => boolean): boolean {
  if (expected instanceof ExactNumber && got instanceof ExactNumber) return sameNumber(expected, got);
  if (expected === ANY_PSEUDONYM && typeof got === 'string') return got === ANY_PSEUDONYM || issued(got);
  if (expected === ANY_ENCRYPTED && typeof got === 'string') {
    return got === ANY_ENCRYPTED || (got.startsWith(STAND_IN) && issued(got.slice(STAND_IN.length)));
  }
  return expected === got && !(expected instanceof Object);
}

function valueOf({ value }: PublishedOutput): Exact {
  return value === null ? null : parseExact(textOf(value));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A key as paths of policies write it. */
function segment(key: string): string {
  return key.replace(/[\\.]/g, '\\$&');
}

function shown(value: Exact | undefined): string {
  if (value === undefined) return NOTHING;
  const text = printExact(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text;
}

/** What was said of a dead letter, with the declared path it is about. */
function told(decision: RecordDecision, text: string): string {
  const path = decision.kind === 'dead_lettered' ? decision.poison.path : null;
  return path === null ? text : `${text} at ${path}`;
}

function summaryOf({ plan, outputs }: Decided): string {
  return plan.outputs
    .map(({ topic, index }) => {
      const outcome = outputs[index];
      return `${topic} ${outcome?.kind === 'withheld' ? `withheld: ${outcome.reason}` : 'published'}`;
    })
    .join(', ');
}
