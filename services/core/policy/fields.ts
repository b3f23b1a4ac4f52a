import type { NamedPath } from './assemble.ts';
import type { Authored } from './conflicts.ts';
import type { Declared } from './declarations.ts';
import type { Located, PolicyDocument } from './document.ts';
import { isPlain, parsePath } from './path.ts';
import type { HeaderPlan } from './plan.ts';
import type { Report } from './report.ts';
import { categoryNamed, type Taxonomy } from './taxonomy.ts';

/** The header that names a record's source (DESIGN section 6). */
const SOURCE_HEADER = 'lethe-source';

type Document = Located<PolicyDocument>;

/** What a policy says about where things are: declared fields and headers, mapped tags, the values that are read. */
export type Fields = {
  readonly declared: readonly Declared[];
  /** Null where it has a problem. */
  readonly subject: NamedPath | null;
  readonly time: NamedPath | null;
  readonly region: NamedPath | null;
  readonly headers: readonly HeaderPlan[];
  readonly tags: ReadonlyMap<string, string> | null;
  /** Every path above, with its position. */
  readonly authored: readonly Authored[];
};

export function compileFields(doc: Document, taxonomy: Taxonomy, report: Report): Fields {
  const authored: Authored[] = [];
  const declared: Declared[] = [];
  for (const [text, name] of Object.entries(doc.value.fields ?? {})) {
    const position = doc.at(['fields', text]);
    const category = categoryNamed(taxonomy, name, position, report);
    const parsed = parsePath(text);
    if (!parsed.ok) {
      report.error('path-invalid', position, `\`${text}\` is no path: ${parsed.message} (character ${parsed.at})`, FIX);
      continue;
    }
    declared.push({ path: parsed.path, text, category });
    authored.push({ path: parsed.path, text, position });
  }
  return {
    declared,
    subject: compileRead(doc, 'subject', authored, report),
    time: compileRead(doc, 'time', authored, report),
    region: compileRead(doc, 'region', authored, report),
    headers: compileHeaders(doc, taxonomy, report),
    tags: compileTags(doc, taxonomy, report),
    authored,
  };
}

const FIX = 'Write dots between keys, `[]` for elements, `*` for the values of a map, `\\.` for a dot within a key.';

function compileRead(
  doc: Document,
  what: 'subject' | 'time' | 'region',
  authored: Authored[],
  report: Report,
): NamedPath | null {
  const text = doc.value[what];
  if (text === undefined) return null;
  const position = doc.at([what]);
  const parsed = parsePath(text);
  if (!parsed.ok) {
    const where = `${parsed.message} (character ${parsed.at})`;
    report.error('path-invalid', position, `the ${what} \`${text}\` is no path: ${where}`, FIX);
    return null;
  }
  if (!isPlain(parsed.path)) {
    report.error(
      'path-not-plain',
      position,
      `the ${what} \`${text}\` may name more than one value of a record`,
      'Use a path without `[]`, `*` and `**`.',
    );
    return null;
  }
  authored.push({ path: parsed.path, text, position });
  return { path: parsed.path, text };
}

function compileHeaders(doc: Document, taxonomy: Taxonomy, report: Report): readonly HeaderPlan[] {
  return Object.entries(doc.value.headers ?? {}).map(([name, category]) => {
    const position = doc.at(['headers', name]);
    if (name.toLowerCase() === SOURCE_HEADER) {
      report.error(
        'header-reserved',
        position,
        `the header \`${name}\` is Lethe's own: it names the raw record of a published one`,
        'Leave it out.',
      );
    }
    return { name, category: categoryNamed(taxonomy, category, position, report) };
  });
}

function compileTags(doc: Document, taxonomy: Taxonomy, report: Report): ReadonlyMap<string, string> | null {
  const { tags, from } = doc.value;
  if (tags === undefined) return null;
  if (from.format !== 'avro') {
    report.error(
      'tags-without-schema',
      doc.at(['tags']),
      `\`tags\` are those of an Avro schema; the format is \`${from.format}\``,
      'Declare the categories under `fields`.',
    );
  }
  for (const [tag, name] of Object.entries(tags)) categoryNamed(taxonomy, name, doc.at(['tags', tag]), report);
  return new Map(Object.entries(tags));
}
