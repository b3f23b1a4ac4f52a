import { parseInstant } from '../../core/apply/time.ts';
import { parseConsentEvents } from '../../core/consent-file.ts';
import { type Exact, ExactNumber, printExact } from '../../core/policy-test/exact.ts';
import type { Expectation, ExpectedOutput, PolicyTest } from '../../core/policy-test/policy-test.ts';
import type { Located } from '../../core/policy/document.ts';
import type { Problem } from '../../core/policy/problem.ts';
import { collectProblems, formatPosition, type Report } from '../../core/policy/report.ts';
import { checkShape } from './check-shape.ts';
import { policyTestsShape, type PolicyTestsDocument } from './policy-test-shape.ts';
import { readYaml } from './yaml-document.ts';

type Document = Located<PolicyTestsDocument>;
type AuthoredTest = PolicyTestsDocument['tests'][number];
type Path = readonly (string | number)[];

export type PolicyTestFile = {
  readonly file: string;
  readonly tests: readonly PolicyTest[];
  readonly at: Document['at'];
};

export type PolicyTestFileResult =
  | { readonly ok: true; readonly file: PolicyTestFile }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads a file of policy tests, as strictly as the rest of the configuration: everything that is wrong with it, at its
 * line and column. Numbers of records stay as they are written.
 */
export function parsePolicyTests(file: string, text: string): PolicyTestFileResult {
  const yaml = readYaml(file, text, true);
  if (!yaml.ok) return yaml;
  const checked = checkShape(policyTestsShape, yaml.document);
  if (!checked.ok) return checked;
  const report = collectProblems();
  const { document } = checked;
  const names = new Map<string, number>();
  const tests = document.value.tests.map((authored, index) => {
    const earlier = names.get(authored.name);
    const position = document.at(['tests', index, 'name']);
    if (earlier !== undefined) {
      const first = formatPosition(document.at(['tests', earlier, 'name']));
      report.error('test-name-duplicate', position, `the name was given before, at ${first}`, 'Give each its own.');
    }
    names.set(authored.name, earlier ?? index);
    return readTest(document, authored, index, exactAt(yaml.document.exact, ['tests', index]), report);
  });
  const problems = report.problems();
  return problems.length > 0 ? { ok: false, problems } : { ok: true, file: { file, tests, at: document.at } };
}

function readTest(
  document: Document,
  authored: AuthoredTest,
  index: number,
  exact: Exact | undefined,
  report: Report,
): PolicyTest {
  const at = (...path: Path) => document.at(['tests', index, ...path]);
  const input = exactAt(exact, ['input']);
  if (input === undefined) {
    report.error('missing-key', at(), `\`input\` is missing in \`tests[${index}]\``, 'Add the raw value.');
  }
  checkNumbers(input ?? null, (path) => at('input', ...path), report);
  const consent = parseConsentEvents(authored.consent ?? []);
  if (!consent.ok) {
    for (const { index: event, message } of consent.problems) {
      report.error(
        'invalid-value',
        at('consent', event),
        `the consent event cannot be used: ${message}`,
        'Correct it.',
      );
    }
  }
  return {
    name: authored.name,
    position: at('name'),
    now: readInstant('now'),
    timestamp: readInstant('timestamp'),
    consent: consent.ok ? consent.events : [],
    // Text is the raw value itself: only so can a test hold what is no JSON.
    input: input === null || typeof input === 'string' ? input : printExact(input ?? null),
    key: authored.key ?? null,
    headers: headersOf(authored.headers),
    expect: readExpectation(authored, exact, at, report),
  };

  function readInstant(key: 'now' | 'timestamp'): number | null {
    const text = authored[key];
    if (text === undefined) return null;
    const time = parseInstant(text);
    if (time === null) report.error('invalid-value', at(key), `\`${key}\` is no time that there is`, 'Correct it.');
    return time;
  }
}

const EITHER = (a: string, b: string): string => `Give exactly one of \`${a}\` and \`${b}\`.`;

function readExpectation(
  { expect }: AuthoredTest,
  exact: Exact | undefined,
  at: (...path: Path) => ReturnType<Document['at']>,
  report: Report,
): Expectation {
  const { outputs, dead_letter: code } = expect;
  if ((outputs === undefined) === (code === undefined)) {
    const message = outputs === undefined ? '`expect` says nothing' : '`expect` says two things';
    report.error('expectation-unclear', at('expect'), message, EITHER('outputs', 'dead_letter'));
  }
  if (code !== undefined) return { kind: 'dead_letter', code };
  const expected = new Map<string, ExpectedOutput>();
  for (const [topic, { withheld, key, headers }] of Object.entries(outputs ?? {})) {
    const path = ['expect', 'outputs', topic] as const;
    const value = exactAt(exact, [...path, 'value']);
    if ((value === undefined) === (withheld === undefined)) {
      const message = `the output is expected to be ${value === undefined ? 'neither published nor withheld' : 'both'}`;
      report.error('expectation-unclear', at(...path), message, EITHER('value', 'withheld'));
    }
    if (withheld !== undefined && (key !== undefined || headers !== undefined)) {
      const message = 'what is withheld has neither key nor headers';
      report.error('expectation-unclear', at(...path), message, 'Remove them.');
    }
    checkNumbers(value ?? null, (inner) => at(...path, 'value', ...inner), report);
    expected.set(
      topic,
      withheld === undefined
        ? { kind: 'published', value: value ?? null, key, headers: headersOf(headers) }
        : { kind: 'withheld', reason: withheld },
    );
  }
  return { kind: 'outputs', outputs: expected };
}

function headersOf(headers: AuthoredTest['headers'] = {}): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(headers).map(([name, values]) => [name, typeof values === 'string' ? [values] : values]),
  );
}

/** RFC 8259, section 6. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** Reports numbers that YAML knows and JSON does not. */
function checkNumbers(value: Exact, at: (path: Path) => ReturnType<Document['at']>, report: Report): void {
  const walk = (one: Exact, path: Path): void => {
    if (one instanceof ExactNumber) {
      if (JSON_NUMBER.test(one.text)) return;
      report.error(
        'number-not-json',
        at(path),
        'JSON has no such number',
        'Write another, or the record as JSON text.',
      );
    } else if (one instanceof Map) {
      for (const [key, member] of one) walk(member, [...path, key]);
    } else if (Array.isArray(one)) {
      for (const [index, item] of one.entries()) walk(item, [...path, index]);
    }
  };
  walk(value, []);
}

function exactAt(value: Exact | undefined, path: Path): Exact | undefined {
  let here = value;
  for (const step of path) {
    if (typeof step === 'number') here = Array.isArray(here) ? (here[step] as Exact | undefined) : undefined;
    else here = here instanceof Map ? (here as ReadonlyMap<string, Exact>).get(step) : undefined;
  }
  return here;
}
