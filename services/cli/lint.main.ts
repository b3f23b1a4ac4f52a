import { relative } from 'node:path';
import { formatProblems, type ProblemFormat } from '../adapters/config/format.ts';
import { loadBundle } from '../adapters/config/load.ts';
import { EXIT } from './exit.ts';

/** `lethe lint DIR`: findings on stdout; exit 1 where one is an error. */
export async function lint(dir: string, options: { format: ProblemFormat }): Promise<number> {
  const result = await loadBundle(dir);
  const problems = result.ok ? result.warnings : result.problems;
  process.stdout.write(formatProblems(problems, options.format, relative('.', dir)));
  return result.ok ? EXIT.ok : EXIT.findings;
}
