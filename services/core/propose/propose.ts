/** From what was observed to proposals: a category for each field, and which fields are subject, time and region. */
import { findFields, type Findings } from './found.ts';
import type { Observer } from './observe.ts';
import { type Proposal, propose, tagCategory } from './proposal.ts';
import { proposeRoles, type Roles } from './roles.ts';
import type { ValueChecks } from './value-checks.ts';

export type Proposals = {
  readonly findings: Findings;
  readonly proposals: readonly Proposal[];
  readonly roles: Roles;
  /** Tags of the schema, with the category each seems to stand for. */
  readonly tags: ReadonlyMap<string, string | null>;
};

/** Settles what was observed: the observer is not to be used afterwards. */
export function proposePolicy(observer: Observer, checks: ValueChecks): Proposals {
  const findings = findFields(observer, checks);
  const guesses = findings.fields.map((found) => propose(found, findings.records));
  const roles = proposeRoles(guesses);
  const proposals = guesses.map((one) => (isPlainTime(one, roles) ? { ...one, category: 'system' } : one));
  const tags = new Map<string, string | null>();
  for (const { place } of findings.fields) {
    for (const tag of place.schema.flatMap((word) => word.tags)) tags.set(tag, tagCategory(tag));
  }
  return { findings, proposals, roles, tags };
}

/** When an event happened says nothing about a person that the event itself does not say. */
function isPlainTime({ found, category, by }: Proposal, { time }: Roles): boolean {
  return found.text === time.path && category === 'user.behavior' && !by.includes('name') && !by.includes('tag');
}
