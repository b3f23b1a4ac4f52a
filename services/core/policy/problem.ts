import type { SourcePosition } from './plan.ts';

/** One finding about a configuration. `fix` says what to do; neither it nor `message` ever holds a value from data. */
export type Problem = {
  /** kebab-case, stable: people suppress and search by it. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly position: SourcePosition;
  readonly message: string;
  readonly fix: string;
};
