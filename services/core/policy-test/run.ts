import type { RecordCodec } from '../apply/codec.ts';
import { consentStateOf } from '../decide/consent-state.ts';
import { deadLettered, type Engine, type RecordDecision } from '../engine.ts';
import type { Keyring } from '../keyring.ts';
import type { RoutePlan } from '../policy/plan.ts';
import { compareDecision, type Difference } from './compare.ts';
import type { Coverage } from './coverage.ts';
import { parseExact, printExact, withoutNulls } from './exact.ts';
import type { PolicyTest } from './policy-test.ts';

export type PolicyTestBench = {
  readonly plan: RoutePlan;
  /** Of JSON values for `plan`, over the keyring of `watchPseudonyms`. */
  readonly codec: RecordCodec;
  /** Over the same keyring. */
  readonly engine: Engine;
  /** Whether a text is a pseudonym made since `forget`. */
  readonly pseudonyms: WatchedPseudonyms;
  readonly coverage: Coverage;
  /** An output that a test does not name must publish nothing; else nothing is asked of it. */
  readonly strict: boolean;
};

export type WatchedPseudonyms = { readonly issued: (text: string) => boolean; readonly forget: () => void };

/** A keyring whose pseudonyms are remembered, so that `"<pseudonym>"` stands for those and not for any odd text. */
export function watchPseudonyms(keyring: Keyring): { readonly keyring: Keyring; readonly watched: WatchedPseudonyms } {
  const made = new Set<string>();
  const pseudonym = (domain: string, text: string): string => {
    const result = keyring.pseudonym(domain, text);
    made.add(result);
    return result;
  };
  const pseudonymsOf = (domain: string, text: string): readonly string[] => {
    const results = keyring.pseudonymsOf(domain, text);
    for (const result of results) made.add(result);
    return results;
  };
  return {
    keyring: { ...keyring, pseudonym, pseudonymsOf },
    watched: { issued: (text) => made.has(text), forget: () => made.clear() },
  };
}

const encoder = new TextEncoder();

/**
 * Runs one test through the engine of the worker and holds the decision against the expectation.
 *
 * A test without `now` is judged at the latest moment that it names itself (event time, Kafka timestamp, a consent
 * event's time): all that it tells has happened by then, and its outcome never depends on today.
 */
export async function runPolicyTest(test: PolicyTest, bench: PolicyTestBench): Promise<readonly Difference[]> {
  bench.pseudonyms.forget();
  const decision = await decideTest(test, bench);
  return compareDecision(test.expect, decision, bench.pseudonyms.issued, bench.strict);
}

/** What became of a test's record; `now` and `timestamp` as it was judged (epoch milliseconds). */
export type DecidedTest = { readonly decision: RecordDecision; readonly now: number; readonly timestamp: number };

/** Puts the record of a test before the engine. */
export async function decidePolicyTest(
  test: PolicyTest,
  { plan, codec, engine }: Pick<PolicyTestBench, 'plan' | 'codec' | 'engine'>,
): Promise<DecidedTest> {
  if (test.input === null) {
    const batch = engine.begin({ codec, now: 0 });
    return {
      decision: batch.tombstone(plan, test.key === null ? null : encoder.encode(test.key)),
      now: 0,
      timestamp: 0,
    };
  }
  const raw = encoder.encode(test.input);
  await codec.begin([raw]);
  const now = test.now ?? latestMoment(test, raw, codec);
  const timestamp = test.timestamp ?? now;
  const decoded = codec.decode(raw, timestamp, now);
  const decision = decoded.ok
    ? engine.begin({ codec, now }).evaluate(decoded.record, headersOf(test), consentStateOf(test.consent))
    : deadLettered(decoded.poison);
  return { decision, now, timestamp };
}

async function decideTest(test: PolicyTest, bench: PolicyTestBench): Promise<RecordDecision> {
  const { plan, codec, coverage } = bench;
  const { decision, now, timestamp } = await decidePolicyTest(test, bench);
  coverage.decided(decision);
  if (decision.kind === 'dead_lettered' || test.input === null) return decision;

  // Rules decide about values; a null only passes by. So what they met is counted on a copy without nulls.
  const present = codec.decode(encoder.encode(printExact(withoutNulls(parseExact(test.input)))), timestamp, now);
  if (!present.ok) return decision;
  const headers = headersOf(test);
  for (const output of plan.outputs) {
    const outcome = decision.outputs[output.index];
    if (outcome?.kind !== 'published' || outcome.variant === null) continue;
    const seen = new Uint32Array(plan.leaves.length);
    codec.apply(present.record, output, outcome.variant, seen);
    coverage.published(output, outcome.variant, seen, headers);
  }
  return decision;
}

/** As a client library hands them over. */
function headersOf(test: PolicyTest): Readonly<Record<string, readonly Uint8Array[]>> {
  return Object.fromEntries(
    [...test.headers].map(([name, values]) => [name, values.map((value) => encoder.encode(value))]),
  );
}

function latestMoment(test: PolicyTest, raw: Uint8Array, codec: RecordCodec): number {
  const told = [...test.consent.map(({ at }) => at), ...(test.timestamp === null ? [] : [test.timestamp])];
  const latest = told.length === 0 ? 0 : Math.max(...told);
  const probe = codec.decode(raw, test.timestamp ?? latest, Number.POSITIVE_INFINITY);
  // What cannot be read is a dead letter at any moment; of the future it must not be for want of one.
  if (!probe.ok) return Number.POSITIVE_INFINITY;
  return told.length === 0 ? probe.record.eventTime : Math.max(latest, probe.record.eventTime);
}
