/** From a configuration folder, or a stored bundle, to something that can be run. */
import { type CompileOptions, compile } from '../../core/policy/compile.ts';
import { withoutIgnored } from '../../core/policy/lint-ignores.ts';
import type { CompiledBundle } from '../../core/policy/plan.ts';
import type { Problem } from '../../core/policy/problem.ts';
import { compareText } from '../../core/policy/report.ts';
import type { Bundle } from '../../core/ports.ts';
import { digestFiles } from './digest.ts';
import { ignoreComments } from './ignore-comments.ts';
import { parseConfiguration } from './parse.ts';
import { readFolder } from './read-folder.ts';

export type LoadResult =
  | {
      readonly ok: true;
      readonly bundle: Bundle;
      readonly compiled: CompiledBundle;
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads, checks and compiles a configuration folder. Never throws for what is wrong with the configuration: it returns
 * every problem there is, in the order of files, lines and columns. Where files have not the right shape, the names and
 * paths in the rest of them are checked all the same; warnings wait.
 */
export async function loadBundle(folder: string, options: CompileOptions = {}): Promise<LoadResult> {
  const { files, problems } = await readFolder(folder);
  const unreadable = new Set(problems.filter((p) => p.severity === 'error').map((p) => p.position.file));
  // Where there is no folder, nothing in it is worth a mention.
  if (unreadable.has('.')) return { ok: false, problems };
  return compileFiles({ digest: digestFiles(files), files: Object.freeze(files) }, problems, unreadable, options);
}

/**
 * Compiles a bundle that was read from a store. The digest is checked first: what does not match it is refused as a
 * whole.
 */
export function compileBundle(bundle: Bundle): LoadResult {
  if (digestFiles(bundle.files) === bundle.digest) return compileFiles(bundle, [], new Set());
  const problem: Problem = {
    code: 'digest-mismatch',
    severity: 'error',
    position: { file: '(bundle)', line: 1, col: 1 },
    message: `the stored bundle is not what its digest ${bundle.digest} names`,
    fix: 'Push the configuration again.',
  };
  return { ok: false, problems: [problem] };
}

function compileFiles(
  bundle: Bundle,
  found: readonly Problem[],
  unreadable: ReadonlySet<string>,
  options: CompileOptions = {},
): LoadResult {
  const parsed = parseConfiguration(bundle.files, unreadable);
  if (!parsed.ok) {
    const rest = parsed.rest === null ? null : compile(parsed.rest, options);
    const more = rest === null || rest.ok ? [] : rest.problems.filter((one) => stands(one, parsed.problems));
    return { ok: false, problems: inOrder([...found, ...parsed.problems, ...more]) };
  }
  const compiled = compile(parsed.docs, options);
  const acknowledged = Object.entries(bundle.files).flatMap(([file, text]) =>
    /\.ya?ml$/.test(file) ? ignoreComments(file, text) : [],
  );
  const left = (problems: readonly Problem[]): readonly Problem[] =>
    inOrder(withoutIgnored([...found, ...problems], acknowledged, compiled.ok));
  if (!compiled.ok) return { ok: false, problems: left(compiled.problems) };
  return { ok: true, bundle, compiled: compiled.bundle, warnings: left(compiled.warnings) };
}

/** What a rule does that could not be read: it may release the key, and drop what breaks a guard. */
const UP_TO_RULES = new Set(['guard-broken', 'key-not-released']);

/** Whether an error found in the rest of a configuration will still be there once its shape is right. */
function stands({ code, severity, position: { file } }: Problem, shape: readonly Problem[]): boolean {
  if (severity !== 'error') return false;
  return !UP_TO_RULES.has(code) || shape.every((one) => one.position.file !== file || one.code === 'unknown-key');
}

/** By file, line and column. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort(
    ({ position: a }, { position: b }) => compareText(a.file, b.file) || a.line - b.line || a.col - b.col,
  );
}
