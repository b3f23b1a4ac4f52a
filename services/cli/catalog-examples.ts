/** Where the examples of a catalogue come from: the policy tests, or a file of raw records. */
import type { RecordCodec } from '../core/apply/codec.ts';
import type { Examples } from '../core/catalog/example.ts';
import type { ConsentState } from '../core/decide/consent-state.ts';
import { deadLettered, type Engine } from '../core/engine.ts';
import { decidePolicyTest } from '../core/policy-test/run.ts';
import type { PolicyTestSuite } from '../core/policy-test/policy-test.ts';
import type { RoutePlan } from '../core/policy/plan.ts';
import { formatPosition } from '../core/policy/report.ts';
import { inputRecords } from './explain.ts';

/** Of a file no more are looked at: the first that shows a field is as good as the last. */
export const MAX_RECORDS = 1_000;

export type ExampleSource =
  | { readonly kind: 'tests'; readonly suites: readonly PolicyTestSuite[] }
  | {
      readonly kind: 'records';
      readonly file: string;
      readonly open: () => AsyncIterable<Uint8Array>;
      readonly stateOf: (subject: string) => ConsentState;
      /** Epoch milliseconds. */
      readonly now: number;
    };

export type ExampleBench = {
  readonly plan: RoutePlan;
  /** Of JSON values for `plan`. */
  readonly codec: RecordCodec;
  readonly engine: Engine;
  readonly maxBytes: number;
};

/** Puts the records of one route before the engine. */
export async function gatherExamples(examples: Examples, bench: ExampleBench, source: ExampleSource): Promise<void> {
  if (source.kind === 'tests') {
    for (const { tests } of source.suites) {
      for (const test of tests) {
        const { decision } = await decidePolicyTest(test, bench);
        examples.add(decision, formatPosition(test.position), test.name);
      }
    }
    return;
  }
  const { codec, engine, maxBytes } = bench;
  let records = 0;
  for await (const { line, bytes } of inputRecords(source.open(), maxBytes)) {
    if (++records > MAX_RECORDS) return;
    if (bytes === null) continue;
    await codec.begin([bytes]);
    const decoded = codec.decode(bytes, source.now, source.now);
    const decision = decoded.ok
      ? engine.begin({ codec, now: source.now }).evaluate(decoded.record, null, source.stateOf(decoded.record.subject))
      : deadLettered(decoded.poison);
    examples.add(decision, line === null ? source.file : `${source.file}:${line}`, null);
  }
}
