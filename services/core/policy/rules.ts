import { compileAction } from './actions.ts';
import type { Declared } from './declarations.ts';
import type { Located, PolicyDocument, RuleDocument } from './document.ts';
import { didYouMean } from './nearest.ts';
import { compareSpecificity, covers, formatPath, hasWildcard, intersect, parsePath, type Path } from './path.ts';
import type { Action, Category, RuleRef } from './plan.ts';
import { formatPosition, type Report } from './report.ts';
import { longestMatch, type Taxonomy } from './taxonomy.ts';

/** What a rule selects: the values at a path, or of a category and those beneath it. */
export type Select =
  | { readonly by: 'path'; readonly path: Path; readonly text: string }
  | { readonly by: 'category'; readonly name: string };

export type Rule = { readonly index: number; readonly select: Select; readonly action: Action; readonly ref: RuleRef };

/** What the rules of a route may select. */
export type Selectable = {
  readonly taxonomy: Taxonomy;
  readonly declared: readonly Declared[];
  /** Schemas may declare more paths by their tags. */
  readonly openEnded: boolean;
  /** The declared paths that have a value in common with a path. */
  readonly matchedBy: (path: Path) => readonly Declared[];
};

export function selectableOf(taxonomy: Taxonomy, declared: readonly Declared[], openEnded: boolean): Selectable {
  const byText = new Map(declared.map((one) => [one.text, one]));
  const wildcards = declared.filter(({ path }) => hasWildcard(path));
  const matchedBy = (path: Path): readonly Declared[] => {
    const candidates = hasWildcard(path) ? declared : [byText.get(formatPath(path)), ...wildcards];
    return candidates.filter((one) => one !== undefined && intersect(one.path, path) !== null) as Declared[];
  };
  return { taxonomy, declared, openEnded, matchedBy };
}

/** Resolves the rules of one output. A rule with a problem is reported and left out. */
export function compileRules(
  doc: Located<PolicyDocument>,
  output: number,
  selectable: Selectable,
  report: Report,
): readonly Rule[] {
  const authored = doc.value.outputs[output];
  if (authored === undefined) return [];
  const rules: Rule[] = [];
  const seen = new Map<string, number>();
  for (const [index, rule] of authored.rules.entries()) {
    const at = (...path: (string | number)[]) => doc.at(['outputs', output, 'rules', index, ...path]);
    const position = at('select');
    const earlier = seen.get(rule.select);
    if (earlier !== undefined) {
      const other = formatPosition(doc.at(['outputs', output, 'rules', earlier, 'select']));
      report.error(
        'select-duplicate',
        position,
        `\`${rule.select}\` is selected twice in this output, first at ${other}`,
        'Keep one of the two rules.',
      );
    }
    seen.set(rule.select, index);
    const select = resolveSelect(rule, selectable, position, report);
    const action = compileAction(rule, authored.purpose, at, report);
    if (select === null || action === null || earlier !== undefined) continue;
    rules.push({ index, select, action, ref: { select: rule.select, position } });
  }
  return rules;
}

function resolveSelect(
  { select }: RuleDocument,
  selectable: Selectable,
  position: RuleRef['position'],
  report: Report,
): Select | null {
  const { taxonomy, declared, openEnded, matchedBy } = selectable;
  const parsed = parsePath(select);
  const isCategory = taxonomy.selectable(select);
  const matched = parsed.ok ? matchedBy(parsed.path) : [];
  if (isCategory) {
    // A top-level wildcard matches any name whatsoever; that alone does not make a category's name a path.
    const named = matched.find(({ path }) => path[0]?.kind === 'key');
    if (named === undefined) return { by: 'category', name: select };
    report.error(
      'select-ambiguous',
      position,
      `\`${select}\` is a category, and a path declared by \`${named.text}\``,
      'Rename the category, or select its sub-categories or the path with a wildcard.',
    );
    return null;
  }
  if (!parsed.ok) {
    report.error(
      'path-invalid',
      position,
      `\`${select}\` is neither a category nor a path: ${parsed.message} (character ${parsed.at})`,
      `Correct it.${didYouMean(select, known(selectable))}`,
    );
    return null;
  }
  if (matched.length === 0 && !openEnded) {
    const beneath = declared.some(({ path }) => isPrefix(parsed.path, path));
    report.error(
      'select-unknown',
      position,
      `\`${select}\` is neither a category of the taxonomy nor a path declared under \`fields\``,
      beneath
        ? `It holds declared paths: select them, or \`${select}.**\` for all of them.`
        : `Declare it, or select something declared.${didYouMean(select, known(selectable))}`,
    );
    return null;
  }
  if (matched.length === 0) {
    const meant = didYouMean(select, taxonomy.categories.keys());
    if (meant !== '') {
      report.warn(
        'select-unknown',
        position,
        `\`${select}\` is no category and is not declared under \`fields\`; it is taken for a path that a schema's tags declare`,
        `Ignore this if it is.${meant}`,
      );
    }
  }
  return { by: 'path', path: parsed.path, text: formatPath(parsed.path) };
}

function known({ taxonomy, declared }: Selectable): string[] {
  return [...taxonomy.categories.keys(), ...declared.map(({ text }) => text)];
}

function isPrefix(prefix: Path, path: Path): boolean {
  return prefix.length < path.length && covers(prefix, path.slice(0, prefix.length));
}

/**
 * Makes the function that finds the rule of a leaf or header: the exact path, then paths with wildcards from the most
 * specific, then the longest category; null where nothing selects it (DESIGN section 4).
 */
export function ruleFinder(rules: readonly Rule[]): {
  readonly ofLeaf: (path: Path, text: string, category: Category) => Rule | null;
  readonly ofCategory: (category: Category) => Rule | null;
} {
  const byText = new Map<string, Rule>();
  const byCategory = new Map<string, Rule>();
  const wildcards: { readonly path: Path; readonly rule: Rule }[] = [];
  for (const rule of rules) {
    if (rule.select.by === 'category') {
      byCategory.set(rule.select.name, rule);
    } else {
      byText.set(rule.select.text, rule);
      if (hasWildcard(rule.select.path)) wildcards.push({ path: rule.select.path, rule });
    }
  }
  wildcards.sort((a, b) => compareSpecificity(b.path, a.path) || b.path.length - a.path.length);
  const ofCategory = (category: Category): Rule | null => longestMatch(byCategory, category.name) ?? null;
  return {
    ofCategory,
    ofLeaf: (path, text, category) =>
      byText.get(text) ?? wildcards.find((wildcard) => covers(wildcard.path, path))?.rule ?? ofCategory(category),
  };
}
