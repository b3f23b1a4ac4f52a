import { compile } from '../../../../services/core/policy/compile.ts';
import type { PolicyDocument, RuleDocument } from '../../../../services/core/policy/document.ts';
import type { CompiledRoute } from '../../../../services/core/policy/plan.ts';
import type { Problem } from '../../../../services/core/policy/problem.ts';
import { documents, type Parts, POLICY } from './documents.ts';

/** The first route of a configuration that must compile. */
export function compiledRoute(parts: Parts): CompiledRoute {
  const result = compile(documents(parts));
  if (!result.ok) throw new Error(result.problems.map(({ code, message }) => `${code}: ${message}`).join('\n'));
  const [route] = result.bundle.routes;
  if (route === undefined) throw new Error('no route');
  return route;
}

/** Errors and warnings of a configuration. */
export function problemsOf(parts: Parts): readonly Problem[] {
  const result = compile(documents(parts));
  return result.ok ? result.warnings : result.problems;
}

/** A policy with these fields, read at a path beside them, and one output per list of rules, each for analytics. */
export function policyWith(
  fields: Readonly<Record<string, string>>,
  rules: readonly (readonly RuleDocument[])[] = [[]],
  rest: Partial<PolicyDocument> = {},
): PolicyDocument {
  return {
    ...POLICY,
    subject: '_subject',
    fields,
    outputs: rules.map((list, index) => ({ topic: `clean.${index}`, purpose: 'analytics', rules: list })),
    ...rest,
  };
}

/** As `problemsOf`, without the warnings about what rules let out: for tests whose rules let out everything. */
export function otherProblemsOf(parts: Parts): readonly Problem[] {
  return problemsOf(parts).filter(({ code }) => code !== 'personal-kept' && code !== 'sensitive-basis');
}
