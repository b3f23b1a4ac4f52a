import type { Assembled } from './assemble.ts';
import type { Located, PolicyDocument } from './document.ts';
import { type Breach, breachesOf, breachText } from './guard-breaches.ts';
import type { SourcePosition } from './plan.ts';
import { formatPosition, type Report } from './report.ts';

/** Of fields that break a guard by one rule so many are named. */
const NAMED = 5;

/**
 * Reports what a policy does that a guard forbids: one error per guard and rule, at the rule, naming the guard and each
 * field with where they were written.
 */
export function reportBreaches(doc: Located<PolicyDocument>, assembled: Assembled, report: Report): void {
  const byRule = new Map<string, Breach[]>();
  for (const breach of breachesOf(assembled.plan)) {
    const rule = breach.position === null ? breach.output : formatPosition(breach.position);
    const key = `${breach.way === 'key'} ${rule} ${formatPosition(breach.guard.position)} ${breach.category}`;
    const known = byRule.get(key);
    if (known === undefined) byRule.set(key, [breach]);
    else known.push(breach);
  }
  for (const breaches of byRule.values()) {
    const [first] = breaches;
    if (first === undefined) continue;
    const fields = breaches.slice(0, NAMED).map(({ way, path }) => {
      const position = placeOf(doc, assembled, way, path);
      return position === null ? `\`${path}\` (tagged in the schema)` : `\`${path}\` (${formatPosition(position)})`;
    });
    if (breaches.length > NAMED) fields.push(`and ${breaches.length - NAMED} more`);
    report.error(
      'guard-broken',
      first.position ?? doc.at(['outputs']),
      breachText(first, fields),
      first.way === 'key'
        ? 'Say `key: none` or name another key, or change the guard.'
        : `${fixOf(first)}, or change the guard.`,
    );
  }
}

function fixOf({ guard, action, path }: Breach): string {
  if (guard.forms === null) return 'Remove the rule, or have these fields dropped by `action: drop`';
  if (guard.forms.includes(action.kind)) return `Declare the keys beneath \`${path}\` one by one`;
  return `Use ${guard.forms.join(' or ')}, or \`drop\``;
}

/** Where a field or header was declared; null: by the tags of a schema, or the subject, which is only read. */
function placeOf(
  doc: Located<PolicyDocument>,
  { declarations }: Assembled,
  way: Breach['way'],
  path: string,
): SourcePosition | null {
  if (way === 'header') return doc.at(['headers', path.slice('headers.'.length)]);
  const declaration = declarations.find(({ text }) => text === path);
  const base = declarations[declaration?.base ?? -1]?.text ?? path;
  if (Object.hasOwn(doc.value.fields ?? {}, base)) return doc.at(['fields', base]);
  return way === 'key' ? doc.at(['subject']) : null;
}
