import { LetheError } from '../errors.ts';
import { type Assembled, assemble, type OutputBlueprint, type RouteBlueprint } from './assemble.ts';
import { type Authored, reportConflicts } from './conflicts.ts';
import { type Declared, MAX_LEAVES } from './declarations.ts';
import { taggedFields } from './avro-fields.ts';
import type { Located, PolicyDocument } from './document.ts';
import { compileFields, type Fields } from './fields.ts';
import { deepFreeze } from './freeze.ts';
import { reportBreaches } from './guard-report.ts';
import { lintRoute } from './lint.ts';
import { checkKeys, compileOutputs } from './outputs.ts';
import { covers, hasWildcard, type Path } from './path.ts';
import type { CompiledRoute, Guard, RoutePlan } from './plan.ts';
import type { Purpose } from './purposes.ts';
import type { Report } from './report.ts';
import { declareTagged } from './tagged.ts';
import type { Taxonomy } from './taxonomy.ts';

type Document = Located<PolicyDocument>;

/** What a route is compiled against. */
export type Surroundings = {
  readonly taxonomy: Taxonomy;
  readonly purposes: ReadonlyMap<string, Purpose>;
  readonly schemas: Readonly<Record<string, string>>;
  readonly guards: readonly Guard[];
  /** Whether a broken guard is a problem; it is enforced in any case. */
  readonly reportsBreaches: boolean;
};

/** Compiles one policy. Where it reports an error, the result (if any) is not to be used. */
export function compileRoute(doc: Document, around: Surroundings, report: Report): CompiledRoute | null {
  const { taxonomy, purposes, schemas, guards } = around;
  const { from, route: name } = doc.value;
  const fields = compileFields(doc, taxonomy, report);
  const { declared, subject, time, region, headers, tags } = fields;
  const outputs = compileOutputs(doc, taxonomy, purposes, declared, report);
  const schemaText = schemaOf(doc, schemas, report);
  const consistent = reportConflicts([...fields.authored, ...refinements(declared, outputs)], report);
  if (subject === null) return null;

  const read = { subject, time, region };
  const blueprint: RouteBlueprint = { name, topic: from.topic, format: from.format, read, headers, outputs, guards };
  const assembled = assemble(blueprint, declared);
  if (assembled === null) {
    report.error(
      'paths-too-many',
      doc.at(['fields']),
      `the paths of \`${name}\` are over ${MAX_LEAVES}, or their wildcards combine to too many cases`,
      'Use fewer wildcards in the middle of paths, or `**` at their end.',
    );
    return null;
  }
  if (consistent) checkReads(doc, fields, assembled.plan, report);
  checkKeys(doc, outputs, assembled.plan, tags !== null, report);
  const fixed = new Set([...declared, subject, time, region].flatMap((one) => (one === null ? [] : [one.text])));
  const assembleWith = (tagged: ReadonlyMap<string, string>): Assembled | null =>
    assemble(blueprint, [...declared, ...declareTagged(tagged, declared, fixed, taxonomy)]);
  const planWith = (tagged: ReadonlyMap<string, string>): RoutePlan => {
    // Too many to run: a plan without any declaration releases nothing.
    const found = assembleWith(tagged) ?? assemble(blueprint, []);
    if (found === null) throw new LetheError('bug', `no plan for the route ${name}`);
    return deepFreeze(found.plan);
  };
  // A schema at hand says what its tags will declare, so that rules can be held against that.
  const tagged = tags === null || schemaText === null ? null : taggedFields(parseJson(schemaText), tags);
  const foreseen = tagged === null ? null : assembleWith(tagged);
  const openEnded = tags !== null && foreseen === null;
  if (around.reportsBreaches) reportBreaches(doc, foreseen ?? assembled, report);
  lintRoute({ doc, declared, assembled: foreseen ?? assembled, openEnded, outputs }, report);
  return { name, topic: from.topic, format: from.format, plan: assembled.plan, tags, planWith, schemaText };
}

/** The paths of rules that tell some values of a declared wildcard apart, and so name scalars like a declaration. */
function refinements(declared: readonly Declared[], outputs: readonly OutputBlueprint[]): readonly Authored[] {
  const wildcards = declared.filter(({ path }) => hasWildcard(path));
  return outputs.flatMap(({ rules }) =>
    rules.flatMap(({ select, ref }) =>
      select.by === 'path' && wildcards.some(({ path }) => covers(path, select.path))
        ? [{ path: select.path, text: select.text, position: ref.position }]
        : [],
    ),
  );
}

/** Every value that is read must be reachable: not beneath what a wildcard declares as scalar. */
function checkReads(doc: Document, { subject, time, region }: Fields, plan: RoutePlan, report: Report): void {
  const reads = { subject, time, region };
  for (const what of ['subject', 'time', 'region'] as const) {
    const read = reads[what];
    if (read === null || leafAt(plan, read.path) === plan.read[what]) continue;
    report.error(
      'read-unreachable',
      doc.at([what]),
      `the ${what} \`${read.text}\` lies beneath what a wildcard under \`fields\` declares as a scalar`,
      `Declare \`${read.text}\` under \`fields\`, or narrow the wildcard.`,
    );
  }
}

/** The leaf at the end of a path of keys, or −1. */
function leafAt(plan: RoutePlan, path: Path): number {
  let node = plan.nodes[0];
  for (const segment of path) {
    const next = segment.kind === 'key' ? (node?.fields?.get(segment.name) ?? node?.rest) : undefined;
    node = next === undefined ? undefined : plan.nodes[next];
  }
  return node?.leaf ?? -1;
}

/** The text of the schema file that the policy names; null where it names none. */
function schemaOf(doc: Document, schemas: Readonly<Record<string, string>>, report: Report): string | null {
  const { schema, format } = doc.value.from;
  if (schema === undefined) return null;
  const position = doc.at(['from', 'schema']);
  if (format !== 'avro') {
    report.error(
      'schema-without-avro',
      position,
      `\`schema\` names an Avro schema; the format is \`${format}\``,
      'Leave it out, or say `format: avro`.',
    );
    return null;
  }
  const path = resolveBeside(doc.file, schema);
  const text = Object.hasOwn(schemas, path) ? schemas[path] : undefined;
  if (text !== undefined) return text;
  report.error('missing-file', position, `the schema file \`${path}\` is missing`, 'Add it, or correct the path.');
  return null;
}

/** Whatever a schema file holds; null where it is no JSON, which is for the loader to report. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A relative path named in a file, against the folder that the file's own path is relative to. */
function resolveBeside(file: string, relative: string): string {
  const parts: string[] = [];
  for (const part of [...file.split('/').slice(0, -1), ...relative.split('/')]) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}
