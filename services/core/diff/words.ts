/** What plans say, in the words of a policy, for people who read a diff. */
import type { Action, LeafRule, OutputKey, RoutePlan } from '../policy/plan.ts';
import { formatPosition } from '../policy/report.ts';

/** An action with its options. */
export function actionText(action: Action): string {
  switch (action.kind) {
    case 'keep':
    case 'drop':
    case 'nullify':
    case 'encrypt':
      return action.kind;
    case 'redact':
      return `redact with ${JSON.stringify(action.with)}`;
    case 'pseudonymize':
      return `pseudonymize (${action.domain})`;
    case 'truncate_ip':
      return `truncate_ip /${action.ipv4}, /${action.ipv6}`;
    case 'mask': {
      const { mask } = action;
      if (mask.style !== 'ends') return `mask ${mask.style}`;
      return `mask but first ${mask.first}, last ${mask.last} (${mask.char})`;
    }
    case 'generalize': {
      const { by } = action;
      switch (by.how) {
        case 'date':
          return `generalize to ${by.to}`;
        case 'step':
          return `generalize to steps of ${by.step}`;
        case 'decimals':
          return `generalize to ${by.decimals} decimals`;
        case 'bands':
          return `generalize to bands ${by.bands.join(', ')}`;
      }
    }
  }
}

/** What an output keys its records by. */
export function keyText(key: OutputKey, plan: RoutePlan): string {
  return key.kind === 'leaf' ? (plan.leaves[key.leaf]?.path ?? '') : key.kind;
}

/** Where a rule was written, `file:line:col`, or null where none selects the field. */
export function ruleText(rule: LeafRule | null): string | null {
  return rule === null || rule.rule === null ? null : formatPosition(rule.rule.position);
}
