/** Flags of `lethe tap` that would show nothing, ever. */
import { LetheError } from '../core/errors.ts';
import { DEAD_LETTER_CODES } from '../core/outcome.ts';
import type { TapOptions } from './commands/tap.ts';

const CODES: readonly string[] = DEAD_LETTER_CODES;

/** @throws LetheError `usage` */
export function refuseContradictions({ output, outcome, reason, values }: TapOptions): void {
  const refuse = (message: string): never => {
    throw new LetheError('usage', message, { fix: 'Leave one of the two out.' });
  };
  const isCode = reason !== undefined && CODES.includes(reason);
  if (output !== undefined && (outcome === 'dead_lettered' || isCode)) {
    refuse('--output: a dead letter is about the record, not about an output');
  }
  if (isCode && outcome !== undefined && outcome !== 'dead_lettered') {
    refuse(`--reason ${reason} is of dead letters alone, and --outcome asks for others`);
  }
  if (reason !== undefined && !isCode && outcome === 'dead_lettered') {
    refuse(`--reason ${reason} is not of dead letters, and --outcome asks for them`);
  }
  if (values === true && (isCode || (outcome !== undefined && outcome !== 'published'))) {
    refuse('--values: only what was published has a value here');
  }
}
