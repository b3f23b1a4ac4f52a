import { describe, expect, it } from 'vitest';
import { makeFreshKnowledge, MAX_KNOWLEDGE_AGE_MS } from '../../../../services/adapters/kafka/fresh-knowledge.ts';
import { LetheError } from '../../../../services/core/errors.ts';

/** Answers take `took` milliseconds each, the last for ever after. */
function asking(took: readonly number[], answers: readonly boolean[] = []) {
  let time = 1_000;
  let questions = 0;
  const isGood = makeFreshKnowledge(
    async () => {
      time += took[Math.min(questions, took.length - 1)] ?? 0;
      return answers[questions++] ?? true;
    },
    () => time,
  );
  return { isGood, questions: () => questions, pass: (milliseconds: number) => (time += milliseconds) };
}

describe('knowledge that a commit rests on', () => {
  it('is asked for once while it is young, and again once it is not', async () => {
    const { isGood, questions, pass } = asking([5]);
    expect(await isGood()).toBe(true);
    pass(MAX_KNOWLEDGE_AGE_MS - 5);
    expect(await isGood()).toBe(true);
    expect(questions()).toBe(1);
    pass(1);
    expect(await isGood()).toBe(true);
    expect(questions()).toBe(2);
  });

  it('counts from the question: an answer that came late is asked for again, and may be another', async () => {
    const stopped = asking([MAX_KNOWLEDGE_AGE_MS + 1, 1], [true, false]);
    expect(await stopped.isGood()).toBe(false);
    expect(stopped.questions()).toBe(2);
  });

  it('is none where every answer comes late', async () => {
    const { isGood } = asking([MAX_KNOWLEDGE_AGE_MS + 1]);
    await expect(isGood()).rejects.toMatchObject({ code: 'unavailable', dependency: 'consent_view' });
  });

  it('is not needed where a batch rests on nothing', async () => {
    expect(await makeFreshKnowledge(undefined, () => 0)()).toBe(true);
  });

  it('tells a bug from an outage', async () => {
    const throwing = (error: Error) =>
      makeFreshKnowledge(
        () => Promise.reject(error),
        () => 0,
      )();
    await expect(throwing(new TypeError('x'))).rejects.toMatchObject({ code: 'bug', retryable: false });
    const away = new LetheError('unavailable', 'away');
    await expect(throwing(away)).rejects.toBe(away);
  });
});
