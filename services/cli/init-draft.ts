/** Puts a first configuration together from proposals and from what the folder already has. */
import type { ConfigurationDocuments } from '../core/policy/document.ts';
import { compileRegimes } from '../core/policy/regimes.ts';
import { collectProblems } from '../core/policy/report.ts';
import { compileTaxonomy } from '../core/policy/taxonomy.ts';
import { LetheError } from '../core/errors.ts';
import type { Draft, DraftPurpose } from '../core/propose/draft.ts';
import { type Fitted, fitTaxonomy } from '../core/propose/fit-taxonomy.ts';
import type { Proposals } from '../core/propose/propose.ts';
import { PLACEHOLDER_PURPOSE } from '../core/propose/vocabulary.ts';
import { policyTestText } from '../core/propose/write-test.ts';
import { policyText } from '../core/propose/write-policy.ts';
import { purposesText, regimesText, taxonomyText } from '../core/propose/write-vocabulary.ts';

/** Files beside the policies, and what to write where there is none. */
const VOCABULARY: ReadonlyMap<string, () => string> = new Map([
  ['taxonomy.yaml', taxonomyText],
  ['purposes.yaml', purposesText],
  ['regimes.yaml', regimesText],
]);

/** Stands in for the policy while the rest of the folder is checked. */
const STAND_IN =
  'route: init\nfrom: { topic: init, format: json }\nsubject: id\noutputs: [{ topic: out, purpose: none, rules: [] }]\n';

export type Files = Readonly<Record<string, string>>;

/** Paths of the policy and its tests. */
export function policyFiles(route: string): { readonly policy: string; readonly test: string } {
  return { policy: `policies/${route}.yaml`, test: `policies/${route}.test.yaml` };
}

/** The folder's files with the missing vocabularies, and a stand-in for the policy that is to come. */
export function withVocabulary(existing: Files, route: string): { readonly files: Files; readonly added: Files } {
  const added: Record<string, string> = {};
  for (const [file, text] of VOCABULARY) if (!Object.hasOwn(existing, file)) added[file] = text();
  return { files: { ...existing, ...added, [policyFiles(route).policy]: STAND_IN }, added };
}

export type DraftRequest = Pick<Draft, 'name' | 'topic' | 'format' | 'source'> & {
  readonly proposals: Proposals;
  /** Of `withVocabulary`. */
  readonly docs: ConfigurationDocuments;
  /** The purposes were made up just now. */
  readonly newPurposes: boolean;
};

export type Drafted = { readonly draft: Draft; readonly missing: Fitted['missing']; readonly files: Files };

/** Throws `invalid_config` where the folder lists no purpose. */
export function draftPolicy(request: DraftRequest): Drafted {
  const { name, topic, format, source, docs } = request;
  const { findings, proposals, roles, tags } = request.proposals;
  const { categories } = compileTaxonomy(docs.taxonomy, collectProblems());
  const { fields, missing } = fitTaxonomy(proposals, categories);
  const purpose = choosePurpose(docs, request.newPurposes);
  const draft: Draft = {
    name,
    topic,
    format,
    source,
    findings,
    fields,
    roles,
    tags,
    purpose,
    outputTopic: `clean.${purpose.name}.${name}`.slice(0, 249),
  };
  const { policy, test } = policyFiles(name);
  return { draft, missing, files: { [policy]: policyText(draft), [test]: policyTestText(draft) } };
}

/** The strictest purpose that is listed: consent wherever nothing else is known, and no third party. */
function choosePurpose(docs: ConfigurationDocuments, placeholder: boolean): DraftPurpose {
  const { fallback } = compileRegimes(docs.regimes, collectProblems());
  const purposes = Object.entries(docs.purposes.value.purposes).map(([name, { basis, recipient }]) => ({
    name,
    recipient: recipient ?? null,
    defaultBasis: basis[fallback] ?? basis['default'] ?? 'consent',
    placeholder: placeholder && name === PLACEHOLDER_PURPOSE,
  }));
  const strict = purposes.filter(({ defaultBasis }) => defaultBasis === 'consent');
  const chosen = strict.find(({ recipient }) => recipient === null) ?? strict[0] ?? purposes[0];
  if (chosen !== undefined) return chosen;
  throw new LetheError('invalid_config', 'purposes.yaml lists no purpose, so that no output can be for one', {
    fix: 'List one, such as `analytics: { basis: { default: consent }, retention: { default: P30D } }`.',
  });
}
