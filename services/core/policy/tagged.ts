import { scalarAbove } from './conflicts.ts';
import type { Declared } from './declarations.ts';
import { formatPath, parsePath } from './path.ts';
import { compareText } from './report.ts';
import type { Taxonomy } from './taxonomy.ts';

/**
 * What the tags of a schema declare beside what is authored: their paths but for those that are declared under `fields`
 * themselves, and those that take for a scalar what is a container elsewhere, or the reverse. Of tagged paths that
 * contradict each other none is released, not by a wildcard either; likewise where the category is not listed.
 *
 * @param fixed texts of the paths under `fields` and of those that are read.
 */
export function declareTagged(
  tagged: ReadonlyMap<string, string>,
  fields: readonly Declared[],
  fixed: ReadonlySet<string>,
  taxonomy: Taxonomy,
): readonly Declared[] {
  const declaredTexts = new Set(fields.map(({ text }) => text));
  const fixedAbove = new Set<string>();
  for (const text of fixed) for (const prefix of prefixesOf(text)) fixedAbove.add(prefix);

  const candidates: Declared[] = [];
  for (const [text, name] of [...tagged].toSorted(([a], [b]) => compareText(a, b))) {
    const parsed = parsePath(text);
    // A schema that is no record has paths that none can declare.
    if (!parsed.ok) continue;
    const category = taxonomy.categories.get(name) ?? null;
    if (declaredTexts.has(text) || fixedAbove.has(text)) continue;
    if (scalarAbove(parsed.path, (prefix) => fixed.has(prefix)) !== null) continue;
    candidates.push({ path: parsed.path, text, category });
  }
  const texts = new Set(candidates.map(({ text }) => text));
  const contradicted = new Set<string>();
  const consistent = candidates.filter(({ path }) => {
    const above = scalarAbove(path, (prefix) => texts.has(prefix));
    if (above !== null) contradicted.add(above);
    return above === null;
  });
  return consistent.map((one) => (contradicted.has(one.text) ? { ...one, category: null } : one));
}

function prefixesOf(text: string): string[] {
  const parsed = parsePath(text);
  return parsed.ok ? parsed.path.slice(1).map((_, at) => formatPath(parsed.path.slice(0, at + 1))) : [];
}
