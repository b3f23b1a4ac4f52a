/** Stage 4: decisions to what is published: outputs, dead letters, and the audit segment that accounts for all. */
import type { BatchSpan } from '../core/batch-span.ts';
import { deadLetterText, sourceOf } from '../core/dead-letter.ts';
import type { RecordDecision } from '../core/engine.ts';
import { AUDIT_TOPIC, DEAD_LETTER_TOPIC } from '../core/own-topics.ts';
import type { RoutePlan } from '../core/policy/plan.ts';
import type { Sealer } from '../core/ports.ts';
import { TRACEPARENT } from '../core/trace-context.ts';
import type { Publication, RawBatch, TopicFacts } from '../core/transport.ts';

/** Where a published record comes from: `topic/partition/offset`. */
const SOURCE_HEADER = 'lethe-source';
/** The code of a dead letter, so that it can be routed without reading it. */
const CODE_HEADER = 'lethe-code';

/** What goes around a dead letter's text in a record, headers included; in bytes, ample. */
const LETTER_OVERHEAD_BYTES = 1024;

export type Destinations = {
  /** By output index. */
  readonly outputs: readonly TopicFacts[];
  readonly deadLetters: TopicFacts;
  readonly audit: TopicFacts;
};

export type EncodeOptions = {
  readonly plan: RoutePlan;
  readonly destinations: Destinations;
  readonly sealer: Sealer;
  /** The audit of the batch, in the chain's order (audit-batch.ts). */
  readonly segments: readonly Uint8Array[];
  /**
   * Epoch milliseconds, the timestamp of everything published. Not the raw record's: that is a value no rule released.
   */
  readonly now: number;
  /** Where batches are traced: outputs carry its context, unless the policy itself says what becomes of `traceparent`. */
  readonly span?: Pick<BatchSpan, 'traceparent'> | undefined;
};

/** All that a batch publishes; per topic in the order of the raw records. */
export function encodeBatch(
  batch: RawBatch,
  decisions: readonly RecordDecision[],
  options: EncodeOptions,
): Publication[] {
  const { plan, destinations, sealer, now } = options;
  const publications: Publication[] = [];
  const partitionOf = (facts: TopicFacts): number => batch.partition % facts.partitions;
  const outputPartitions = destinations.outputs.map(partitionOf);
  const letterPartition = partitionOf(destinations.deadLetters);
  const traceparent = plan.headers.some(({ name }) => name === TRACEPARENT) ? undefined : options.span?.traceparent;

  for (let index = 0; index < decisions.length; index++) {
    const decision = decisions[index]!;
    const raw = batch.records[index]!;
    const source = sourceOf(batch.topic, batch.partition, raw.offset);
    if (decision.kind === 'dead_lettered') {
      // Nothing of an unreadable record is there to be sealed; an empty one would not say so.
      const limit = raw.unreadable === undefined ? destinations.deadLetters.maxMessageBytes - LETTER_OVERHEAD_BYTES : 0;
      publications.push({
        topic: DEAD_LETTER_TOPIC,
        partition: letterPartition,
        key: null,
        value: Buffer.from(deadLetterText(raw, source, decision.poison, sealer, limit)),
        headers: { [SOURCE_HEADER]: source, [CODE_HEADER]: decision.poison.code },
        timestamp: now,
      });
      continue;
    }
    for (let output = 0; output < decision.outputs.length; output++) {
      const outcome = decision.outputs[output]!;
      if (outcome.kind === 'withheld') continue;
      // Without a prototype: a header may be declared under any name, `__proto__` too.
      const headers = Object.create(null) as Record<string, string | Uint8Array[]>;
      headers[SOURCE_HEADER] = source;
      if (traceparent !== undefined) headers[TRACEPARENT] = traceparent;
      for (const { name, values } of outcome.headers) headers[name] = [...values];
      const publication: Publication = {
        topic: plan.outputs[output]!.topic,
        partition: outputPartitions[output]!,
        key: outcome.key,
        value: outcome.value,
        headers,
        timestamp: now,
      };
      publications.push(publication);
      for (const key of outcome.earlierKeys ?? []) publications.push({ ...publication, key });
    }
  }
  for (const value of options.segments) {
    publications.push({
      topic: AUDIT_TOPIC,
      partition: partitionOf(destinations.audit),
      key: `${batch.topic}/${batch.partition}`,
      value,
      headers: {},
      timestamp: now,
    });
  }
  return publications;
}
