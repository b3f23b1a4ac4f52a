/** One field (or header) as two versions of one output treat it. */
import { releases } from '../policy/assemble.ts';
import type { Category, LeafRule, OutputPlan } from '../policy/plan.ts';
import type { Said } from './finding.ts';
import { formChange } from './form.ts';
import { durationText } from '../policy/duration.ts';
import { actionText, ruleText } from './words.ts';

/** What an output does with a field; null where it knows none such. */
export type Treated = { readonly category: Category | null; readonly rule: LeafRule } | null;

export type FieldPlace = {
  readonly path: string;
  readonly before: Treated;
  readonly after: Treated;
};

/** The outputs that treat it; null where there is no such output. */
export type OutputPair = { readonly before: OutputPlan | null; readonly after: OutputPlan | null };

const DROP = { kind: 'drop' } as const;

/** Tells every way in which the field could leave otherwise than before. */
export function compareField(place: FieldPlace, outputs: OutputPair, add: (said: Said) => void): void {
  const { path } = place;
  const [old, fresh] = [leaving(place.before), leaving(place.after)];
  if (old === null && fresh === null) return;
  const rules = {
    before: ruleText(place.before?.rule ?? null),
    after: ruleText(place.after?.rule ?? null),
  };
  const category = (fresh ?? old)?.category.name ?? null;
  const say = (said: Omit<Said, 'path' | 'category' | 'rules'>): void => add({ ...said, path, category, rules });

  if (old === null || fresh === null) {
    say({
      kind: fresh === null ? 'field_hidden' : 'field_exposed',
      consequence: fresh === null ? 'hides' : 'exposes',
      before: treatment(place.before, outputs.before),
      after: treatment(place.after, outputs.after),
    });
    return;
  }
  const form = formChange(old.rule.action, fresh.rule.action);
  if (form !== 'same') {
    const consequence = ({ equal: 'none', more: 'exposes', less: 'hides', unordered: 'unclear' } as const)[form];
    const [before, after] = [actionText(old.rule.action), actionText(fresh.rule.action)];
    say({ kind: 'field_form', consequence, before, after });
  }
  compareRetention(old.rule, fresh.rule, outputs, say);
  if (old.category.sensitive !== fresh.category.sensitive) {
    const asked = (sensitive: boolean): string => (sensitive ? 'explicit consent' : 'as the purpose');
    say({
      kind: 'field_sensitive',
      consequence: fresh.category.sensitive ? 'hides' : 'exposes',
      before: asked(old.category.sensitive),
      after: asked(fresh.category.sensitive),
    });
  }
  const strips = outputs.before?.unconsented === 'strip' && outputs.after?.unconsented === 'strip';
  if (strips && old.category.personal !== fresh.category.personal) {
    const asked = (personal: boolean): string => (personal ? 'not without consent' : 'without consent too');
    say({
      kind: 'field_personal',
      consequence: fresh.category.personal ? 'hides' : 'exposes',
      before: asked(old.category.personal),
      after: asked(fresh.category.personal),
    });
  }
}

/** Whether a rule lets something of the values out, be it that they are there (`nullify`). */
export function lets(rule: LeafRule): boolean {
  return releases(rule) || rule.action.kind === 'nullify';
}

/** Headers are never null on the way out: one that a rule nullifies is absent. */
export function ofHeader(category: Category, rule: LeafRule): Treated {
  return { category, rule: rule.action.kind === 'nullify' ? { ...rule, action: DROP } : rule };
}

function leaving(treated: Treated): { readonly category: Category; readonly rule: LeafRule } | null {
  if (treated === null || treated.category === null || !lets(treated.rule)) return null;
  return { category: treated.category, rule: treated.rule };
}

function treatment(treated: Treated, output: OutputPlan | null): string {
  if (output === null) return 'no output';
  if (treated === null || treated.category === null) return 'undeclared';
  return treated.rule.rule === null ? 'no rule' : actionText(treated.rule.action);
}

/** Its own limit counts where it is shorter than the record's; a change that all fields share is told of the output. */
function compareRetention(
  old: LeafRule,
  fresh: LeafRule,
  { before, after }: OutputPair,
  say: (said: Omit<Said, 'path' | 'category' | 'rules'>) => void,
): void {
  const ofRecord = [before?.purpose.retentionMs ?? 0, after?.purpose.retentionMs ?? 0] as const;
  const limits = [Math.min(old.maxAgeMs, ofRecord[0]), Math.min(fresh.maxAgeMs, ofRecord[1])] as const;
  if (limits[0] === limits[1] || (limits[0] === ofRecord[0] && limits[1] === ofRecord[1])) return;
  say({
    kind: 'field_retention',
    consequence: limits[1] > limits[0] ? 'exposes' : 'hides',
    before: durationText(limits[0]),
    after: durationText(limits[1]),
  });
}
