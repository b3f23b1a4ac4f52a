import { relative } from 'node:path';
import { formatProblems } from '../adapters/config/format.ts';
import { inOrder, loadBundle } from '../adapters/config/load.ts';
import { loadPolicyTests } from '../adapters/config/policy-tests.ts';
import type { LintOptions } from './commands/lint.ts';
import { EXIT } from './exit.ts';

/** `lethe lint DIR`: findings on stdout, those in policy tests too; exit 1 where one is an error, or a warning denied. */
export async function lint(dir: string, options: LintOptions): Promise<number> {
  const result = await loadBundle(dir);
  const tests = await loadPolicyTests(dir, result.ok ? result.bundle : null);
  const problems = inOrder([...(result.ok ? result.warnings : result.problems), ...tests.problems]);
  process.stdout.write(formatProblems(problems, options.format, relative('.', dir)));
  const bad =
    options.denyWarnings === true ? problems.length > 0 : problems.some(({ severity }) => severity === 'error');
  return bad ? EXIT.findings : EXIT.ok;
}
