import { LetheError } from '../errors.ts';
import { scalarAbove } from './conflicts.ts';
import type { Declared } from './declarations.ts';
import { formatPath, parsePath } from './path.ts';
import { compareText } from './report.ts';
import type { Taxonomy } from './taxonomy.ts';

/**
 * What the tags of a schema declare beside what is authored: their paths but for those that are declared under `fields`
 * themselves, and those that take for a scalar what is a container elsewhere, or the reverse. Of tagged paths that
 * contradict each other none is released, not by a wildcard either.
 *
 * @param fixed texts of the paths under `fields` and of those that are read.
 * @throws LetheError `bug` where a path cannot be parsed or a category is not listed: the caller made them up.
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
    const category = taxonomy.categories.get(name);
    if (!parsed.ok || category === undefined) {
      throw new LetheError('bug', 'tags of a schema were given as a path or category that cannot be');
    }
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
