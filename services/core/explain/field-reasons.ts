/** Why one field came out as it did, in a line. */
import type { Action, LeafRule, OutputPlan, RoutePlan } from '../policy/plan.ts';
import type { FieldEffect } from './explanation.ts';
import { ageText } from './literal.ts';

export type FieldContext = {
  /** Null where it is only read. */
  readonly category: string | null;
  readonly rule: LeafRule | undefined;
  readonly output: OutputPlan;
  /** Why the output is withheld or stripped, or null. */
  readonly reason: string | null;
  /** Milliseconds. */
  readonly age: number;
  readonly notExplicit: () => string;
  /** Why a sensitive value may be released; null: it is not sensitive. */
  readonly maySensitive: string | null;
  /** `P30D allowed for user.location`. */
  readonly limit: () => string;
};

/** @param role what the value is read for, where it is not declared: `subject`. */
export function whyField(effect: FieldEffect, role: string, context: FieldContext): string {
  const { category, rule, output, reason, age } = context;
  switch (effect) {
    case 'withheld':
      return `the whole output is withheld: ${reason}`;
    case 'drop':
      if (category === null && role === '') return 'its tags contradict each other: nothing is released there';
      if (category === null) return `read as the ${role}, and not declared under fields: it never leaves`;
      if (rule === undefined || rule.rule === null) return 'no rule of this output selects it: dropped';
      return rule.action.kind === 'nullify' ? 'a header cannot be null: absent' : 'its rule drops it';
    case 'drop_not_explicit':
      return `sensitive: needs explicit consent for ${output.purpose.name}; ${context.notExplicit()}`;
    case 'drop_retention':
      return `${ageText(age)}, older than ${context.limit()}`;
    case 'drop_shredded':
      return 'to be encrypted, and the data key of the subject was destroyed by an erasure';
    case 'drop_stripped':
      return `personal, and only what is not personal is published: ${reason}`;
    default:
      return `${rule === undefined ? 'released' : actionText(rule.action)}${context.maySensitive === null ? '' : `; sensitive, and ${context.maySensitive}`}`;
  }
}

/** An action in words. */
export function actionText(action: Action): string {
  switch (action.kind) {
    case 'keep':
      return 'kept as it is';
    case 'drop':
      return 'dropped';
    case 'nullify':
      return 'replaced by null';
    case 'redact':
      return `replaced by ${JSON.stringify(action.with)}`;
    case 'mask':
      return action.mask.style === 'ends'
        ? `masked but for the first ${action.mask.first} and last ${action.mask.last}`
        : `masked as ${action.mask.style}`;
    case 'pseudonymize':
      return `pseudonymized in the domain ${action.domain}`;
    case 'truncate_ip':
      return `cut to ${action.ipv4} bits (IPv4) or ${action.ipv6} (IPv6)`;
    case 'encrypt':
      return "encrypted under the subject's data key";
    case 'generalize':
      switch (action.by.how) {
        case 'date':
          return `generalized to the ${action.by.to}`;
        case 'step':
          return `rounded down to steps of ${action.by.step}`;
        case 'decimals':
          return `cut to ${action.by.decimals} decimals`;
        case 'bands':
          return `generalized to bands (${action.by.bands.join(', ')})`;
      }
  }
}

/** What a leaf is read for: `subject`, `time`, `region`; empty where it is not. */
export function roleOf(plan: RoutePlan, leaf: number): string {
  const { subject, time, region } = plan.read;
  if (leaf === subject) return 'subject';
  if (leaf === time) return 'time';
  return leaf === region ? 'region' : '';
}
