import { relative } from 'node:path';
import { formatProblems } from '../adapters/config/format.ts';
import { loadBundle } from '../adapters/config/load.ts';
import { LetheError } from '../core/errors.ts';
import type { CompileOptions } from '../core/policy/compile.ts';
import type { CompiledBundle } from '../core/policy/plan.ts';
import type { Problem } from '../core/policy/problem.ts';
import type { Bundle } from '../core/ports.ts';

/**
 * Loads a configuration for a command that needs a good one; with errors, all findings go to stderr, exit 78.
 *
 * @param options `warn`: tell warnings too. They are for `lint`, and for what then runs the bundle; elsewhere they would
 * only hide what the command has to say.
 */
export async function usableConfiguration(
  dir: string,
  { warn = false, ...options }: CompileOptions & { readonly warn?: boolean } = {},
): Promise<{ bundle: Bundle; compiled: CompiledBundle }> {
  const result = await loadBundle(dir, options);
  const told = (problems: readonly Problem[]): void => {
    if (problems.length > 0) process.stderr.write(formatProblems(problems, 'text', relative('.', dir)));
  };
  if (result.ok) {
    if (warn) told(result.warnings);
    return result;
  }
  told(result.problems);
  const errors = result.problems.filter(({ severity }) => severity === 'error').length;
  throw new LetheError('invalid_config', `${dir} cannot be used: ${errors} problem(s), listed above`, {
    fix: `Correct them; "lethe lint ${dir}" lists them again.`,
  });
}
