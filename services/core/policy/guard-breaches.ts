/** Where a plan would break a guard, were it not for the guard: read off the plan itself, which drops instead. */
import type { Guard, Guarded, RoutePlan, RuleRef, SourcePosition } from './plan.ts';
import { formatPosition } from './report.ts';
import { guardText, UNDECLARED_SUBJECT } from './guard.ts';

export type Breach = {
  readonly guard: Guard;
  readonly route: string;
  readonly output: string;
  readonly purpose: string;
  readonly way: 'field' | 'header' | 'key';
  /** The declared path, `headers.NAME`, or that of the subject. */
  readonly path: string;
  readonly category: string;
  /** What the rule would have done. */
  readonly action: Guarded['action'];
  /** Null: the record key that no rule chose. */
  readonly rule: RuleRef | null;
  /** Where the rule or the key was written; null where that is not known. */
  readonly position: SourcePosition | null;
};

/** Every breach of a plan; a leaf that no value can reach breaks nothing. */
export function breachesOf(plan: RoutePlan): readonly Breach[] {
  const reachable = new Set(plan.nodes.map(({ leaf }) => leaf));
  const subject = plan.leaves[plan.read.subject];
  const found: Breach[] = [];
  for (const { topic, purpose, leaves, headers, guardedKey, keyPosition } of plan.outputs) {
    const add = (
      guarded: Guarded | undefined,
      rest: Pick<Breach, 'way' | 'path' | 'category' | 'rule' | 'position'>,
    ) => {
      for (const guard of guarded?.by ?? []) {
        const { action } = guarded as Guarded;
        found.push({ guard, route: plan.name, output: topic, purpose: purpose.name, action, ...rest });
      }
    };
    for (const { id, path, category } of plan.leaves) {
      const { guarded, rule = null } = leaves[id] ?? {};
      if (!reachable.has(id) || category === null) continue;
      add(guarded, { way: 'field', path, category: category.name, rule, position: rule?.position ?? null });
    }
    for (const [index, { name, category }] of plan.headers.entries()) {
      const { guarded, rule = null } = headers[index] ?? {};
      const path = `headers.${name}`;
      add(guarded, { way: 'header', path, category: category.name, rule, position: rule?.position ?? null });
    }
    const category = subject?.category?.name ?? UNDECLARED_SUBJECT;
    const position = keyPosition ?? null;
    add(guardedKey, { way: 'key', path: subject?.path ?? '', category, rule: null, position });
  }
  return found;
}

/**
 * A breach in a sentence, without where the rule stands.
 *
 * @param places where the fields were declared, as text to follow each path; none where that is not known.
 */
export function breachText(breach: Breach, fields: readonly string[]): string {
  const { guard, output, purpose, action, way, category } = breach;
  const into = `into \`${output}\` (purpose \`${purpose}\`)`;
  const why = guard.why === null ? '' : ` (${guard.why})`;
  const named = guard.name === null ? 'the guard' : `the guard "${guard.name}"`;
  const forbids = `which ${named} at ${formatPosition(guard.position)} forbids: ${guardText(guard)}${why}`;
  if (way === 'key') {
    return `the record key brings \`${category}\` as the subject's pseudonym, of ${fields.join(', ')}, ${into}, ${forbids}`;
  }
  const allowed = guard.forms?.includes(action.kind) === true;
  const form = allowed ? `as ${action.kind}, but with the keys of maps as they are` : `as ${action.kind}`;
  return `the rule for \`${breach.rule?.select ?? ''}\` lets \`${category}\` ${into} ${form}, from ${fields.join(', ')}, ${forbids}`;
}
