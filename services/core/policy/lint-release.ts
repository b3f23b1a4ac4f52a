/** Warnings about what rules let out: personal data as it is, sensitive data where nobody is asked explicitly. */
import type { Assembled } from './assemble.ts';
import type { RouteFacts } from './lint.ts';
import type { Category } from './plan.ts';
import type { Report } from './report.ts';
import type { Rule } from './rules.ts';
import { ancestorsOf } from './taxonomy.ts';

/** Something that a rule decides about. */
type Met = { readonly name: string; readonly category: Category };

/** Names listed in a message; of the others the number is told. */
const LISTED = 3;

/** `keep` on personal data: what leaves is what came in. */
export function keptPersonal({ outputs, assembled, openEnded, doc }: RouteFacts, report: Report): void {
  for (const [index, { rules }] of outputs.entries()) {
    const met = metByRules(assembled, index);
    for (const rule of rules) {
      if (rule.action.kind !== 'keep') continue;
      const kept = (met.get(rule.index) ?? []).filter(({ category }) => category.personal);
      const foreseen = kept.length === 0 && openEnded ? taggedPersonal(rule, doc.value.tags ?? {}) : [];
      if (kept.length + foreseen.length === 0) continue;
      report.warn(
        'personal-kept',
        rule.ref.position,
        `${kept.length > 0 ? list(kept) : `what tags declare as ${foreseen.join(', ')}`} is personal and leaves as it is`,
        'Coarsen, mask or pseudonymize it, or say why not: `# lethe-ignore: personal-kept REASON`.',
      );
    }
  }
}

/**
 * Sensitive data (GDPR Art. 9) under a purpose that does not rest on consent everywhere. Under a legal obligation it is
 * released unasked; under any other basis the field needs an explicit consent that nobody is asked for there.
 */
export function sensitiveWithoutConsent({ outputs, assembled }: RouteFacts, report: Report): void {
  for (const [index, { rules, purpose }] of outputs.entries()) {
    const under = [...purpose.basisByRegime].filter(([, basis]) => basis !== 'consent');
    const unasked = under.filter(([, basis]) => basis === 'legal_obligation').map(([regime]) => `\`${regime}\``);
    const implicit = under.filter(([, basis]) => basis !== 'legal_obligation');
    if (under.length === 0) continue;
    const met = metByRules(assembled, index);
    for (const rule of rules) {
      if (['drop', 'nullify', 'redact'].includes(rule.action.kind)) continue;
      const released = (met.get(rule.index) ?? []).filter(({ category }) => category.sensitive);
      if (released.length === 0) continue;
      const where = `\`${purpose.plan.name}\``;
      if (unasked.length > 0) {
        report.warn(
          'sensitive-unasked',
          rule.ref.position,
          `${list(released)} is sensitive, and released for ${where} without anybody's consent under ${unasked.join(', ')} (legal_obligation)`,
          'Drop it, or say which law demands it: `# lethe-ignore: sensitive-unasked REASON`.',
        );
      }
      if (implicit.length === 0) continue;
      const bases = implicit.map(([regime, basis]) => `\`${regime}\` (${basis})`).join(', ');
      report.warn(
        'sensitive-basis',
        rule.ref.position,
        `${list(released)} is sensitive and needs explicit consent, which ${where} does not rest on under ${bases}: it will hardly ever be there`,
        'Make `consent` the basis, drop the field, or say how consent is had: `# lethe-ignore: sensitive-basis REASON`.',
      );
    }
  }
}

/** By index of the rule: the fields and headers that it decides about, but for those that a guard has dropped. */
function metByRules({ plan, chosen }: Assembled, output: number): ReadonlyMap<number, readonly Met[]> {
  const reachable = new Set(plan.nodes.map(({ leaf }) => leaf));
  const { leaves = [], headers = [] } = chosen[output] ?? {};
  const planned = plan.outputs[output];
  const met = new Map<number, Met[]>();
  const add = (rule: Rule | null | undefined, guarded: boolean, name: string, category: Category): void => {
    if (rule === null || rule === undefined || guarded) return;
    const known = met.get(rule.index);
    if (known === undefined) met.set(rule.index, [{ name, category }]);
    else known.push({ name, category });
  };
  for (const { id, path, category } of plan.leaves) {
    if (category === null || !reachable.has(id)) continue;
    add(leaves[id], planned?.leaves[id]?.guarded !== undefined, path, category);
  }
  for (const [at, { name, category }] of plan.headers.entries()) {
    add(headers[at], planned?.headers[at]?.guarded !== undefined, `headers.${name}`, category);
  }
  return met;
}

/** Where no schema is at hand: the personal categories that tags may bring under a rule. */
function taggedPersonal({ select }: Rule, tags: Readonly<Record<string, string>>): readonly string[] {
  if (select.by !== 'category') return [];
  const mayCome = Object.values(tags).filter((name) => [name, ...ancestorsOf(name)].includes(select.name));
  return [...new Set(mayCome)]
    .filter((name) => name === 'user' || name.startsWith('user.'))
    .map((name) => `\`${name}\``);
}

function list(met: readonly Met[]): string {
  const named = met.slice(0, LISTED).map(({ name, category }) => `\`${name}\` (${category.name})`);
  const more = met.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
