/**
 * What is allowed but probably not meant. Warnings only: they never stop a bundle. Each finding is one function in one of
 * the two lists; `compile` runs them all.
 */
import type { Assembled, OutputBlueprint } from './assemble.ts';
import type { Declared } from './declarations.ts';
import type { Located, PolicyDocument, PurposesDocument, RegimesDocument } from './document.ts';
import { identifyingSets } from './lint-reidentification.ts';
import { keptPersonal, sensitiveWithoutConsent } from './lint-release.ts';
import { retentionWithinParents } from './lint-retention.ts';
import type { Basis } from './plan.ts';
import type { Purpose } from './purposes.ts';
import type { Regimes } from './regimes.ts';
import type { Report } from './report.ts';
import { ancestorsOf } from './taxonomy.ts';

export type BundleFacts = {
  readonly regimesDoc: Located<RegimesDocument>;
  readonly purposesDoc: Located<PurposesDocument>;
  readonly purposes: ReadonlyMap<string, Purpose>;
  readonly regimes: Regimes;
};

export type RouteFacts = {
  readonly doc: Located<PolicyDocument>;
  readonly declared: readonly Declared[];
  /** With the fields that the tags of the schema at hand declare. */
  readonly assembled: Assembled;
  /** Schemas that are not at hand may declare more by their tags. */
  readonly openEnded: boolean;
  readonly outputs: readonly OutputBlueprint[];
};

const BUNDLE_LINT: readonly ((facts: BundleFacts, report: Report) => void)[] = [
  defaultRegimeIsStrictest,
  retentionWithinParents,
];
const ROUTE_LINT: readonly ((facts: RouteFacts, report: Report) => void)[] = [
  deepWildcardsArePersonal,
  rulesMatch,
  keptPersonal,
  sensitiveWithoutConsent,
  identifyingSets,
];

export function lintBundle(facts: BundleFacts, report: Report): void {
  for (const lint of BUNDLE_LINT) lint(facts, report);
}

export function lintRoute(facts: RouteFacts, report: Report): void {
  for (const lint of ROUTE_LINT) lint(facts, report);
}

/** How much a basis asks for before anything is released. */
const STRICTNESS: Readonly<Record<Basis, number>> = {
  consent: 3,
  opt_out: 2,
  legitimate_interest: 1,
  contract: 0,
  legal_obligation: 0,
};

function defaultRegimeIsStrictest({ regimesDoc, purposes, regimes }: BundleFacts, report: Report): void {
  for (const [name, { basisByRegime, plan }] of purposes) {
    const stricter = [...basisByRegime].find(([, basis]) => STRICTNESS[basis] > STRICTNESS[plan.defaultBasis]);
    if (stricter === undefined) continue;
    report.warn(
      'default-regime-not-strictest',
      regimesDoc.at(['default']),
      `for the purpose \`${name}\` the regime \`${stricter[0]}\` (${stricter[1]}) is stricter than the default \`${regimes.fallback}\` (${plan.defaultBasis}), which applies where the region is unknown`,
      'Make the strictest regime the default, or tighten its basis for that purpose.',
    );
  }
}

function deepWildcardsArePersonal({ doc, declared }: RouteFacts, report: Report): void {
  for (const { path, text, category } of declared) {
    if (path.at(-1)?.kind !== 'deep' || category?.personal !== true) continue;
    report.warn(
      'deep-wildcard-personal',
      doc.at(['fields', text]),
      `\`${text}\` declares everything beneath as \`${category.name}\`, fields of the future included`,
      'Declare the fields one by one.',
    );
  }
}

function rulesMatch({ doc, assembled, openEnded, outputs }: RouteFacts, report: Report): void {
  const { plan, chosen } = assembled;
  const reachable = new Set(plan.nodes.map(({ leaf }) => leaf));
  // What the tags of a schema declare is not known here; which categories they can bring is.
  const mayCome = new Set(Object.values(doc.value.tags ?? {}).flatMap((name) => [name, ...ancestorsOf(name)]));
  for (const [output, { leaves, headers }] of chosen.entries()) {
    const used = new Set([...leaves.filter((_, leaf) => reachable.has(leaf)), ...headers].map((rule) => rule?.index));
    for (const { index, select, ref } of outputs[output]?.rules ?? []) {
      if (used.has(index)) continue;
      if (openEnded && (select.by === 'path' || mayCome.has(select.name))) continue;
      report.warn(
        'rule-never-matches',
        ref.position,
        `the rule for \`${ref.select}\` decides about no field: none is declared for it, or a closer rule decides`,
        'Remove it, or declare what it is for.',
      );
    }
  }
}
