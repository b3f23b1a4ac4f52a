import { relative } from 'node:path';
import { formatProblems } from '../adapters/config/format.ts';
import { loadBundle } from '../adapters/config/load.ts';
import { LetheError } from '../core/errors.ts';
import type { CompileOptions } from '../core/policy/compile.ts';
import type { CompiledBundle } from '../core/policy/plan.ts';
import type { Bundle } from '../core/ports.ts';

/**
 * Loads a configuration for a command that needs a good one: warnings go to stderr; with errors, all findings and exit
 * 78.
 */
export async function usableConfiguration(
  dir: string,
  options: CompileOptions = {},
): Promise<{ bundle: Bundle; compiled: CompiledBundle }> {
  const result = await loadBundle(dir, options);
  const problems = result.ok ? result.warnings : result.problems;
  if (problems.length > 0) process.stderr.write(formatProblems(problems, 'text', relative('.', dir)));
  if (result.ok) return result;
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  throw new LetheError('invalid_config', `${dir} cannot be used: ${errors} problem(s), listed above`, {
    fix: `Correct them; "lethe lint ${dir}" lists them again.`,
  });
}
