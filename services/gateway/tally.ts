/** What a batch adds to the counters once it is committed. */
import type { BatchCounted } from '../core/batch-span.ts';
import type { EngineBatch, RecordDecision } from '../core/engine.ts';
import { AUDIT_TOPIC, DEAD_LETTER_TOPIC } from '../core/own-topics.ts';
import type { RoutePlan } from '../core/policy/plan.ts';
import type { Divergence } from '../core/shadow/divergence.ts';
import type { Publication, RawBatch } from '../core/transport.ts';
import type { DecodedRecord } from './1-decode.ts';
import type { BatchCounts } from './measures.ts';

export function countBatch(
  batch: RawBatch,
  decoded: readonly DecodedRecord[],
  decisions: readonly RecordDecision[],
  publications: readonly Publication[],
  engine: EngineBatch,
  plan: RoutePlan,
  now: number,
  divergence: readonly Divergence[],
): BatchCounts {
  const counted = plan.outputs.map(({ topic }) => ({
    topic,
    published: new Map<string, number>(),
    withheld: new Map<string, number>(),
  }));
  const deadLetters = new Map<string, number>();
  let bytesIn = 0;
  const ages: number[] = [];
  for (let index = 0; index < decisions.length; index++) {
    const decision = decisions[index]!;
    const raw = batch.records[index]!;
    const one = decoded[index]!;
    bytesIn += raw.value?.length ?? 0;
    ages.push((now - (one.kind === 'record' ? one.record.eventTime : raw.timestamp)) / 1000);
    if (decision.kind === 'dead_lettered') {
      add(deadLetters, decision.poison.code);
      continue;
    }
    for (let output = 0; output < decision.outputs.length; output++) {
      const { kind, reason } = decision.outputs[output]!;
      add(counted[output]![kind], reason ?? '');
    }
  }
  let bytesOut = 0;
  for (const { topic, value } of publications) {
    if (topic !== AUDIT_TOPIC && topic !== DEAD_LETTER_TOPIC) bytesOut += value?.length ?? 0;
  }
  return {
    route: plan.name,
    consumed: batch.records.length,
    bytesIn,
    bytesOut,
    decisions: counted.flatMap(({ topic, ...by }) =>
      (['published', 'withheld'] as const).flatMap((outcome) =>
        [...by[outcome]].map(([reason, count]) => ({ output: topic, outcome, reason, count })),
      ),
    ),
    deadLetters,
    fields: engine.fieldCounts(),
    divergence,
    ages,
  };
}

/** The same in three numbers, over all outputs. */
export function countedOf({ decisions, deadLetters }: Pick<BatchCounts, 'decisions' | 'deadLetters'>): BatchCounted {
  const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0);
  const of = (wanted: string): number =>
    sum(decisions.flatMap(({ outcome, count }) => (outcome === wanted ? [count] : [])));
  return { published: of('published'), withheld: of('withheld'), deadLettered: sum(deadLetters.values()) };
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
