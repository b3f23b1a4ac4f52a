/** `lethe test`: which tests are run, and what they come to. */
import type { RecordCodec } from '../core/apply/codec.ts';
import type { Engine } from '../core/engine.ts';
import type { Difference } from '../core/policy-test/compare.ts';
import { countAll, makeCoverage, percentOf, type RouteCoverage } from '../core/policy-test/coverage.ts';
import type { AuthoredRule, PolicyTestSuite } from '../core/policy-test/policy-test.ts';
import { runPolicyTest, type WatchedPseudonyms } from '../core/policy-test/run.ts';
import type { RoutePlan, SourcePosition } from '../core/policy/plan.ts';

export type TestedRoute = {
  readonly plan: RoutePlan;
  /** Of JSON values for `plan`. */
  readonly codec: RecordCodec;
  /** By output index, as authored. */
  readonly rules: readonly (readonly AuthoredRule[])[];
};

export type PolicyTestsOptions = {
  readonly suites: readonly PolicyTestSuite[];
  /** Every route of the bundle: those without a test count as uncovered. */
  readonly routes: readonly TestedRoute[];
  readonly engine: Engine;
  readonly pseudonyms: WatchedPseudonyms;
  /** An output that a test does not name must publish nothing. */
  readonly strict: boolean;
  /** Only tests whose route or name holds this text, upper or lower case. */
  readonly filter?: string;
};

export type TestResult = {
  readonly route: string;
  readonly name: string;
  readonly position: SourcePosition;
  /** None: it passed. */
  readonly differences: readonly Difference[];
};

export type TestRun = {
  readonly results: readonly TestResult[];
  readonly coverage: readonly RouteCoverage[];
  /**
   * What the run comes to: null where all is well.
   *
   * @param coverageMin percent, or null.
   */
  readonly verdict: (coverageMin: number | null) => { readonly complaint: string | null };
};

export async function runPolicyTests(options: PolicyTestsOptions): Promise<TestRun> {
  const { suites, routes, engine, pseudonyms, strict } = options;
  const filter = options.filter?.toLowerCase() ?? '';
  const benches = new Map(
    routes.map(({ plan, codec, rules }) => [
      plan.name,
      { plan, codec, engine, pseudonyms, strict, coverage: makeCoverage(plan, rules) },
    ]),
  );
  const results: TestResult[] = [];
  for (const { route, tests } of suites) {
    const bench = benches.get(route);
    if (bench === undefined) continue;
    for (const test of tests) {
      if (![route, test.name].some((text) => text.toLowerCase().includes(filter))) continue;
      const differences = await runPolicyTest(test, bench);
      results.push({ route, name: test.name, position: test.position, differences });
    }
  }
  const coverage = [...benches.values()].map((bench) => bench.coverage.report());
  const failed = results.filter(({ differences }) => differences.length > 0).length;

  return {
    results,
    coverage,
    verdict: (coverageMin) => {
      const covered = percentOf(countAll(coverage));
      if (results.length === 0) return { complaint: nothingTested(suites) };
      if (failed > 0) return { complaint: `${failed} of ${results.length} policy tests failed` };
      if (coverageMin === null || covered >= coverageMin) return { complaint: null };
      return {
        complaint: `the policy tests cover ${covered} %, less than ${coverageMin} %: --coverage shows what is missing`,
      };
    },
  };
}

/** To have tested nothing is no success: a folder moved, or a name misspelt, would look like one. */
function nothingTested(suites: readonly PolicyTestSuite[]): string {
  const known = suites.reduce((sum, { tests }) => sum + tests.length, 0);
  return known === 0
    ? 'there are no policy tests: write some beside a policy, as policies/NAME.test.yaml (see "lethe test --help")'
    : `none of the ${known} policy tests has that in its route or name`;
}
