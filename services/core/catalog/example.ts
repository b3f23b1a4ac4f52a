/**
 * Examples of what is published: records put before the worker's own engine, and of each output the decision that tells
 * most. Nothing of a raw record is kept but what the engine publishes.
 */
import type { PublishedOutput, RecordDecision } from '../engine.ts';
import type { Keyring } from '../keyring.ts';
import { ANY_PSEUDONYM } from '../policy-test/policy-test.ts';
import { textOf } from '../apply/headers.ts';
import type { WithheldReason } from '../outcome.ts';

export type CatalogExample = {
  /** Where the raw record comes from: `policies/NAME.test.yaml:LINE:COL`, or a file and its line. */
  readonly from: string;
  /** What the policy test is called. */
  readonly test: string | null;
  /** Why only what is not personal is in it; null: nothing was held back for want of a lawful ground. */
  readonly stripped: WithheldReason | null;
  readonly key: string | null;
  readonly headers: readonly { readonly name: string; readonly values: readonly string[] }[];
  /** JSON text, as published. */
  readonly value: string;
};

/**
 * Stands in for the keys: a catalogue needs none, and nobody who reads it can try out which value a pseudonym is of.
 */
export const EXAMPLE_KEYRING: Keyring = {
  pseudonym: () => ANY_PSEUDONYM,
  pseudonymsOf: () => [ANY_PSEUDONYM],
  subjectTokens: () => [],
};

type Best = { readonly fields: number; readonly example: CatalogExample };

export type Examples = {
  readonly add: (decision: RecordDecision, from: string, test: string | null) => void;
  /** At most two: one with a lawful ground and, where the output strips, one without. */
  readonly of: (topic: string) => readonly CatalogExample[];
};

/** Keeps of each topic the first of those decisions that release most. */
export function collectExamples(): Examples {
  const best = new Map<string, Best>();
  const keep = (topic: string, outcome: PublishedOutput, from: string, test: string | null): void => {
    const { variant, value, reason, key } = outcome;
    const text = value === null ? null : textOf(value);
    // A tombstone has nothing to show.
    if (variant === null || text === null) return;
    const slot = JSON.stringify([topic, variant.stripped]);
    const fields = scalarsIn(text) + outcome.headers.length;
    if (fields <= (best.get(slot)?.fields ?? -1)) return;
    const headers = outcome.headers.map(({ name, values }) => ({
      name,
      values: values.map((one) => textOf(one) ?? ''),
    }));
    best.set(slot, { fields, example: { from, test, stripped: reason, key, headers, value: text } });
  };
  return {
    add: (decision, from, test) => {
      if (decision.kind === 'dead_lettered') return;
      for (const { topic, index } of decision.plan.outputs) {
        const outcome = decision.outputs[index];
        if (outcome?.kind === 'published') keep(topic, outcome, from, test);
      }
    },
    of: (topic) => [false, true].flatMap((stripped) => best.get(JSON.stringify([topic, stripped]))?.example ?? []),
  };
}

function scalarsIn(json: string): number {
  const count = (value: unknown): number =>
    typeof value !== 'object' || value === null
      ? 1
      : Object.values(value).reduce<number>((sum, member) => sum + count(member), 0);
  return count(JSON.parse(json));
}
