/** How old the answer of `BatchResult.stillGood` may get before a commit goes out on it (issue 5, withdrawal bound). */
import { LetheError } from '../../core/errors.ts';

/** A process that was stopped, or waited for a broker, between question and commit has to ask again. */
export const MAX_KNOWLEDGE_AGE_MS = 200;
/** So many answers that came too late in a row: whoever is asked is not well. */
const MAX_QUESTIONS = 10;

/**
 * Asks unless the last answer is young enough. False as soon as an answer is no.
 *
 * The age counts from the question, not from the answer: what happened in between the answer need not know.
 *
 * @param clock milliseconds from any origin, which go on while the process is stopped.
 * @throws LetheError `unavailable` where answers take too long; `bug` for what is no LetheError.
 */
export function makeFreshKnowledge(
  stillGood: (() => Promise<boolean>) | undefined,
  clock: () => number,
): () => Promise<boolean> {
  if (stillGood === undefined) return () => Promise.resolve(true);
  let askedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    for (let question = 0; clock() - askedAt > MAX_KNOWLEDGE_AGE_MS; question++) {
      if (question === MAX_QUESTIONS) {
        throw new LetheError('unavailable', `Consents could not be checked again within ${MAX_KNOWLEDGE_AGE_MS} ms`, {
          dependency: 'consent_view',
          fix: 'Check how fast Redis answers, and whether this worker gets the processor.',
        });
      }
      const asked = clock();
      try {
        if (!(await stillGood())) return false;
      } catch (error) {
        // Else it would pass for an outage of Kafka and be tried for ever.
        throw error instanceof LetheError
          ? error
          : new LetheError('bug', 'a batch cannot be checked', { cause: error });
      }
      askedAt = asked;
    }
    return true;
  };
}
