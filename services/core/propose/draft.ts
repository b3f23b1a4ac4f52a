/** All that a first policy is written from. */
import type { Basis } from '../policy/plan.ts';
import type { Findings } from './found.ts';
import type { Proposal } from './proposal.ts';
import type { Roles } from './roles.ts';

export type DraftField = {
  readonly proposal: Proposal;
  /** What the taxonomy at hand has for it; null: nothing, so that the field cannot be declared. */
  readonly category: string | null;
};

export type DraftPurpose = {
  readonly name: string;
  /** Named third party, whom consents must name. */
  readonly recipient: string | null;
  /** Where the region is not known. */
  readonly defaultBasis: Basis;
  /** It was made up here, and stands for whatever the data is for. */
  readonly placeholder: boolean;
};

export type Draft = {
  /** Name of the route, and of its files. */
  readonly name: string;
  readonly topic: string;
  readonly format: 'json' | 'avro';
  /** What was looked at, without any value: `1,000 records`, `3 versions of the subject raw.x-value`. */
  readonly source: string;
  readonly findings: Findings;
  readonly fields: readonly DraftField[];
  readonly roles: Roles;
  /** Tags met in schemas, with the category each seems to stand for. */
  readonly tags: ReadonlyMap<string, string | null>;
  readonly purpose: DraftPurpose;
  readonly outputTopic: string;
};
