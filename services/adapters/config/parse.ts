import { posix } from 'node:path';
import type { z } from 'zod';
import type { ConfigurationDocuments, Located, PolicyDocument } from '../../core/policy/document.ts';
import type { Problem } from '../../core/policy/problem.ts';
import { checkShape } from './check-shape.ts';
import { type Spare, salvage } from './salvage.ts';
import { guardsShape, policyShape, purposesShape, regimesShape, taxonomyShape } from './shape.ts';
import { readYaml } from './yaml-document.ts';

export type ConfigurationFiles = Readonly<Record<string, string>>;

export type ParseResult =
  | { readonly ok: true; readonly docs: ConfigurationDocuments }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** What has the right shape, to find more mistakes in; never to be run. Null where too little has. */
      readonly rest: ConfigurationDocuments | null;
    };

const GUARDS = 'guards.yaml';

/** Policies are the YAML files right beneath `policies/`, but for their tests. */
export function isPolicyFile(file: string): boolean {
  return /^policies\/[^/]+\.ya?ml$/.test(file) && !/\.test\.ya?ml$/.test(file);
}

/**
 * The path of a policy's `from.schema`, resolved against the configuration folder (it may lie outside of it, and then
 * begins with `../`). Null where it cannot be resolved alike everywhere: absolute, or with backslashes.
 */
export function schemaPath(policyFile: string, schema: string): string | null {
  if (/^([/\\]|[A-Za-z]:)/.test(schema) || schema.includes('\\')) return null;
  return posix.join(posix.dirname(policyFile), schema);
}

/**
 * Parses and checks the shape of every file of a configuration, and reports all that is wrong with any of them: syntax,
 * unknown and missing keys, wrong types, files that others need.
 *
 * @param files path relative to the configuration folder → text, as in a bundle.
 * @param unreadable files that are there but could not be read, which the caller reports: they are not missing.
 */
export function parseConfiguration(
  files: ConfigurationFiles,
  unreadable: ReadonlySet<string> = new Set(),
): ParseResult {
  const problems: Problem[] = [];

  function parse<T>(file: string, shape: z.ZodType<T>, spare: Spare): Located<T> | null {
    const text = Object.hasOwn(files, file) ? files[file] : undefined;
    if (text === undefined) {
      if (!unreadable.has(file)) problems.push(missingFile(file));
      return null;
    }
    const yaml = readYaml(file, text);
    const checked = yaml.ok ? checkShape(shape, yaml.document) : yaml;
    if (checked.ok) return checked.document;
    problems.push(...checked.problems);
    return yaml.ok ? salvage(shape, yaml.document, spare) : null;
  }

  const taxonomy = parse('taxonomy.yaml', taxonomyShape, beneathEntries);
  const purposes = parse('purposes.yaml', purposesShape, beneathEntries);
  const regimes = parse('regimes.yaml', regimesShape, beneathEntries);
  const guards = Object.hasOwn(files, GUARDS) ? parse(GUARDS, guardsShape, wholeGuards) : null;
  const policyFiles = Object.keys(files).filter(isPolicyFile).sort();
  if (policyFiles.length === 0 && ![...unreadable].some(isPolicyFile)) problems.push(missingFile('policies/'));
  const policies = policyFiles.map((file) => parse(file, policyShape, ofOutputs)).filter((policy) => policy !== null);

  const schemas: Record<string, string> = Object.create(null);
  const complete = policies.filter((policy) => {
    const found = schemaOf(policy, files, unreadable);
    if (found === null) return policy.value.from.schema === undefined;
    if ('problem' in found) problems.push(found.problem);
    else schemas[found.path] = found.text;
    return !('problem' in found);
  });

  if (taxonomy === null || purposes === null || regimes === null) return { ok: false, problems, rest: null };
  const some = { taxonomy, purposes, regimes, policies: complete, schemas };
  const docs = guards === null ? some : { ...some, guards };
  return problems.length > 0 || unreadable.size > 0 ? { ok: false, problems, rest: docs } : { ok: true, docs };
}

/** Flags, limits and bases; not the categories, purposes and regimes themselves: others name them. */
const beneathEntries: Spare = (path) => (path.length >= 3 ? path : null);

/** A guard is wanted whole. */
const wholeGuards: Spare = (path) => (path.length >= 2 ? path.slice(0, 2) : null);

/** Options of outputs, whole rules and outputs; what is declared is named by rules. */
const ofOutputs: Spare = (path) => {
  if (path[0] !== 'outputs' || path.length < 2) return null;
  return path[2] === 'rules' ? path.slice(0, 4) : path;
};

/** The schema file a policy names; null where it names none. That it is JSON is all that is checked here. */
function schemaOf(
  policy: Located<PolicyDocument>,
  files: ConfigurationFiles,
  unreadable: ReadonlySet<string>,
): { path: string; text: string } | { problem: Problem } | null {
  const { schema } = policy.value.from;
  if (schema === undefined) return null;
  const bad = (code: string, message: string, fix: string): { problem: Problem } => ({
    problem: { code, severity: 'error', position: policy.at(['from', 'schema']), message, fix },
  });
  const path = schemaPath(policy.file, schema);
  if (path === null) {
    return bad('invalid-value', '`schema` is no relative path', 'Give it relative to the policy, with `/`.');
  }
  const text = Object.hasOwn(files, path) ? files[path] : undefined;
  if (text === undefined) {
    if (unreadable.has(path)) return null;
    return bad('missing-file', `the schema file \`${path}\` is missing`, 'Add it, or correct the path.');
  }
  try {
    JSON.parse(text);
  } catch (error) {
    const [, line = '1', col = '1'] = /line (\d+) column (\d+)/.exec(String(error)) ?? [];
    const position = { file: path, line: Number(line), col: Number(col) };
    const message = 'the schema file is no JSON';
    return { problem: { code: 'schema-syntax', severity: 'error', position, message, fix: 'Correct it here.' } };
  }
  return { path, text };
}

function missingFile(file: string): Problem {
  const folder = file.endsWith('/');
  return {
    code: 'missing-file',
    severity: 'error',
    position: { file, line: 1, col: 1 },
    message: folder ? 'there is no policy' : 'the file is missing',
    fix: folder ? 'Add one per route as policies/NAME.yaml.' : 'Add it to the configuration folder.',
  };
}
