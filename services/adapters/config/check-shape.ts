import type { z } from 'zod';
import type { Located } from '../../core/policy/document.ts';
import { nearest } from '../../core/policy/nearest.ts';
import type { Problem } from '../../core/policy/problem.ts';
import { unguardKey, type YamlDocument } from './yaml-document.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

export type ShapeResult<T> =
  | { readonly ok: true; readonly document: Located<T> }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Checks a parsed file against its shape and reports every deviation, each at the line and column of the key it is about
 * (what is missing: of its parent).
 *
 * @param secret the file may hold secrets: no message repeats a value.
 */
export function checkShape<T>(shape: z.ZodType<T>, document: YamlDocument, secret = false): ShapeResult<T> {
  const result = shape.safeParse(document.guarded, { error: allowedKeys });
  // The document's own value is passed on, not zod's copy: it has no prototypes, and its keys are not guarded.
  if (result.success)
    return { ok: true, document: { file: document.file, value: document.value as T, at: document.at } };
  const problems = result.error.issues.flatMap((issue) => explain(issue, [], document, secret));
  return { ok: false, problems: problems.filter((problem) => !followsFromType(problem, problems)) };
}

/** Hands the keys that a mapping may have over to `explain`, in place of zod's message. */
function allowedKeys(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'unrecognized_keys') return undefined;
  const def = issue.inst?._zod.def as { shape?: Record<string, unknown> } | undefined;
  return Object.keys(def?.shape ?? {}).join(' ');
}

function explain(issue: Issue, above: Path, document: YamlDocument, secret: boolean): Problem[] {
  const path = [
    ...above,
    ...issue.path.map((step) => (typeof step === 'string' ? unguardKey(step) : (step as number))),
  ];
  const found = valueAt(document.value, path);
  const problem = (code: string, message: string, fix: string, at: Path = path): Problem[] => [
    { code, severity: 'error', position: document.at(at), message, fix },
  ];
  const key = path.at(-1);
  const what = typeof key === 'string' ? `\`${key}\`` : typeof key === 'number' ? `entry ${key + 1}` : 'the file';
  const shown = secret ? 'its value' : show(found);
  const missing = (choices: string): Problem[] =>
    problem('missing-key', `${what} is missing${inside(path.slice(0, -1))}`, `Add it${choices}.`);

  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.flatMap((guarded) => {
        const unknown = unguardKey(guarded);
        const allowed = issue.message.split(' ');
        const meant = nearest(
          unknown,
          allowed.filter((k) => valueAt(found, [k]) === undefined),
        );
        const fix = meant === null ? `Allowed: ${allowed.join(', ')}.` : `Did you mean \`${meant}\`?`;
        return problem('unknown-key', `unknown key \`${unknown}\`${inside(path)}`, fix, [...path, unknown]);
      });
    case 'invalid_type':
      if (found === undefined) return missing('');
      return wrongType(issue.expected);
    case 'invalid_value':
      if (found === undefined) return missing(`: ${issue.values.join(', ')}`);
      return unknownValue(issue.values.map(String));
    case 'invalid_union':
      if ('discriminator' in issue && issue.discriminator !== undefined) {
        const options = ((issue as { options?: unknown[] }).options ?? []).map(String);
        return found === undefined ? missing(`: ${options.join(', ')}`) : unknownValue(options);
      }
      return union(issue.errors);
    case 'invalid_key':
      return problem(
        'invalid-value',
        `the name ${show(key)} cannot be used`,
        `Use ${issue.issues[0]?.message ?? 'text'}.`,
      );
    case 'invalid_format':
      return problem('invalid-value', `${what} cannot be ${shown}`, `Use ${issue.message}.`);
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array')
        return problem('invalid-value', `${what} is empty`, 'Fill it.');
      return problem(
        'invalid-value',
        `${what} is too small`,
        `Use ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}.`,
      );
    case 'too_big':
      return problem('invalid-value', `${what} is too large`, `Use at most ${issue.maximum}.`);
    default:
      return problem('invalid-value', `${what} cannot be ${shown}`, `Correct it: ${issue.message}.`);
  }

  function wrongType(expected: string): Problem[] {
    const fix =
      expected === 'string' && (typeof found === 'number' || typeof found === 'boolean')
        ? 'Write it in quotes.'
        : (expected === 'object' || expected === 'record') && found === null
          ? 'Write `{}` if it has none.'
          : `Write ${TYPE_NAMES[expected] ?? expected}.`;
    return problem('wrong-type', `${what} must be ${TYPE_NAMES[expected] ?? expected}, not ${kindOf(found)}`, fix);
  }

  function unknownValue(allowed: string[]): Problem[] {
    const meant = typeof found === 'string' ? nearest(found, allowed) : null;
    const fix = `${meant === null ? '' : `Did you mean \`${meant}\`? `}Allowed: ${allowed.join(', ')}.`;
    return problem('unknown-value', `${what} cannot be ${shown}`, fix);
  }

  function union(branches: readonly (readonly Issue[])[]): Problem[] {
    if (found === undefined) return missing('');
    // A branch that takes this type at all is the one that was meant.
    const fitting = branches.filter((issues) => !issues.some((i) => i.code === 'invalid_type' && i.path.length === 0));
    // One of many words, or a list of them: a list is not meant to be a word.
    const closest = fitting.filter((issues) => !Array.isArray(found) || issues.some((i) => i.path.length > 0));
    const meant = fitting.length === 1 ? fitting[0] : closest.length === 1 ? closest[0] : undefined;
    if (meant !== undefined) return meant.flatMap((inner) => explain(inner, path, document, secret));
    const types = branches.flatMap((issues) => issues.map((i) => (i.code === 'invalid_type' ? i.expected : 'string')));
    const names = [...new Set(types)].map((type) => TYPE_NAMES[type] ?? type).join(' or ');
    return problem('wrong-type', `${what} must be ${names}, not ${kindOf(found)}`, `Write ${names}.`);
  }
}

/** zod goes on to ask whether an empty list, found where text should be, is long enough. */
function followsFromType({ code, position }: Problem, all: readonly Problem[]): boolean {
  const here = (p: Problem) => p.position.line === position.line && p.position.col === position.col;
  return code === 'invalid-value' && all.some((other) => other.code === 'wrong-type' && here(other));
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'object':
      return 'a mapping';
    case 'number':
      return 'a number';
    default:
      return 'true or false';
  }
}

function show(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return kindOf(value);
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function inside(path: Path): string {
  if (path.length === 0) return '';
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return ` in \`${text.replace(/^\./, '')}\``;
}

function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}
