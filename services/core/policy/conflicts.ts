import { formatPath, type Path } from './path.ts';
import type { SourcePosition } from './plan.ts';
import { formatPosition, type Report } from './report.ts';

/** A path that somebody wrote, as a scalar. */
export type Authored = { readonly path: Path; readonly text: string; readonly position: SourcePosition };

/**
 * Reports each path that lies beneath another: what stands there cannot be a scalar and a container.
 *
 * @returns whether there is none.
 */
export function reportConflicts(authored: readonly Authored[], report: Report): boolean {
  let consistent = true;
  const byText = new Map<string, Authored>();
  for (const one of authored) if (!byText.has(one.text)) byText.set(one.text, one);
  for (const { path, text, position } of byText.values()) {
    const above = scalarAbove(path, (prefix) => byText.has(prefix));
    const other = above === null ? undefined : byText.get(above);
    if (other === undefined) continue;
    consistent = false;
    report.error(
      'path-conflict',
      position,
      `\`${text}\` lies beneath \`${other.text}\`, which is a scalar at ${formatPosition(other.position)}`,
      'A path names a scalar. Remove the one that the records do not have.',
    );
  }
  return consistent;
}

/** The shortest proper prefix of a path that is itself a path to a scalar, as text; null where there is none. */
export function scalarAbove(path: Path, isScalar: (text: string) => boolean): string | null {
  for (let length = 1; length < path.length; length++) {
    const prefix = formatPath(path.slice(0, length));
    if (isScalar(prefix)) return prefix;
  }
  return null;
}
