/** The fields and headers of one output, one by one. */
import { headerValues } from '../apply/header-values.ts';
import type { PublishedOutput } from '../engine.ts';
import type { Effect } from '../decide/variant.ts';
import { releases } from '../decide/variants.ts';
import type { LeafRule, OutputPlan, RoutePlan } from '../policy/plan.ts';
import type { After } from './after.ts';
import { SHOWN } from './capped.ts';
import type { FieldEffect, FieldExplanation, RuleReference, ShownValue } from './explanation.ts';
import { roleOf, whyField } from './field-reasons.ts';
import { bytesLiteral } from './literal.ts';
import type { Occurrence, Occurrences } from './occurrences.ts';
import { isNull } from './tree.ts';

export type FieldsContext = {
  readonly plan: RoutePlan;
  readonly output: OutputPlan;
  /** By leaf id and by header index: what is done; null where the output is withheld before that was asked. */
  readonly effects: readonly Effect[] | null;
  readonly headerEffects: readonly Effect[] | null;
  /** The output is withheld after all. */
  readonly withheld: boolean;
  readonly reason: string | null;
  readonly age: number;
  readonly notExplicit: () => string;
  /** Why sensitive values may be released, where they are. */
  readonly maySensitive: string;
  readonly limit: (category: string) => string;
};

export function ruleReference({ rule }: LeafRule): RuleReference | null {
  return rule === null ? null : { select: rule.select, ...rule.position };
}

/** Every declared or read value that occurs in the record, and the nulls where a container is declared. */
export function explainFields(
  context: FieldsContext,
  { byLeaf, nullContainers }: Occurrences,
  after: After | null,
): readonly FieldExplanation[] {
  const { plan, output } = context;
  const fields: FieldExplanation[] = [];
  for (const leaf of plan.leaves) {
    const found = byLeaf[leaf.id] ?? [];
    if (found.length === 0) continue;
    const rule = leaf.category === null ? undefined : output.leaves[leaf.id];
    const effect = effectOf(context, context.effects?.[leaf.id] ?? ruledOut(rule));
    const field = fieldOf(context, leaf.path, leaf.category, rule, effect, roleOf(plan, leaf.id));
    fields.push({
      ...field,
      values: {
        count: found.length,
        shown: found.slice(0, SHOWN).map((one) => shownValue(one, effect, after)),
      },
    });
  }
  for (const { path, scalar, node } of nullContainers) {
    const opened = after?.of.has(scalar) === true;
    const beneath = (plan.nodes[node]?.beneath ?? []).some((leaf) => {
      const effect = context.effects?.[leaf];
      return effect !== undefined && releases(effect);
    });
    fields.push({
      ...{ path, category: null, rule: null, action: null },
      effect: context.withheld ? 'withheld' : beneath ? 'keep' : 'drop',
      why: context.withheld
        ? `the whole output is withheld: ${context.reason}`
        : beneath
          ? 'a container that is null stays null where something beneath it is released'
          : 'nothing beneath it is released',
      values: { count: 1, shown: [{ path, before: scalar.literal, after: opened ? scalar.literal : null }] },
    });
  }
  return fields;
}

/** The declared headers that the record carries. */
export function explainHeaders(
  context: FieldsContext,
  raw: unknown,
  published: PublishedOutput | null,
): readonly FieldExplanation[] {
  const { plan, output } = context;
  return plan.headers.flatMap(({ name, category }, index) => {
    const values = headerValues(raw, name);
    if (values.length === 0) return [];
    const effect = effectOf(context, context.headerEffects?.[index] ?? ruledOut(output.headers[index]));
    const sent = published?.headers.find((header) => header.name === name)?.values ?? [];
    const path = `headers.${name}`;
    const shown = values.slice(0, SHOWN).map((value, at): ShownValue => {
      const after = sent[at];
      return { path, before: bytesLiteral(value), after: after === undefined ? null : bytesLiteral(after) };
    });
    const field = fieldOf(context, path, category, output.headers[index], effect, '');
    return [{ ...field, values: { count: values.length, shown } }];
  });
}

/** A value that no rule releases is dropped whether the rest is withheld or not. */
function effectOf({ withheld }: FieldsContext, effect: Effect | undefined): FieldEffect {
  if (!withheld) return effect ?? 'drop';
  return effect === undefined || releases(effect) ? 'withheld' : effect;
}

/** What no rule releases is dropped however the rest is decided. */
function ruledOut(rule: LeafRule | undefined): Effect | undefined {
  return rule === undefined || rule.action.kind === 'drop' ? 'drop' : undefined;
}

function fieldOf(
  context: FieldsContext,
  path: string,
  category: FieldExplanation['category'],
  rule: LeafRule | undefined,
  effect: FieldEffect,
  role: string,
): Omit<FieldExplanation, 'values'> {
  const { output, reason, age, notExplicit } = context;
  const name = category?.name ?? null;
  const limit = (): string => context.limit(name ?? '');
  return {
    ...{ path, category },
    rule: rule === undefined ? null : ruleReference(rule),
    action: category === null ? null : (rule?.action ?? null),
    effect,
    why: whyField(effect, role, {
      ...{ category: name, rule, output, reason, age, notExplicit, limit },
      maySensitive: category?.sensitive === true ? context.maySensitive : null,
    }),
  };
}

function shownValue({ path, scalar }: Occurrence, effect: FieldEffect, after: After | null): ShownValue {
  const before = scalar.literal;
  if (after?.unclear.has(scalar) === true) return { path, before, after: null, unclear: true };
  const published = after?.of.get(scalar) ?? null;
  // In Avro a field that is absent stands as null.
  const absent = published === 'null' && !isNull(scalar) && effect !== 'nullify';
  return { path, before, after: absent ? null : published };
}
