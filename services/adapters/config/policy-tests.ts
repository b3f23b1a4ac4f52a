/** The policy tests of a configuration folder. They are no part of a bundle: what they say never reaches a worker. */
import { join } from 'node:path';
import type { AuthoredRule, PolicyTestSuite } from '../../core/policy-test/policy-test.ts';
import { didYouMean } from '../../core/policy/nearest.ts';
import type { Located, PolicyDocument } from '../../core/policy/document.ts';
import type { Problem } from '../../core/policy/problem.ts';
import type { Bundle } from '../../core/ports.ts';
import { parseConfiguration } from './parse.ts';
import { parsePolicyTests, type PolicyTestFile } from './parse-policy-tests.ts';
import { names, readText } from './read-folder.ts';

const TEST_FILE = /^policies\/[^/]+\.test\.ya?ml$/;

export type PolicyTests = {
  /** One per test file that can be used, by file name. */
  readonly suites: readonly PolicyTestSuite[];
  /** By route and output index: the rules as authored. */
  readonly rules: ReadonlyMap<string, readonly (readonly AuthoredRule[])[]>;
  readonly problems: readonly Problem[];
};

/**
 * Reads every `policies/NAME.test.yaml`, and holds it against the policy `NAME`. Never throws for what is wrong with
 * them: it returns every problem there is.
 *
 * @param bundle the folder's; null where it cannot be compiled: then only the shape of the tests is checked.
 */
export async function loadPolicyTests(folder: string, bundle: Bundle | null): Promise<PolicyTests> {
  const problems: Problem[] = [];
  const files: PolicyTestFile[] = [];
  for (const name of (await names(join(folder, 'policies'))) ?? []) {
    const file = `policies/${name}`;
    if (!TEST_FILE.test(file)) continue;
    const found = await readText(join(folder, 'policies', name));
    if (!('text' in found)) {
      const { code, message, fix, line = 1 } = found;
      problems.push({ code, severity: 'error', position: { file, line, col: 1 }, message, fix });
      continue;
    }
    const parsed = parsePolicyTests(file, found.text);
    if (parsed.ok) files.push(parsed.file);
    else problems.push(...parsed.problems);
  }
  const parsed = bundle === null ? null : parseConfiguration(bundle.files);
  if (parsed === null || !parsed.ok) return { suites: [], rules: new Map(), problems };

  const suites: PolicyTestSuite[] = [];
  for (const file of files) {
    const stem = file.file.replace(/\.test\.ya?ml$/, '');
    const policy = parsed.docs.policies.find((one) => one.file.replace(/\.ya?ml$/, '') === stem);
    if (policy === undefined) {
      problems.push(withoutPolicy(file, stem, parsed.docs.policies));
      continue;
    }
    problems.push(...unknownOutputs(file, policy));
    suites.push({ route: policy.value.route, file: file.file, tests: file.tests });
  }
  const rules = new Map(parsed.docs.policies.map((policy) => [policy.value.route, authoredRules(policy)]));
  return { suites, rules, problems };
}

function withoutPolicy({ file }: PolicyTestFile, stem: string, policies: readonly Located<PolicyDocument>[]): Problem {
  return {
    code: 'policy-missing',
    severity: 'error',
    position: { file, line: 1, col: 1 },
    message: `there is no policy \`${stem}.yaml\` that this file could test`,
    fix: `Name it after its policy.${didYouMean(
      `${stem}.yaml`,
      policies.map((policy) => policy.file),
    )}`,
  };
}

function unknownOutputs({ tests, at }: PolicyTestFile, { file, value }: Located<PolicyDocument>): Problem[] {
  const topics = value.outputs.map(({ topic }) => topic);
  return tests.flatMap(({ expect }, index) =>
    expect.kind === 'dead_letter'
      ? []
      : [...expect.outputs.keys()]
          .filter((topic) => !topics.includes(topic))
          .map((topic) => ({
            code: 'output-unknown',
            severity: 'error' as const,
            position: at(['tests', index, 'expect', 'outputs', topic]),
            message: `\`${topic}\` is no output of ${file}`,
            fix: `Name one of: ${topics.join(', ')}.${didYouMean(topic, topics)}`,
          })),
  );
}

function authoredRules({ value, at }: Located<PolicyDocument>): readonly (readonly AuthoredRule[])[] {
  return value.outputs.map(({ rules }, output) =>
    rules.map(({ select, action }, index) => ({
      select,
      action,
      position: at(['outputs', output, 'rules', index, 'select']),
    })),
  );
}
