/** What explaining finds now against what the audit says was decided. */
import { GENESIS, type DecisionShape, type FieldEffect, type SegmentContent, shapeAt } from '../audit/segment.ts';
import { makeSegmentBuilder } from '../audit/segment-builder.ts';
import type { RecordDecision } from '../engine.ts';

export type AuditComparison = {
  /** Nothing differs. */
  readonly same: boolean;
  /** What differs, a line each. Names topics, paths, codes, never a value. */
  readonly differences: readonly string[];
};

type Treated = { readonly topic: string; readonly outcome: string; readonly fields: readonly FieldEffect[] | null };

/** Compares a decision with the one that a segment holds for an offset. */
export function compareWithAudit(decision: RecordDecision, segment: SegmentContent, offset: number): AuditComparison {
  const audited = shapeAt(segment, offset);
  if (audited === null) return { same: false, differences: ['the audit says that there was no record at this offset'] };
  const { shape, content } = shapeOf(decision);
  const before = verdictOf(audited);
  const now = verdictOf(shape);
  if (before !== null || now !== null) {
    if (before === now) return { same: true, differences: [] };
    return { same: false, differences: [`the audit says ${before ?? 'decided'}; now it is ${now ?? 'decided'}`] };
  }
  const differences = compareOutputs(outputsOf(segment, audited), outputsOf(content, shape));
  return { same: differences.length === 0, differences };
}

/** The decision in the audit's own words. */
function shapeOf(decision: RecordDecision): { readonly shape: DecisionShape; readonly content: SegmentContent } {
  const outputs = decision.kind === 'decided' ? decision.plan.outputs.map(({ topic }) => topic) : [];
  const builder = makeSegmentBuilder({
    ...{ topic: '', partition: 0, bundle: '', watermark: null, decidedAt: 0, outputs, previous: GENESIS },
  });
  builder.add(0, decision);
  const content = builder.finish(() => GENESIS);
  return { content, shape: content.shapes[0] as DecisionShape };
}

function verdictOf({ deadLetter }: DecisionShape): string | null {
  if (deadLetter === null) return null;
  return `dead-lettered: ${deadLetter.code}${deadLetter.path === null ? '' : ` at ${deadLetter.path}`}`;
}

function outputsOf(segment: SegmentContent, shape: DecisionShape): ReadonlyMap<string, Treated> {
  return new Map(
    shape.outputs.map(({ outcome, reason, treatment }, index) => {
      const topic = segment.outputs[index] ?? '';
      const fields = treatment === null ? null : (segment.treatments[treatment] ?? null);
      return [topic, { topic, outcome: reason === null ? outcome : `${outcome} (${reason})`, fields }];
    }),
  );
}

function compareOutputs(before: ReadonlyMap<string, Treated>, now: ReadonlyMap<string, Treated>): readonly string[] {
  const differences: string[] = [];
  for (const topic of new Set([...before.keys(), ...now.keys()])) {
    const was = before.get(topic);
    const is = now.get(topic);
    if (was === undefined) differences.push(`${topic}: the audit knows no such output`);
    else if (is === undefined)
      differences.push(`${topic}: the audit says ${was.outcome}; the bundle has no such output`);
    else if (was.outcome !== is.outcome) {
      differences.push(`${topic}: the audit says ${was.outcome}; now it is ${is.outcome}`);
    } else differences.push(...compareFields(topic, was.fields ?? [], is.fields ?? []));
  }
  return differences;
}

function compareFields(topic: string, before: readonly FieldEffect[], now: readonly FieldEffect[]): readonly string[] {
  const was = new Map(before.map(({ path, effect }) => [path, effect]));
  const is = new Map(now.map(({ path, effect }) => [path, effect]));
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((path) => was.get(path) !== is.get(path))
    .map(
      (path) =>
        `${topic}: ${path}: the audit says ${was.get(path) ?? 'not declared'}; now it is ${is.get(path) ?? 'not declared'}`,
    );
}
