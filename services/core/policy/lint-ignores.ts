/** Warnings that somebody has looked at: `# lethe-ignore: CODE REASON` in the file, on the line or above it. */
import type { SourcePosition } from './plan.ts';
import type { Problem } from './problem.ts';

export type IgnoreComment = {
  readonly position: SourcePosition;
  /** Null where the comment names no code, or gives no reason. */
  readonly code: string | null;
  /** The line whose warnings it acknowledges. */
  readonly line: number;
};

/**
 * Takes away the warnings that comments acknowledge; errors stay. A comment that says no code or no reason acknowledges
 * nothing and is a warning itself, and so is one that nothing was found for: left behind, it would hide what comes later.
 *
 * @param complete all that can be found was looked for: without it, comments that found nothing are not told of.
 */
export function withoutIgnored(
  problems: readonly Problem[],
  comments: readonly IgnoreComment[],
  complete: boolean,
): readonly Problem[] {
  const used = new Set<IgnoreComment>();
  const left = problems.filter(({ code, severity, position }) => {
    if (severity === 'error') return true;
    const acknowledging = comments.filter(
      (one) => one.code === code && one.line === position.line && one.position.file === position.file,
    );
    for (const one of acknowledging) used.add(one);
    return acknowledging.length === 0;
  });
  const about = comments.flatMap((comment): Problem[] => {
    if (comment.code === null) return [malformed(comment)];
    return used.has(comment) || !complete ? [] : [unused(comment, comment.code)];
  });
  return [...left, ...about];
}

function malformed({ position }: IgnoreComment): Problem {
  return {
    code: 'ignore-invalid',
    severity: 'warning',
    position,
    message: 'this acknowledges nothing: it lacks a code or a reason',
    fix: 'Write `# lethe-ignore: CODE REASON`.',
  };
}

function unused({ position, line }: IgnoreComment, code: string): Problem {
  return {
    code: 'ignore-unused',
    severity: 'warning',
    position,
    message: `there is no warning \`${code}\` on line ${line} to acknowledge`,
    fix: 'Remove it, or put it on the line of the warning or above it.',
  };
}
