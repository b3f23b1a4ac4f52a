import type { SourcePosition } from './plan.ts';
import type { Problem } from './problem.ts';

/** Where the parts of the compiler put what they find. */
export type Report = {
  readonly error: (code: string, position: SourcePosition, message: string, fix: string) => void;
  readonly warn: (code: string, position: SourcePosition, message: string, fix: string) => void;
};

/** A report that remembers. `problems` gives everything found so far, by file, line, column and code. */
export function collectProblems(): Report & { readonly problems: () => readonly Problem[] } {
  const found: Problem[] = [];
  const add =
    (severity: Problem['severity']): Report['error'] =>
    (code, position, message, fix) => {
      found.push({ code, severity, position, message, fix });
    };
  return { error: add('error'), warn: add('warning'), problems: () => found.toSorted(inFileOrder) };
}

function inFileOrder(a: Problem, b: Problem): number {
  return (
    compareText(a.position.file, b.position.file) ||
    a.position.line - b.position.line ||
    a.position.col - b.position.col ||
    compareText(a.code, b.code)
  );
}

/** By code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** `file:line:col`, as editors and terminals know it. */
export function formatPosition(position: SourcePosition): string {
  return `${position.file}:${position.line}:${position.col}`;
}
