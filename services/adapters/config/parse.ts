import { posix } from 'node:path';
import type { z } from 'zod';
import type { ConfigurationDocuments, Located, PolicyDocument } from '../../core/policy/document.ts';
import type { Problem } from '../../core/policy/problem.ts';
import { checkShape } from './check-shape.ts';
import { guardsShape, policyShape, purposesShape, regimesShape, taxonomyShape } from './shape.ts';
import { readYaml } from './yaml-document.ts';

export type ConfigurationFiles = Readonly<Record<string, string>>;

export type ParseResult =
  | { readonly ok: true; readonly docs: ConfigurationDocuments }
  | { readonly ok: false; readonly problems: readonly Problem[] };

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

  function parse<T>(file: string, shape: z.ZodType<T>): Located<T> | null {
    const text = Object.hasOwn(files, file) ? files[file] : undefined;
    if (text === undefined) {
      if (!unreadable.has(file)) problems.push(missingFile(file));
      return null;
    }
    const yaml = readYaml(file, text);
    const checked = yaml.ok ? checkShape(shape, yaml.document) : yaml;
    if (checked.ok) return checked.document;
    problems.push(...checked.problems);
    return null;
  }

  const taxonomy = parse('taxonomy.yaml', taxonomyShape);
  const purposes = parse('purposes.yaml', purposesShape);
  const regimes = parse('regimes.yaml', regimesShape);
  const guards = Object.hasOwn(files, GUARDS) ? parse(GUARDS, guardsShape) : null;
  const policyFiles = Object.keys(files).filter(isPolicyFile).sort();
  if (policyFiles.length === 0 && ![...unreadable].some(isPolicyFile)) problems.push(missingFile('policies/'));
  const policies = policyFiles.map((file) => parse(file, policyShape)).filter((policy) => policy !== null);

  const schemas: Record<string, string> = Object.create(null);
  for (const policy of policies) {
    const found = schemaOf(policy, files, unreadable);
    if (found === null) continue;
    if ('problem' in found) problems.push(found.problem);
    else schemas[found.path] = found.text;
  }

  const whole = policies.length === policyFiles.length && unreadable.size === 0;
  if (problems.length > 0 || !whole || taxonomy === null || purposes === null || regimes === null) {
    return { ok: false, problems };
  }
  const docs = { taxonomy, purposes, regimes, policies, schemas };
  return { ok: true, docs: guards === null ? docs : { ...docs, guards } };
}

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
