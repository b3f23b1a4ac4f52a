/** A proof in words: what text and Markdown have in common. */
import { actionText } from '../core/diff/words.ts';
import { durationText } from '../core/policy/duration.ts';
import type { Basis, OutputPlan } from '../core/policy/plan.ts';
import { formatPosition } from '../core/policy/report.ts';
import type { Ground } from '../core/prove/grounds.ts';
import type { Cell, GuardProof, Located, Proof, RouteProof } from '../core/prove/prove.ts';
import type { Blocked, Way } from '../core/prove/ways.ts';

export type ShownProof = {
  readonly proof: Proof;
  /** One is set. */
  readonly registry: boolean;
  readonly subjectOf: (topic: string) => string;
};

/** What a basis asks for. */
export function groundText(basis: Basis, recipient: string | null): string {
  switch (basis) {
    case 'consent':
      return `consent in force${recipient === null ? '' : ` that names ${recipient}`}`;
    case 'opt_out':
      return 'unless denied, withdrawn or objected to (opt_out)';
    case 'legitimate_interest':
      return 'unless objected to (legitimate_interest)';
    case 'contract':
      return 'always (contract)';
    case 'legal_obligation':
      return 'always, of erased subjects and without explicit consent too (legal_obligation)';
  }
}

/** The regimes of a ground. */
export function regimesText({ regimes, elsewhere }: Ground): string {
  const names = elsewhere ? [...regimes, 'any other region'] : regimes;
  return names.join(', ');
}

/** What becomes of a record without a lawful ground. */
export function otherwiseText({ unconsented }: OutputPlan): string {
  return unconsented === 'strip' ? 'only what is not personal is published' : 'nothing of the record is published';
}

/** The short form of a way, for a matrix. */
export function formText({ kind, action, conditions }: Way): string {
  const form = kind === 'map_keys' ? 'keys' : action.kind;
  return `${form}${conditions.explicit ? '!' : ''}${conditions.lawful ? '' : '+'}`;
}

export const LEGEND = [
  ['-', 'never'],
  ['!', 'with explicit consent alone'],
  ['+', 'without a lawful ground too'],
  ['keys', 'names of values under a wildcard, as they are'],
] as const;

/** What holds for every output. */
export const ERASED =
  'Of an erased subject nothing gets anywhere, but under a legal obligation, and the keys of tombstones.';

/** All forms of a category in an output; `-`: it cannot get there. Null: no record can hold the category. */
export function cellText(cell: Cell | undefined): string | null {
  if (cell === undefined) return null;
  const forms = new Set(cell.ways.map(formText));
  return forms.size === 0 ? '-' : [...forms].join(' ');
}

/** Ways of a category that differ in nothing but their paths. */
export type WayGroup = { readonly first: Located<Way>; readonly paths: readonly string[] };

export function groupWays(ways: readonly Located<Way>[]): readonly WayGroup[] {
  const groups = new Map<string, { first: Located<Way>; paths: string[] }>();
  for (const way of ways) {
    const { path, ...rest } = way;
    const key = JSON.stringify(way.kind === 'key' ? way : rest);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { first: way, paths: [path] });
    else known.paths.push(path);
  }
  return [...groups.values()];
}

/** The form of a way with its options, and as what it leaves. */
export function wholeFormText({ kind, action }: Way): string {
  if (kind === 'map_keys') return 'keep (names of the values)';
  return kind === 'key' ? `${actionText(action)} (record key)` : actionText(action);
}

/** What must be so beside a lawful ground. */
export function conditionsText({ conditions }: Way): string {
  const { explicit, lawful, maxAgeMs, tombstones } = conditions;
  return [
    `up to ${durationText(maxAgeMs)} old`,
    ...(explicit ? ['explicit consent'] : []),
    ...(lawful ? [] : ['without a lawful ground too']),
    ...(tombstones ? ['with every tombstone too, whatever was consented to'] : []),
  ].join('; ');
}

/** By which rule, and where that was written. */
export function ruleText({ rule, position, kind }: Way): string {
  const where = position === null ? '' : ` ${formatPosition(position)}`;
  if (rule === null) return `the key of the output${where}`;
  return `${kind === 'key' ? 'key, ' : ''}rule ${rule.select}${where}`;
}

/** Where a path is, of the schema versions of an Avro route; empty where it is in all of them, or there are none. */
export function versionsText(versions: readonly string[], route: RouteProof): string {
  const walked = route.schemas?.walked ?? [];
  if (walked.length === 0 || versions.length === walked.length) return '';
  return versions.length === 0 ? ' (in no schema walked)' : ` (schema ${versions.join(', ')})`;
}

/** Why values never get there. */
export function blockedText({ rule, guarded }: Blocked): string {
  const guard = guarded?.by[0];
  if (guarded !== null && guard !== undefined) {
    const by = rule === null ? 'it' : `rule ${rule.select} ${formatPosition(rule.position)}`;
    return `dropped by the guard at ${formatPosition(guard.position)}, though ${by} says ${guarded.action.kind}`;
  }
  return rule === null ? 'no rule' : `dropped by rule ${rule.select} ${formatPosition(rule.position)}`;
}

/** What was walked of an Avro route, and what was not. */
export function schemasText(route: RouteProof, { registry, subjectOf }: ShownProof): readonly string[] {
  const { schemas } = route;
  if (schemas === null) return [];
  const { from, walked, unusable, tagged } = schemas;
  const subject = subjectOf(route.topic);
  const lines = [
    from === 'registry'
      ? `Every version registered under ${subject} was walked: ${walked.join(', ') || 'none is usable'}.`
      : from === 'file'
        ? `${registry ? `${subject} has no version yet` : 'No SCHEMA_REGISTRY_URL'}: the schema file that the policy names was walked.`
        : `${registry ? `${subject} has no version yet` : 'No SCHEMA_REGISTRY_URL'}, and the policy names no schema file: only what \`fields\` declares is shown.`,
  ];
  if (unusable.length > 0) {
    lines.push(`No schema of records, so what is written with it is a dead letter: ${unusable.join(', ')}.`);
  }
  const others = from === 'nowhere' ? 'what the tags of any version declare' : 'other versions';
  lines.push(
    tagged
      ? `This proves nothing about ${others}, but that guards hold: workers drop what breaks one.`
      : 'Other versions bring nothing more: only what `fields` declares can leave.',
  );
  return lines;
}

/** Names come from files: none may begin a line of its own, or reach a terminal as control characters. */
export function printable(line: string): string {
  return line.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

/** A guard and how it stands. */
export function guardLines({ guard, text, holds, brokenBy, outputs, tags }: GuardProof): {
  readonly head: string;
  readonly details: readonly string[];
} {
  const name = guard.name === null ? '' : `${guard.name}: `;
  const head = `${name}${text} (${formatPosition(guard.position)})`;
  const over = outputs.length === 0 ? 'no output is for these purposes' : `watches over ${outputs.join(', ')}`;
  const breaches = brokenBy.map(({ way, path, category, action, rule, position, output, versions }) => {
    const where = position === null ? '' : ` ${formatPosition(position)}`;
    const what = rule === null ? `the record key${where}` : `rule ${rule.select}${where}`;
    const seen = versions.length === 0 ? '' : `, schema ${versions.join(', ')}`;
    const from = way === 'key' ? `subject ${path}` : path;
    return `broken by ${what}: ${from} (${category}${seen}) as ${action.kind} into ${output}`;
  });
  const risks = tags.map(
    ({ route, tag }) =>
      `a field tagged ${tag} in another schema version of ${route} would break it; workers would drop that field`,
  );
  const why = guard.why === null ? [] : [guard.why];
  return { head, details: [...why, ...breaches, ...(holds ? [over, ...risks] : [])] };
}
