/** Exit codes and how an error is told (DESIGN section 8). */
import { type ErrorCode, LetheError } from '../core/errors.ts';

export const EXIT = {
  ok: 0,
  /** Findings, failed tests. */
  findings: 1,
  /** `diff --fail-on-exposure`. */
  exposure: 2,
  usage: 64,
  unavailable: 69,
  bug: 70,
  config: 78,
} as const;

const BY_CODE: Readonly<Record<ErrorCode, number>> = {
  unavailable: EXIT.unavailable,
  invalid_config: EXIT.config,
  usage: EXIT.usage,
  fenced: EXIT.unavailable,
  data_lost: EXIT.findings,
  bug: EXIT.bug,
};

/**
 * What to print on stderr for an error, and the exit code. Errors that are not Lethe's own are bugs: their message may
 * hold anything, a value too, so only their kind and place are told.
 */
export function explainError(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof LetheError) {
    const fix = error.fix === null ? '' : `\n  ${error.fix}`;
    return { text: `lethe: ${error.message}${fix}`, exitCode: BY_CODE[error.code] };
  }
  const kind = error instanceof Error ? error.name : typeof error;
  const place = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  return {
    text: [`lethe: unexpected ${kind}; this is a bug in Lethe`, ...place.slice(0, 5)].join('\n'),
    exitCode: EXIT.bug,
  };
}
