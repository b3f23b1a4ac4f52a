/**
 * From documents to what is executed. Three passes: the vocabularies (taxonomy, regimes, purposes), then each policy
 * against them, then what is allowed but probably not meant. Every problem is found at once.
 */
import type { ConfigurationDocuments } from './document.ts';
import { deepFreeze } from './freeze.ts';
import { compileGuards } from './guard.ts';
import { lintBundle } from './lint.ts';
import type { CompiledBundle } from './plan.ts';
import type { Problem } from './problem.ts';
import { compilePurposes } from './purposes.ts';
import { compileRegimes } from './regimes.ts';
import { collectProblems, compareText } from './report.ts';
import { compileRoute } from './route.ts';
import { compileTaxonomy } from './taxonomy.ts';
import { checkTopics } from './topics.ts';

export type CompileResult =
  | { readonly ok: true; readonly bundle: CompiledBundle; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export type CompileOptions = {
  /**
   * `error` (default): a bundle whose policies break a guard cannot be used. `dropped`: they are no problem, for commands
   * that tell about guards themselves; in the plans what breaks a guard is dropped all the same.
   */
  readonly brokenGuards?: 'error' | 'dropped';
};

/**
 * Compiles a configuration (DESIGN sections 4 and 12). Deterministic; never throws for what is authored. The bundle is
 * frozen, and there is one only where no problem is an error; problems come by file, line and column.
 */
export function compile(docs: ConfigurationDocuments, options: CompileOptions = {}): CompileResult {
  const report = collectProblems();
  const taxonomy = compileTaxonomy(docs.taxonomy, report);
  const regimes = compileRegimes(docs.regimes, report);
  const purposes = compilePurposes(docs.purposes, regimes, taxonomy, report);
  lintBundle({ regimesDoc: docs.regimes, purposesDoc: docs.purposes, purposes, regimes }, report);
  checkTopics(docs.policies, report);
  const guards = compileGuards(docs.guards, taxonomy, purposes.keys(), report);
  const reportsBreaches = options.brokenGuards !== 'dropped';
  const around = { taxonomy, purposes, schemas: docs.schemas, guards, reportsBreaches };
  const routes = docs.policies.map((policy) => compileRoute(policy, around, report)).filter((route) => route !== null);

  const problems = report.problems();
  if (problems.some(({ severity }) => severity === 'error')) return deepFreeze({ ok: false, problems });
  const bundle: CompiledBundle = {
    routes,
    purposes: [...purposes.keys()].toSorted(compareText),
    categories: [...taxonomy.categories.values()],
    regimes,
    guards,
  };
  return deepFreeze({ ok: true, bundle, warnings: problems });
}
